// SPDX-License-Identifier: Apache-2.0
//
// dma_store_props: where dma reads and writes in a store, for any stores one after the other, any
//   stalls, errors and cancels, a stash that answers in order at any time. Data goes out in bursts,
//   the exponents of an MX group in one of their own behind its data. Rows have fewer than 256
//   beats, commands fewer than 64 rows.
`default_nettype none

module dma_store_props #(
  parameter BURST = 2  // 1: two bursts to an MX group
) (
  input wire         clk,
  input wire         rst,
  input wire         cancel,
  input wire         cmd_valid,
  input wire [255:0] cmd,
  input wire         awready,
  input wire         wready,
  input wire         bvalid,
  input wire [1:0]   bresp,
  input wire         stash_ready,
  input wire         stash_rsp,
  input wire [31:0]  stash_data,
  input wire [15:0]  stash_exps
);
`include "commands.vh"
  localparam BLOCK = 4;  // two data beats to an MX group, 1,024 beats to a page
  localparam BEATS = 64;
  wire        busy, cmd_ready, done_valid, rd_valid, awvalid, wvalid, wlast, bready;
  wire        req_valid, req_we, mw_valid;
  wire [31:0] done_signature, wdata;
  wire [3:0]  done_status;
  wire [7:0]  awlen;
  wire [39:0] awaddr;
  wire [15:0] req_addr;
  dma #(.BLOCK(BLOCK), .SETS(8), .STASH_BEATS(BEATS), .N_MACROS(2), .STORE_BURST(BURST)) dut (
    .clk(clk), .rst(rst), .cancel(cancel), .busy(busy), .cmd_valid(cmd_valid),
    .cmd_ready(cmd_ready), .cmd(cmd), .done_valid(done_valid), .done_signature(done_signature),
    .done_status(done_status), .rd_valid(rd_valid), .rd_ready(1'b0), .rd_addr(), .rd_beats(),
    .rsp_valid(1'b0), .rsp_ready(), .rsp_data(32'd0), .rsp_err(1'b0), .m_axi_awvalid(awvalid),
    .m_axi_awready(awready), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen), .m_axi_wvalid(wvalid),
    .m_axi_wready(wready), .m_axi_wdata(wdata), .m_axi_wlast(wlast), .m_axi_bvalid(bvalid),
    .m_axi_bready(bready), .m_axi_bresp(bresp), .stash_req_valid(req_valid),
    .stash_req_ready(stash_ready), .stash_req_we(req_we), .stash_req_addr(req_addr),
    .stash_req_data(), .stash_req_exps(), .stash_rsp_valid(stash_rsp),
    .stash_rsp_data(stash_data), .stash_rsp_exps(stash_exps), .mw_valid(mw_valid),
    .mw_ready(1'b0), .mw_macro(), .mw_set(), .mw_index(), .mw_data(), .mw_exps(),
    .mw_conflict(1'b0));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the command, and whether it must be refused
  wire accept = cmd_valid && cmd_ready;
  wire [11:0] c_rows = cmd[CMD_LOAD_ROWS_LSB +: CMD_LOAD_ROWS_W];
  wire [15:0] c_count = cmd[CMD_LOAD_COUNT_LSB +: CMD_LOAD_COUNT_W];
  wire [31:0] last_beat = {16'd0, cmd[CMD_LOAD_STASH_LSB +: CMD_LOAD_STASH_W]}
    + ({20'd0, c_rows} - 32'd1)
      * {20'd0, cmd[CMD_LOAD_STASH_STRIDE_LSB +: CMD_LOAD_STASH_STRIDE_W]}
    + {16'd0, c_count} - 32'd1;
  wire c_illegal = c_count == 0 || c_rows == 0;
  always @* if (accept) begin
    assume (cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_STORE);
    assume (c_count < 256 && c_rows < 64);
  end

  reg         active, dying, ended;     // dying: cancelled; ended: done is told
  reg         refused, illegal, saw_error;
  reg [255:0] c;
  wire        mx = c[CMD_LOAD_MX_LSB];
  wire [12:0] rows = {1'b0, c[CMD_LOAD_ROWS_LSB +: 12]};
  wire [19:0] count = {4'd0, c[CMD_LOAD_COUNT_LSB +: 16]};
  wire [15:0] stash = c[CMD_LOAD_STASH_LSB +: 16];
  wire [31:0] mem_stride = {12'd0, c[CMD_LOAD_MEM_STRIDE_LSB +: 20]};
  wire [15:0] stash_stride = {4'd0, c[CMD_LOAD_STASH_STRIDE_LSB +: 12]};

  // ---- where it is: a burst is filled from the stash, announced, sent and answered; behind the
  // last of a group the same with its exponents
  localparam [2:0] FILL = 3'd0, ADDRESS = 3'd1, DATA = 3'd2, RESPONSE = 3'd3,
                   EXPS_ADDRESS = 3'd4, EXPS_DATA = 3'd5, EXPS_RESPONSE = 3'd6;
  reg [2:0]  phase;
  reg [12:0] row;
  reg [19:0] beat;                      // data beats of the row whose bursts were answered
  reg [31:0] row_mem, number;           // number: data beats read so far
  reg [15:0] row_stash;
  reg [1:0]  asked, filled, sent;       // beats of this burst
  reg [31:0] held_0, held_1, exps;      // its data, and the exponents of its group
  wire [31:0] data_mem = row_mem + {12'd0, beat} + (mx ? {13'd0, beat[19:1]} : 32'd0);
  wire [19:0] beat_1 = beat - 20'd1;
  wire [31:0] exps_mem = row_mem + {12'd0, beat} + {13'd0, beat_1[19:1]};
  wire [19:0] left = count - beat;
  wire [19:0] of_group = (mx && beat[0] && left > 20'd1) ? 20'd1 : (left < 20'd2) ? left : 20'd2;
  wire [1:0]  fits = (BURST == 1) ? 2'd1 : of_group[1:0];
  wire [1:0]  n = (data_mem[9:0] == 10'h3FF) ? 2'd1 : fits;  // beats of this burst
  wire [19:0] beat_next = beat + {18'd0, n};
  wire group_ends = mx && (!beat_next[0] || beat_next == count);
  wire exps_phase = phase == EXPS_ADDRESS || phase == EXPS_DATA || phase == EXPS_RESPONSE;
  wire responded = bvalid && bready;
  wire row_ends = responded && (exps_phase ? beat == count : !group_ends && beat_next == count);
  wire ask = req_valid && stash_ready;
  wire lane = beat[0] ^ filled[0];
  always @* if (asked == filled) assume (!stash_rsp);

  reg        aw_waits, dying_long;
  reg [47:0] aw_before;
  always @(posedge clk) begin
    aw_waits <= awvalid && !awready && !rst;
    aw_before <= {awaddr, awlen};
    dying_long <= dying && !rst;
    if (rst) begin
      {active, dying, ended, asked, filled} <= 7'd0;
    end else if (accept) begin
      {active, dying, ended} <= 3'b100;
      {asked, filled} <= 4'd0;
    end else begin
      if (ended || (dying && !busy)) {active, dying, ended} <= 3'b000;
      else begin
        if (cancel && active) dying <= 1'b1;
        if (active && busy && (refused || row == rows)) ended <= 1'b1;
      end
      if (ask) asked <= asked + 2'd1;
      if (stash_rsp) filled <= filled + 2'd1;
      if (responded) {asked, filled} <= 4'd0;
    end
    if (accept) begin
      c <= cmd;
      {refused, illegal, saw_error} <= {c_illegal || last_beat >= BEATS, c_illegal, 1'b0};
      {phase, row, beat, number, sent, exps} <= 102'd0;
      row_mem <= cmd[CMD_LOAD_MEM_LSB +: 32];
      row_stash <= cmd[CMD_LOAD_STASH_LSB +: 16];
    end else begin
      if (stash_rsp) begin
        if (filled[0]) held_1 <= stash_data;
        else held_0 <= stash_data;
        if (mx && lane) exps[31:16] <= stash_exps;
        if (mx && !lane) exps[15:0] <= stash_exps;
        number <= number + 32'd1;
      end
      if (wvalid && wready && !exps_phase) sent <= sent + 2'd1;
      if (responded && bresp[1]) saw_error <= 1'b1;
      if (phase == FILL && active && !refused && row != rows && filled == n) phase <= ADDRESS;
      if (awvalid && awready) phase <= exps_phase ? EXPS_DATA : DATA;
      if (wvalid && wready && wlast) phase <= exps_phase ? EXPS_RESPONSE : RESPONSE;
      if (responded) begin
        phase <= (!exps_phase && group_ends) ? EXPS_ADDRESS : FILL;
        sent <= 2'd0;
        if (exps_phase) exps <= 32'd0;
        else beat <= beat_next;
      end
      if (row_ends) begin
        {row, beat} <= {row + 13'd1, 20'd0};
        {row_mem, row_stash} <= {row_mem + mem_stride, row_stash + stash_stride};
      end
    end
  end

  (* hierconn *) wire        \dut.u_signature.valid ;
  (* hierconn *) wire [31:0] \dut.u_signature.offset ;
  (* hierconn *) wire [31:0] \dut.u_signature.data ;
  (* hierconn *) wire [15:0] \dut.u_signature.exps ;
  wire works = active && !refused && row != rows;
  always @* if (started) begin
    // Each beat is read once, in order, from stash + row*stash_stride + its place in the row.
    if (req_valid) begin
      assert (!req_we && works && phase == FILL && asked < n);
      assert (req_addr == row_stash + beat[15:0] + {14'd0, asked});
    end
    // It enters the signature once, under its number, with its exponents in an MX tensor.
    assert (\dut.u_signature.valid == stash_rsp);
    if (stash_rsp) begin
      assert (works && phase == FILL && \dut.u_signature.offset == number);
      assert (\dut.u_signature.data == stash_data);
      assert (\dut.u_signature.exps == (mx ? stash_exps : 16'd0));
    end
    // A burst has the beats that were read, goes to mem + row*mem_stride + its place in the row and
    // the exponent beats before it, and crosses neither 4 KiB nor the end of a group or row.
    if (awvalid && !exps_phase) begin
      assert (works && phase == ADDRESS && awaddr == {6'd0, data_mem, 2'd0});
      assert (awlen == {6'd0, n} - 8'd1 && n != 2'd0 && beat_next <= count);
      assert ({1'b0, awaddr[11:2]} + awlen[7:0] < 11'd1024 && !(mx && beat[0] && n == 2'd2));
    end
    if (wvalid && !exps_phase) begin
      assert (works && phase == DATA && sent < n && wlast == (sent + 2'd1 == n));
      assert (wdata == (sent[0] ? held_1 : held_0));
    end
    // The exponents of a group stand behind its data, zero where it has none.
    if (awvalid && exps_phase) begin
      assert (works && phase == EXPS_ADDRESS && awlen == 8'd0);
      assert (mx && awaddr == {6'd0, exps_mem, 2'd0});
    end
    if (wvalid && exps_phase)
      assert (works && phase == EXPS_DATA && wlast && wdata == exps);
    if (bready) assert (works && (phase == RESPONSE || phase == EXPS_RESPONSE));
    if (aw_waits) assert (awvalid && {awaddr, awlen} == aw_before);
    assert (!rd_valid && !mw_valid);
    // One done per command, when all was written and answered, or after it was refused: then
    // nothing is done. An error of memory is reported, and nothing else.
    assert (done_valid == (ended && !dying));
    if (done_valid) assert (done_status == (illegal ? ERROR_ILLEGAL : refused ? ERROR_ADDRESS
                                            : saw_error ? ERROR_MEMORY : ERROR_NONE));
    if (done_valid && !refused) assert (row == rows);
    // None after a cancel; no burst begins that was not on offer in the next cycle.
    if (dying && dying_long && awvalid) assert (aw_waits);
  end

  // ---- what the induction needs
  (* hierconn *) wire [1:0]  \dut.state_q ;
  (* hierconn *) wire [2:0]  \dut.store_q ;
  (* hierconn *) wire        \dut.cancelled_q ;
  (* hierconn *) wire        \dut.mx_q ;
  (* hierconn *) wire        \dut.ask_q ;
  (* hierconn *) wire [31:0] \dut.mem_q ;
  (* hierconn *) wire [15:0] \dut.stash_q ;
  (* hierconn *) wire [11:0] \dut.rows_q ;
  (* hierconn *) wire [19:0] \dut.count_q ;
  (* hierconn *) wire [19:0] \dut.mem_stride_q ;
  (* hierconn *) wire [11:0] \dut.stash_stride_q ;
  (* hierconn *) wire [3:0]  \dut.status_q ;
  (* hierconn *) wire [19:0] \dut.left_q ;
  (* hierconn *) wire [19:0] \dut.group_left_q ;
  (* hierconn *) wire [31:0] \dut.group_exps_q ;
  (* hierconn *) wire [15:0] \dut.write_addr_q ;
  (* hierconn *) wire [31:0] \dut.beat_q ;
  (* hierconn *) wire [31:0] \dut.store_mem_q ;
  (* hierconn *) wire [4:0]  \dut.fill_asked_q ;
  (* hierconn *) wire [4:0]  \dut.filled_q ;
  (* hierconn *) wire [4:0]  \dut.sent_q ;
  (* hierconn *) wire        \dut.exps_at_q ;
  (* hierconn *) wire [31:0] \dut.buffer[0] ;
  (* hierconn *) wire [31:0] \dut.buffer[1] ;
  localparam [1:0] IDLE = 2'd0, READ = 2'd1, STORE = 2'd2, END = 2'd3;
  always @* if (started) begin
    assert (\dut.state_q != READ && !\dut.ask_q );
    if (!active || ended) assert (\dut.state_q == IDLE);
    if (!active) assert (!dying && !ended);
    if (active && !ended && !dying)
      assert (\dut.state_q == (refused || row == rows ? END : STORE));
    if (\dut.state_q != IDLE) assert (active && \dut.cancelled_q == dying);
    if (\dut.state_q != STORE) assert (asked == filled);
    if (illegal && active) assert (refused);
    if (refused && active) assert (!saw_error && \dut.state_q != STORE);
    if (active && !ended && (\dut.state_q != IDLE))
      assert (\dut.status_q == (illegal ? ERROR_ILLEGAL : refused ? ERROR_ADDRESS
                                : saw_error ? ERROR_MEMORY : ERROR_NONE));
    if (\dut.state_q == STORE) begin
      assert (works && count < 256 && rows < 64 && row < rows);
      assert (\dut.store_q == phase && phase != 3'd7);
      assert (beat <= count && (exps_phase || beat < count));
      assert (\dut.mx_q == mx && \dut.count_q == count && \dut.rows_q == rows - row);
      assert (\dut.mem_stride_q == mem_stride && \dut.stash_stride_q == stash_stride);
      assert (\dut.mem_q == row_mem && \dut.stash_q == row_stash);
      assert (\dut.left_q == count - beat && \dut.beat_q == number);
      assert (\dut.store_mem_q == (exps_phase ? exps_mem : data_mem));
      assert (\dut.write_addr_q == row_stash + beat[15:0] + {14'd0, asked});
      assert (\dut.fill_asked_q == {3'd0, asked} && \dut.filled_q == {3'd0, filled});
      assert (\dut.sent_q == {3'd0, sent} && filled <= asked);
      if (mx) assert (\dut.group_exps_q == exps);
      if (exps_phase) begin
        assert (mx && beat != 20'd0 && (!beat[0] || beat == count));
        assert (asked == 2'd0 && sent == 2'd0);
      end else begin
        assert (asked <= n && sent <= n);
        if (phase != FILL) assert (asked == n && filled == n);
        if (phase == FILL || phase == ADDRESS) assert (sent == 2'd0);
        if (phase == DATA) assert (sent < n);
        if (mx) assert (\dut.group_left_q == 20'd2 - {19'd0, beat[0]} && \dut.exps_at_q == lane);
        if (mx && !beat[0] && filled == 2'd0) assert (exps == 32'd0);
        if (mx && !lane && filled == 2'd0) assert (exps == 32'd0);
        if (filled != 2'd0) assert (\dut.buffer[0] == held_0);
        if (BURST == 2 && filled == 2'd2) assert (\dut.buffer[1] == held_1);
      end
    end
  end
endmodule

`default_nettype wire
