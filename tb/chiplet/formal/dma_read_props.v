// SPDX-License-Identifier: Apache-2.0
//
// dma_read_props: where dma reads and writes in load and weights, for any such commands one after
//   the other, any stalls, answers, errors and cancels. The beats of a command stand in one order:
//   row by row, group by group, in MX the exponents of a group before its data. Two loops go
//   through it, one of the requests and one of the answers, which must stay as far apart as there
//   are beats under way. Rows have fewer than 256 beats, commands fewer than 64 rows.
`default_nettype none

module dma_read_props (
  input wire         clk,
  input wire         rst,
  input wire         cancel,
  input wire         cmd_valid,
  input wire [255:0] cmd,
  input wire         rd_ready,
  input wire         rsp_valid,
  input wire [31:0]  rsp_data,
  input wire         rsp_err,
  input wire         stash_ready,
  input wire         mw_ready,
  input wire         mw_conflict
);
`include "commands.vh"
  localparam BLOCK = 4;  // two data beats to an MX group
  localparam BEATS = 64;
  localparam SETS = 8;
  localparam MACROS = 2;
  wire        busy, cmd_ready, done_valid, rd_valid, rsp_ready, awvalid;
  wire        req_valid, req_we, mw_valid;
  wire [31:0] done_signature, rd_addr;
  wire [31:0] req_data, mw_data;
  wire [3:0]  done_status, mw_macro;
  wire [7:0]  rd_beats, mw_index;
  wire [15:0] req_addr, req_exps, mw_exps;
  wire [11:0] mw_set;
  dma #(.BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(BEATS), .N_MACROS(MACROS), .STORE_BURST(2)) dut (
    .clk(clk), .rst(rst), .cancel(cancel), .busy(busy), .cmd_valid(cmd_valid),
    .cmd_ready(cmd_ready), .cmd(cmd), .done_valid(done_valid), .done_signature(done_signature),
    .done_status(done_status), .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr),
    .rd_beats(rd_beats), .rsp_valid(rsp_valid), .rsp_ready(rsp_ready), .rsp_data(rsp_data),
    .rsp_err(rsp_err), .m_axi_awvalid(awvalid), .m_axi_awready(1'b0), .m_axi_awaddr(),
    .m_axi_awlen(), .m_axi_wvalid(), .m_axi_wready(1'b0), .m_axi_wdata(), .m_axi_wlast(),
    .m_axi_bvalid(1'b0), .m_axi_bready(), .m_axi_bresp(2'd0), .stash_req_valid(req_valid),
    .stash_req_ready(stash_ready), .stash_req_we(req_we), .stash_req_addr(req_addr),
    .stash_req_data(req_data), .stash_req_exps(req_exps), .stash_rsp_valid(1'b0),
    .stash_rsp_data(32'd0), .stash_rsp_exps(16'd0), .mw_valid(mw_valid), .mw_ready(mw_ready),
    .mw_macro(mw_macro), .mw_set(mw_set), .mw_index(mw_index), .mw_data(mw_data),
    .mw_exps(mw_exps), .mw_conflict(mw_conflict));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the command, and whether it must be refused
  wire accept = cmd_valid && cmd_ready;
  wire [3:0]  opcode = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W];
  always @* if (accept) assume (opcode != CMD_STORE);
  wire        c_weights = opcode == CMD_WEIGHTS;
  wire [11:0] c_rows = cmd[CMD_LOAD_ROWS_LSB +: CMD_LOAD_ROWS_W];
  wire [19:0] c_count = c_weights ? cmd[CMD_WEIGHTS_COUNT_LSB +: CMD_WEIGHTS_COUNT_W]
                                  : {4'd0, cmd[CMD_LOAD_COUNT_LSB +: CMD_LOAD_COUNT_W]};
  wire [7:0]  c_index = cmd[CMD_WEIGHTS_INDEX_LSB +: CMD_WEIGHTS_INDEX_W];
  wire [31:0] last_beat = {16'd0, cmd[CMD_LOAD_STASH_LSB +: CMD_LOAD_STASH_W]}
    + ({20'd0, c_weights ? 12'd1 : c_rows} - 32'd1)
      * {20'd0, cmd[CMD_LOAD_STASH_STRIDE_LSB +: CMD_LOAD_STASH_STRIDE_W]}
    + {12'd0, c_count} - 32'd1;
  wire [31:0] last_set = {20'd0, cmd[CMD_WEIGHTS_SET_LSB +: CMD_WEIGHTS_SET_W]}
    + (({24'd0, c_index} + {12'd0, c_count} - 32'd1) >> 2);
  wire c_illegal = c_count == 0 || (!c_weights && (c_rows == 0 || opcode != CMD_LOAD));
  wire c_beyond = c_weights
    ? last_set >= SETS || cmd[CMD_WEIGHTS_MACRO_LSB +: CMD_WEIGHTS_MACRO_W] >= MACROS
      || c_index >= BLOCK
    : last_beat >= BEATS;
  always @* if (accept) assume (c_count < 256 && (c_weights || c_rows < 64));

  reg         active, dying, ended;     // dying: cancelled; ended: done is told
  reg         refused, illegal, saw_error, saw_conflict, moved;
  reg [255:0] c;
  wire        weights = c[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_WEIGHTS;
  wire        mx = weights || c[CMD_LOAD_MX_LSB];
  wire [31:0] mem = weights ? c[CMD_WEIGHTS_MEM_LSB +: 32] : c[CMD_LOAD_MEM_LSB +: 32];
  wire [12:0] rows = weights ? 13'd1 : {1'b0, c[CMD_LOAD_ROWS_LSB +: 12]};
  wire [19:0] count = weights ? c[CMD_WEIGHTS_COUNT_LSB +: 20]
                              : {4'd0, c[CMD_LOAD_COUNT_LSB +: 16]};
  wire [15:0] stash = c[CMD_LOAD_STASH_LSB +: 16];
  wire [31:0] mem_stride = {12'd0, c[CMD_LOAD_MEM_STRIDE_LSB +: 20]};
  wire [15:0] stash_stride = {4'd0, c[CMD_LOAD_STASH_STRIDE_LSB +: 12]};
  wire [11:0] set = c[CMD_WEIGHTS_SET_LSB +: 12];
  wire [1:0]  index = c[CMD_WEIGHTS_INDEX_LSB +: 2];
  wire        runs = active && !refused && !dying;

  // ---- the two loops: {row, data beat in the row, whether the exponents of its group are next}
  reg [33:0] r_at, w_at;
  reg [31:0] r_row_mem;      // where the row of the next request begins in memory
  reg [15:0] w_row_stash;    // where the row of the next data beat goes
  reg [31:0] number;         // data beats so far
  reg [31:0] exps;           // of the group
  reg [2:0]  under_way;      // beats asked for and not answered; a memory with at most 4 of them
  wire [12:0] r_row = r_at[33:21], w_row = w_at[33:21];
  wire [19:0] r_beat = r_at[20:1], w_beat = w_at[20:1];
  wire        r_exps = r_at[0], w_exps = w_at[0];
  wire [19:0] group = (count - r_beat > 20'd2) ? 20'd2 : count - r_beat;  // its data beats
  wire [31:0] r_mem = r_row_mem + {12'd0, r_beat} + (mx ? {13'd0, r_beat[19:1]} : 32'd0);
  wire        written = w_row == rows;
  wire ask = rd_valid && rd_ready;
  wire answer = rsp_valid && rsp_ready;
  always @* begin
    if (under_way == 3'd0) assume (!rsp_valid);
    if ({5'd0, under_way} + rd_beats > 8'd4) assume (!rd_ready);
    if (!moved) assume (!mw_conflict);   // it comes in the cycle after the write
  end
  function [33:0] step(input [33:0] f_at);  // the next beat
    step = f_at[0] ? {f_at[33:1], 1'b0}
         : f_at[20:1] + 20'd1 == count ? {f_at[33:21] + 13'd1, 20'd0, mx}
         : {f_at[33:21], f_at[20:1] + 20'd1, mx && f_at[1]};
  endfunction
  wire [33:0] r_next = r_exps ? {r_at[33:1], 1'b0}
                     : r_beat + group == count ? {r_row + 13'd1, 20'd0, mx}
                     : {r_row, r_beat + group, mx};
  wire [33:0] w_next = step(w_at);

  reg       late, at_rest, rd_waits;     // late: a request was taken after the cancel
  reg [39:0] rd_before;
  always @(posedge clk) begin
    at_rest <= dying && busy && !rd_valid && under_way == 3'd0 && !rst;
    rd_waits <= rd_valid && !rd_ready && !rst;
    rd_before <= {rd_addr, rd_beats};
    moved <= mw_valid && mw_ready && !rst;
    if (rst) begin
      {active, dying, ended, under_way} <= 6'd0;
    end else begin
      if (accept) {active, dying, ended} <= 3'b100;
      else if (ended || (dying && !busy)) {active, dying, ended} <= 3'b000;
      else begin
        if (cancel && active) dying <= 1'b1;
        if (active && busy && (refused || written)) ended <= 1'b1;
      end
      under_way <= under_way + (ask ? rd_beats[2:0] : 3'd0) - {2'd0, answer};
    end
    late <= dying && busy && (late || ask);
    if (accept) begin
      c <= cmd;
      {refused, illegal} <= {c_illegal || c_beyond, c_illegal};
      {saw_error, saw_conflict} <= 2'd0;
      r_at <= {33'd0, c_weights || cmd[CMD_LOAD_MX_LSB]};
      w_at <= {33'd0, c_weights || cmd[CMD_LOAD_MX_LSB]};
      r_row_mem <= c_weights ? cmd[CMD_WEIGHTS_MEM_LSB +: 32] : cmd[CMD_LOAD_MEM_LSB +: 32];
      w_row_stash <= cmd[CMD_LOAD_STASH_LSB +: 16];
      number <= 32'd0;
    end else begin
      if (ask) r_at <= r_next;
      if (ask && !r_exps && r_beat + group == count) r_row_mem <= r_row_mem + mem_stride;
      if (answer) w_at <= w_next;
      if (answer && w_exps) exps <= rsp_data;
      if (answer && !w_exps) number <= number + 32'd1;
      if (answer && !w_exps && w_beat + 20'd1 == count) w_row_stash <= w_row_stash + stash_stride;
      if (answer && rsp_err) saw_error <= 1'b1;
      if (mw_conflict) saw_conflict <= 1'b1;
    end
  end

  wire [31:0] lanes = w_beat[0] ? exps >> 16 : exps;
  wire [15:0] its_exps = mx ? lanes[15:0] : 16'd0;
  wire [31:0] column = {30'd0, index} + number;
  (* hierconn *) wire        \dut.u_signature.valid ;
  (* hierconn *) wire [31:0] \dut.u_signature.offset ;
  (* hierconn *) wire [15:0] \dut.u_signature.exps ;
  always @* if (started) begin
    // Requests: a group's exponents behind its data, then the data; each once, in order.
    if (rd_valid) begin
      assert (active && !refused && r_row < rows && rd_beats == (r_exps ? 8'd1 : group[7:0]));
      assert (rd_addr == (r_exps ? r_mem + {12'd0, group} : r_mem));
    end
    if (rd_waits) assert (rd_valid && {rd_addr, rd_beats} == rd_before);
    // A data beat is written once, in order, as it came, with the exponents of its place in the
    // group: a load's to stash + row*stash_stride + its place in the row, that of weights to the
    // next column.
    if (req_valid) begin
      assert (req_we && runs && !weights && !written && !w_exps && rsp_valid);
      assert (req_addr == w_row_stash + w_beat[15:0] && req_data == rsp_data);
      assert (req_exps == its_exps);
    end
    if (mw_valid) begin
      assert (runs && weights && !written && !w_exps && rsp_valid && mw_data == rsp_data);
      assert (mw_set == set + column[13:2] && mw_set < SETS && mw_index == {6'd0, column[1:0]});
      assert (mw_exps == its_exps && mw_macro == c[CMD_WEIGHTS_MACRO_LSB +: 4] && mw_macro < 2);
    end
    if (runs && answer)
      assert (w_exps || (weights ? mw_valid && mw_ready : req_valid && stash_ready));
    // It enters the signature once, under its number: of a load its distance from `stash`.
    assert (\dut.u_signature.valid == (runs && answer && !w_exps));
    if (runs && answer && !w_exps) begin
      assert (\dut.u_signature.offset == (weights ? number : {16'd0, req_addr - stash}));
      assert (\dut.u_signature.exps == its_exps);
    end
    // One done per command, two cycles after its last beat, or after it was refused: then nothing
    // is read or written. An error of memory or a dropped write is reported, and nothing else.
    assert (done_valid == (ended && !dying) && !awvalid);
    if (done_valid) assert (illegal ? done_status == ERROR_ILLEGAL
                            : refused ? done_status == ERROR_ADDRESS
                            : done_status == ERROR_CONFLICT ? saw_conflict
                            : done_status == ERROR_MEMORY ? saw_error
                            : done_status == ERROR_NONE && !saw_error && !saw_conflict);
    if (done_valid && !refused) assert (written && r_row == rows && under_way == 3'd0);
    // None after a cancel, and nothing is written from the next cycle on; at most one more read
    // begins; without any under way it is idle.
    if (dying) assert (!req_valid && !mw_valid && !(late && rd_valid));
    if (at_rest) assert (!busy || active != dying);
  end

  // ---- what the induction needs
  wire [33:0] at_1 = step(w_at), at_2 = step(at_1), at_3 = step(at_2), at_4 = step(at_3);
  wire [33:0] reads_at = under_way[2] ? at_4
    : under_way[1] ? (under_way[0] ? at_3 : at_2) : (under_way[0] ? at_1 : w_at);
  (* hierconn *) wire [1:0]  \dut.state_q ;
  (* hierconn *) wire        \dut.cancelled_q ;
  (* hierconn *) wire        \dut.weights_q ;
  (* hierconn *) wire        \dut.mx_q ;
  (* hierconn *) wire [15:0] \dut.stash_q ;
  (* hierconn *) wire [15:0] \dut.stash_base_q ;
  (* hierconn *) wire [11:0] \dut.rows_q ;
  (* hierconn *) wire [19:0] \dut.count_q ;
  (* hierconn *) wire [19:0] \dut.mem_stride_q ;
  (* hierconn *) wire [11:0] \dut.stash_stride_q ;
  (* hierconn *) wire [3:0]  \dut.macro_q ;
  (* hierconn *) wire [3:0]  \dut.status_q ;
  (* hierconn *) wire        \dut.ask_q ;
  (* hierconn *) wire [31:0] \dut.ask_mem_q ;
  (* hierconn *) wire [31:0] \dut.ask_row_mem_q ;
  (* hierconn *) wire [11:0] \dut.ask_rows_q ;
  (* hierconn *) wire [19:0] \dut.ask_left_q ;
  (* hierconn *) wire        \dut.ask_exps_q ;
  (* hierconn *) wire [19:0] \dut.expected_q ;
  (* hierconn *) wire [19:0] \dut.left_q ;
  (* hierconn *) wire [19:0] \dut.group_left_q ;
  (* hierconn *) wire        \dut.exps_next_q ;
  (* hierconn *) wire [31:0] \dut.group_exps_q ;
  (* hierconn *) wire [15:0] \dut.write_addr_q ;
  (* hierconn *) wire [11:0] \dut.set_q ;
  (* hierconn *) wire [1:0]  \dut.index_q ;
  (* hierconn *) wire [31:0] \dut.beat_q ;
  localparam [1:0] IDLE = 2'd0, READ = 2'd1, STORE = 2'd2, END = 2'd3;
  wire [31:0] dut_exps = \dut.group_exps_q ;
  always @* if (started) begin
    assert (under_way <= 3'd4 && \dut.state_q != STORE);
    if (!active || ended) assert (\dut.state_q == IDLE);
    if (!active) assert (!dying && !ended);
    if (\dut.state_q != READ) assert (!rd_valid && under_way == 3'd0);
    if (active && !ended && !dying) assert (\dut.state_q == (refused || written ? END : READ));
    if (\dut.state_q != IDLE) assert (active && \dut.cancelled_q == dying);
    if (illegal && active) assert (refused);
    if (moved) assert (active && !refused && !ended);
    if (refused && active) assert (!saw_error && !saw_conflict && \dut.state_q != READ);
    if (\dut.state_q == READ) begin
      assert (!written && \dut.expected_q == {17'd0, under_way} && \dut.weights_q == weights);
      assert (\dut.mx_q == mx);
    end
    if (\dut.state_q == END && !dying) begin
      assert (\dut.status_q == (illegal ? ERROR_ILLEGAL : refused ? ERROR_ADDRESS
              : saw_error ? ERROR_MEMORY : saw_conflict ? ERROR_CONFLICT : ERROR_NONE)
              || (!refused && saw_error && saw_conflict && \dut.status_q == ERROR_CONFLICT));
    end
    if (\dut.state_q == READ || (runs && !ended)) begin
      assert (r_row <= rows && r_at == reads_at && \dut.ask_q == (r_row != rows && !late));
      if (late) assert (dying);
      assert (count < 256 && rows < 64);
      assert (w_beat < count && w_row <= rows && r_beat < count);
      if (written) assert (w_beat == 20'd0 && under_way == 3'd0);
      if (r_row == rows) assert (r_beat == 20'd0 && r_exps == mx);
      if (r_exps) assert (mx);
      assert (!r_beat[0]);
      assert (\dut.ask_mem_q == r_mem && \dut.ask_row_mem_q == r_row_mem);
      assert (\dut.ask_rows_q == rows - r_row && \dut.ask_left_q == count - r_beat);
      assert (\dut.ask_exps_q == r_exps && \dut.count_q == count);
      assert (\dut.mem_stride_q == mem_stride && \dut.stash_stride_q == stash_stride);
      assert (\dut.macro_q == c[CMD_WEIGHTS_MACRO_LSB +: 4]);
      assert (\dut.stash_base_q == stash && \dut.rows_q == rows - w_row);
      assert (\dut.left_q == count - w_beat && \dut.exps_next_q == w_exps);
      if (mx) assert (\dut.group_left_q == 20'd2 - {19'd0, w_beat[0]});
      if (w_exps) assert (mx && !w_beat[0]);
      if (mx && !w_exps && !written) assert (dut_exps == lanes);
      assert (\dut.stash_q == w_row_stash);
      assert (\dut.write_addr_q == w_row_stash + w_beat[15:0]);
      assert (\dut.beat_q == number);
      if (weights) begin
        assert (number == {12'd0, written ? count : w_beat} && \dut.index_q == column[1:0]);
        assert (\dut.set_q == set + column[13:2]);
        assert (c[CMD_WEIGHTS_INDEX_LSB +: 8] < BLOCK && c[CMD_WEIGHTS_MACRO_LSB +: 4] < MACROS);
        assert ({20'd0, set} + (({30'd0, index} + {12'd0, count} - 32'd1) >> 2) < SETS);
      end
      if (!saw_error && !saw_conflict) assert (\dut.status_q == ERROR_NONE);
      if (saw_error) assert (\dut.status_q == ERROR_MEMORY
                             || (saw_conflict && \dut.status_q == ERROR_CONFLICT));
      if (saw_conflict && !saw_error && !written) assert (\dut.status_q == ERROR_CONFLICT);
    end
  end
endmodule

`default_nettype wire
