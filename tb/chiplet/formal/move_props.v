// SPDX-License-Identifier: Apache-2.0
//
// move_props: where move_engine reads and writes, for any commands one after the other, a stash
//   that answers in order at any time, stalls of stash and macro, and conflicts. Its own loops say
//   where the beat at hand comes from and goes to: sums of strides, added up token by token and
//   tile by tile. One beat is picked freely and followed. SMALL: commands of at most three tokens
//   of two beats, for which addresses are shown to stay in range.
`default_nettype none

module move_props #(
  parameter SMALL = 0
) (
  input wire         clk,
  input wire         rst,
  input wire         cmd_valid,
  input wire [255:0] cmd,
  input wire         req_ready,
  input wire         rsp_valid,
  input wire [31:0]  rsp_data,
  input wire [15:0]  rsp_exps,
  input wire         mw_ready,
  input wire         mw_conflict,
  input wire         pick
);
`include "commands.vh"
  localparam BEATS = 64;
  localparam SETS = 8;
  localparam MACROS = 2;
  wire         cmd_ready, done_valid, req_valid, req_we, mw_valid, mw_row;
  wire [31:0]  done_signature, req_data, mw_data;
  wire [3:0]   done_status, req_strb, mw_macro;
  wire [15:0]  req_addr, req_exps, mw_exps;
  wire [11:0]  mw_set;
  wire [7:0]   mw_index;
  move_engine #(.BLOCK(4), .SETS(SETS), .STASH_BEATS(BEATS), .N_MACROS(MACROS)) dut (
    .clk(clk), .rst(rst), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd),
    .done_valid(done_valid), .done_signature(done_signature), .done_status(done_status),
    .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we), .req_addr(req_addr),
    .req_data(req_data), .req_exps(req_exps), .req_strb(req_strb), .rsp_valid(rsp_valid),
    .rsp_data(rsp_data), .rsp_exps(rsp_exps), .mw_valid(mw_valid), .mw_ready(mw_ready),
    .mw_macro(mw_macro), .mw_row(mw_row), .mw_set(mw_set), .mw_index(mw_index),
    .mw_data(mw_data), .mw_exps(mw_exps), .mw_conflict(mw_conflict));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- the command, and whether it must be refused
  wire accept = cmd_valid && cmd_ready;
  reg         active, conflict, refused, illegal;
  reg [255:0] c;
  wire [31:0] tokens_1 = {20'd0, cmd[CMD_ROW_ROWS_LSB +: CMD_ROW_ROWS_W]} - 32'd1;
  wire [31:0] tiles_1 = {26'd0, cmd[CMD_ROW_TILES_LSB +: CMD_ROW_TILES_W]} - 32'd1;
  wire [31:0] c_pos = {12'd0, cmd[CMD_ROW_POS_LSB +: CMD_ROW_POS_W]};
  wire [31:0] c_set = {20'd0, cmd[CMD_ROW_SET_LSB +: CMD_ROW_SET_W]};
  wire [31:0] c_block_stride = {20'd0, cmd[CMD_ROW_BLOCK_STRIDE_LSB +: CMD_ROW_BLOCK_STRIDE_W]};
  wire [31:0] last_block = (c_pos + tokens_1) >> 2;
  wire [31:0] last_read = {16'd0, cmd[CMD_ROW_SRC_LSB +: CMD_ROW_SRC_W]}
    + tokens_1 * {20'd0, cmd[CMD_ROW_SRC_OUTER_LSB +: CMD_ROW_SRC_OUTER_W]}
    + tiles_1 * {24'd0, cmd[CMD_ROW_SRC_INNER_LSB +: CMD_ROW_SRC_INNER_W]};
  wire [31:0] last_set = c_set + last_block * c_block_stride
    + tiles_1 * {20'd0, cmd[CMD_ROW_TILE_STRIDE_LSB +: CMD_ROW_TILE_STRIDE_W]};
  wire [31:0] last_ev = {16'd0, cmd[CMD_ROW_EV_LSB +: CMD_ROW_EV_W]} + last_block
    + tiles_1 * {22'd0, cmd[CMD_ROW_EV_STRIDE_LSB +: CMD_ROW_EV_STRIDE_W]};
  wire [31:0] first_set = c_set + (c_pos >> 2) * c_block_stride;
  wire [3:0]  opcode = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W];
  wire        c_illegal = (opcode != CMD_ROW && opcode != CMD_COLUMN) || &tokens_1 || &tiles_1;
  wire        c_beyond = last_read >= BEATS || last_set >= SETS
    || cmd[CMD_ROW_MACRO_LSB +: CMD_ROW_MACRO_W] >= MACROS
    || (opcode == CMD_ROW && last_ev >= BEATS);
  always @* if (SMALL && accept)
    assume (tokens_1 + 32'd1 <= 3 && tiles_1 + 32'd1 <= 2 && c_pos < 12);

  wire [15:0] src = c[CMD_ROW_SRC_LSB +: CMD_ROW_SRC_W];
  wire [15:0] ev = c[CMD_ROW_EV_LSB +: CMD_ROW_EV_W];
  wire [19:0] pos = c[CMD_ROW_POS_LSB +: CMD_ROW_POS_W];
  wire [12:0] rows = {1'b0, c[CMD_ROW_ROWS_LSB +: CMD_ROW_ROWS_W]};
  wire [5:0]  tiles = c[CMD_ROW_TILES_LSB +: CMD_ROW_TILES_W];
  wire [11:0] src_outer = c[CMD_ROW_SRC_OUTER_LSB +: CMD_ROW_SRC_OUTER_W];
  wire [7:0]  src_inner = c[CMD_ROW_SRC_INNER_LSB +: CMD_ROW_SRC_INNER_W];
  wire [11:0] block_stride = c[CMD_ROW_BLOCK_STRIDE_LSB +: CMD_ROW_BLOCK_STRIDE_W];
  wire [11:0] tile_stride = c[CMD_ROW_TILE_STRIDE_LSB +: CMD_ROW_TILE_STRIDE_W];
  wire [9:0]  ev_stride = c[CMD_ROW_EV_STRIDE_LSB +: CMD_ROW_EV_STRIDE_W];
  wire        is_row = c[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_ROW;
  wire        runs = active && !refused;

  // ---- token and tile of the next read, and of the beat at hand; what the strides add up to
  reg [12:0] r_token, w_token;
  reg [5:0]  r_tile, w_tile;
  reg [15:0] r_outer, r_inner, ev_inner;
  reg [11:0] block_set, set_inner;   // first set of the token's block; tiles in it
  reg [23:0] number;
  reg        moved, noted;           // the macro has the beat, the stash its exponent
  reg [1:0]  tail;                   // cycles until done
  wire read = req_valid && req_ready && !req_we;
  wire note = req_valid && req_ready && req_we;
  wire move = mw_valid && mw_ready;
  wire gone = (moved || move) && (!is_row || noted || note);
  wire r_end = r_tile + 6'd1 == tiles;
  wire w_end = w_tile + 6'd1 == tiles;
  wire written = w_token == rows;    // all of the command
  wire [20:0] place = {1'b0, pos} + {8'd0, w_token};

  // ---- beats asked for and not answered, answered and not written; one of them is followed
  reg [2:0]  under_way, landed;
  reg        following;
  reg [2:0]  ahead;                  // beats before it
  reg [31:0] kept;
  reg [15:0] kept_exps;
  wire [3:0] between = {1'b0, under_way} + {1'b0, landed};
  always @* if (under_way == 3'd0) assume (!rsp_valid);

  always @(posedge clk) begin
    if (rst) begin
      {active, moved, noted, following} <= 4'd0;
      {under_way, landed, tail} <= 8'd0;
    end else begin
      if (accept) active <= 1'b1;
      else if (done_valid) active <= 1'b0;
      moved <= !gone && (moved || move);
      noted <= !gone && (noted || note);
      under_way <= under_way + {2'd0, read} - {2'd0, rsp_valid};
      landed <= landed + {2'd0, rsp_valid} - {2'd0, gone};
      if (gone && w_end && w_token + 13'd1 == rows) tail <= 2'd2;
      else if (tail != 2'd0) tail <= tail - 2'd1;
      if (following && gone) begin
        following <= ahead != 3'd0;
        ahead <= ahead - 3'd1;
      end
      if (rsp_valid && pick && !following) begin
        following <= 1'b1;
        ahead <= landed - {2'd0, gone};
        {kept, kept_exps} <= {rsp_data, rsp_exps};
      end
    end
    if (accept) begin
      c <= cmd;
      {conflict, refused, illegal} <= {1'b0, c_illegal || c_beyond, c_illegal};
      {r_token, w_token, r_tile, w_tile} <= 38'd0;
      {r_outer, r_inner, ev_inner, set_inner, number} <= 84'd0;
      block_set <= first_set[11:0];
    end else begin
      if (mw_conflict) conflict <= 1'b1;
      if (read) begin
        r_tile <= r_end ? 6'd0 : r_tile + 6'd1;
        r_inner <= r_end ? 16'd0 : r_inner + {8'd0, src_inner};
        if (r_end) {r_token, r_outer} <= {r_token + 13'd1, r_outer + {4'd0, src_outer}};
      end
      if (gone) begin
        number <= number + 24'd1;
        w_tile <= w_end ? 6'd0 : w_tile + 6'd1;
        set_inner <= w_end ? 12'd0 : set_inner + tile_stride;
        ev_inner <= w_end ? 16'd0 : ev_inner + {6'd0, ev_stride};
        if (w_end) w_token <= w_token + 13'd1;
        if (w_end && place[1:0] == 2'd3) block_set <= block_set + block_stride;
      end
    end
  end

  // ---- what was offered and not taken
  reg         req_waits, mw_waits;
  reg [16:0]  req_before;
  reg [72:0]  mw_before;
  wire [72:0] mw_now = {mw_macro, mw_row, mw_set, mw_index, mw_data, mw_exps};
  always @(posedge clk) begin
    req_waits <= req_valid && !req_ready && !rst;
    mw_waits <= mw_valid && !mw_ready && !rst;
    req_before <= {req_we, req_addr};
    mw_before <= mw_now;
  end

  (* hierconn *) wire        \dut.sign.valid ;
  (* hierconn *) wire [31:0] \dut.sign.offset ;
  localparam [3:0] BYTE_0 = 1;
  wire [7:0] byte_written = req_data >> {place[1:0], 3'd0};
  always @* if (started) begin
    // Beat k of token t is read at src + t*src_outer + k*src_inner, each once, in order.
    if (req_valid && !req_we)
      assert (runs && r_token < rows && req_addr == src + r_outer + r_inner);
    // It goes once to column or row (pos+t) mod BLOCK of set + (pos+t) div BLOCK * block_stride +
    // k*tile_stride, as it was read.
    if (mw_valid) begin
      assert (runs && !written && !moved && mw_set == block_set + set_inner);
      assert (mw_index == {6'd0, place[1:0]} && mw_row == is_row);
      assert (mw_macro == c[CMD_ROW_MACRO_LSB +: CMD_ROW_MACRO_W] && mw_macro < MACROS);
      if (following && ahead == 3'd0) assert (mw_data == kept && mw_exps == kept_exps);
    end
    // A row's exponent goes once to byte (pos+t) mod BLOCK of ev + (pos+t) div BLOCK + k*ev_stride.
    if (req_valid && req_we) begin
      assert (runs && is_row && !written && !noted);
      assert (req_addr == ev + place[17:2] + ev_inner && req_strb == BYTE_0 << place[1:0]);
      if (following && ahead == 3'd0) assert (byte_written == kept_exps[7:0]);
    end
    // Each beat enters the signature once, under its number.
    assert (\dut.sign.valid == gone);
    if (gone) assert (\dut.sign.offset == {8'd0, number});
    // What waits stays as it is; there is room for every answer.
    if (req_waits) assert (req_valid && {req_we, req_addr} == req_before);
    if (mw_waits) assert (mw_valid && mw_now == mw_before);
    assert (between <= 4'd4);
    // One done per command, three cycles after its last write, or at once if it is refused: then
    // nothing is read or written. A conflict up to then is reported.
    assert (cmd_ready == !active);
    assert (done_valid == (active && (refused || (written && tail == 2'd0))));
    if (done_valid) assert (done_status == (illegal ? ERROR_ILLEGAL : refused ? ERROR_ADDRESS
                                            : conflict ? ERROR_CONFLICT : ERROR_NONE));
    // SMALL: nothing out of range is read or written.
    if (SMALL && req_valid) assert (req_addr < BEATS);
    if (SMALL && mw_valid) assert (mw_set < SETS);
  end

  // ---- what the induction needs. The reads are ahead of the beat at hand by as many steps as
  // there are beats between: the answer at hand is the one to its own read.
  function [18:0] step(input [18:0] f_at);  // {token, tile} of the next beat
    step = (f_at[5:0] + 6'd1 == tiles) ? {f_at[18:6] + 13'd1, 6'd0} : f_at + 19'd1;
  endfunction
  wire [18:0] ahead_0 = {w_token, w_tile};
  wire [18:0] ahead_1 = step(ahead_0);
  wire [18:0] ahead_2 = step(ahead_1);
  wire [18:0] ahead_3 = step(ahead_2);
  wire [18:0] ahead_4 = step(ahead_3);
  wire [18:0] reads_at = between[2] ? ahead_4 : between[1] ? (between[0] ? ahead_3 : ahead_2)
                                              : (between[0] ? ahead_1 : ahead_0);
  (* hierconn *) wire        \dut.read_q ;
  (* hierconn *) wire        \dut.busy_q ;
  (* hierconn *) wire        \dut.row_q ;
  (* hierconn *) wire        \dut.moved_q ;
  (* hierconn *) wire        \dut.noted_q ;
  (* hierconn *) wire [1:0]  \dut.end_q ;
  (* hierconn *) wire [15:0] \dut.src_q ;
  (* hierconn *) wire [15:0] \dut.src_row_q ;
  (* hierconn *) wire [11:0] \dut.src_rows_q ;
  (* hierconn *) wire [5:0]  \dut.src_tiles_q ;
  (* hierconn *) wire [1:0]  \dut.index_q ;
  (* hierconn *) wire [11:0] \dut.set_block_q ;
  (* hierconn *) wire [11:0] \dut.set_q ;
  (* hierconn *) wire [15:0] \dut.ev_block_q ;
  (* hierconn *) wire [15:0] \dut.ev_q ;
  (* hierconn *) wire [11:0] \dut.rows_q ;
  (* hierconn *) wire [5:0]  \dut.tiles_q ;
  (* hierconn *) wire [23:0] \dut.number_q ;
  (* hierconn *) wire [3:0]  \dut.macro_q ;
  (* hierconn *) wire [5:0]  \dut.c_tiles_q ;
  (* hierconn *) wire [11:0] \dut.src_outer_q ;
  (* hierconn *) wire [7:0]  \dut.src_inner_q ;
  (* hierconn *) wire [11:0] \dut.block_stride_q ;
  (* hierconn *) wire [11:0] \dut.tile_stride_q ;
  (* hierconn *) wire [9:0]  \dut.ev_stride_q ;
  (* hierconn *) wire [3:0]  \dut.status_q ;
  (* hierconn *) wire        \dut.port.hold_q ;
  (* hierconn *) wire [7:0]  \dut.reader.used_q ;
  (* hierconn *) wire [2:0]  \dut.reader.beats.count_q ;
  (* hierconn *) wire [1:0]  \dut.reader.beats.read_q ;
  (* hierconn *) wire [1:0]  \dut.reader.beats.write_q ;
  (* hierconn *) wire [47:0] \dut.reader.beats.mem[0] ;
  (* hierconn *) wire [47:0] \dut.reader.beats.mem[1] ;
  (* hierconn *) wire [47:0] \dut.reader.beats.mem[2] ;
  (* hierconn *) wire [47:0] \dut.reader.beats.mem[3] ;
  wire [1:0] slot = \dut.reader.beats.read_q + ahead[1:0];
  wire [47:0] stored =
    slot[1] ? (slot[0] ? \dut.reader.beats.mem[3] : \dut.reader.beats.mem[2] )
            : (slot[0] ? \dut.reader.beats.mem[1] : \dut.reader.beats.mem[0] );
  // n times a stride; all terms are below 2^18
  function [17:0] times(input [1:0] f_n, input [15:0] f_stride);
    times = (f_n[0] ? {2'd0, f_stride} : 18'd0) + (f_n[1] ? {1'b0, f_stride, 1'b0} : 18'd0);
  endfunction
  wire [1:0]  rows_1 = rows[1:0] - 2'd1;
  wire [1:0]  last_tile = tiles[1:0] - 2'd1;
  wire [3:0]  last_place = pos[3:0] + {2'd0, rows_1};
  wire [11:0] set = c[CMD_ROW_SET_LSB +: CMD_ROW_SET_W];
  always @* if (started) begin
    assert (\dut.reader.used_q == {4'd0, between} && \dut.reader.beats.count_q == landed);
    assert (\dut.reader.beats.write_q == \dut.reader.beats.read_q + landed[1:0]);
    if (following) assert (ahead < landed && stored == {kept_exps, kept});
    assert (\dut.port.hold_q == (req_waits && !req_before[16]));
    assert (\dut.moved_q == moved && \dut.noted_q == noted);
    if (moved || noted) assert (landed != 3'd0 && !(moved && (noted || !is_row)));
    assert (\dut.busy_q == (runs && !written) && \dut.read_q == (runs && r_token != rows));
    assert (\dut.end_q == tail);
    if (!runs || !written) assert (tail == 2'd0);
    if (!runs || written) assert (between == 4'd0);
    if (active) assert (\dut.status_q == (illegal ? ERROR_ILLEGAL : refused ? ERROR_ADDRESS
                                          : conflict ? ERROR_CONFLICT : ERROR_NONE));
    if (active && refused) assert (!conflict);
    if (illegal && active) assert (refused);
    if (runs) begin
      assert (r_token <= rows && w_token <= rows && r_tile < tiles && w_tile < tiles);
      assert ({r_token, r_tile} == reads_at && \dut.number_q == number);
      if (r_token == rows) assert (r_tile == 6'd0);
      if (written) assert (w_tile == 6'd0);
      assert (\dut.src_q == src + r_outer + r_inner && \dut.src_row_q == src + r_outer);
      assert (\dut.src_rows_q == rows - r_token && \dut.src_tiles_q == tiles - r_tile);
      assert (\dut.rows_q == rows - w_token && \dut.tiles_q == tiles - w_tile);
      assert (\dut.index_q == place[1:0] && \dut.set_block_q == block_set);
      assert (\dut.set_q == block_set + set_inner && \dut.ev_block_q == ev + place[17:2]);
      assert (\dut.ev_q == ev + place[17:2] + ev_inner && \dut.row_q == is_row);
      assert (\dut.c_tiles_q == tiles && \dut.src_outer_q == src_outer);
      assert (\dut.src_inner_q == src_inner && \dut.block_stride_q == block_stride);
      assert (\dut.tile_stride_q == tile_stride && \dut.ev_stride_q == ev_stride);
      assert (\dut.macro_q == c[CMD_ROW_MACRO_LSB +: CMD_ROW_MACRO_W] && \dut.macro_q < MACROS);
    end
    // Sums of few strides, and the farthest ones, which the command was checked for.
    if (SMALL && runs) begin
      assert (rows >= 1 && rows <= 3 && tiles >= 1 && tiles <= 2 && pos < 12);
      assert (r_outer == times(r_token[1:0], {4'd0, src_outer}));
      assert (r_inner == times(r_tile[1:0], {8'd0, src_inner}));
      if (!written) assert (block_set == set + times(place[3:2], {4'd0, block_stride}));
      assert (set_inner == times(w_tile[1:0], {4'd0, tile_stride}));
      assert (ev_inner == times(w_tile[1:0], {6'd0, ev_stride}));
      assert (src + times(rows_1, {4'd0, src_outer}) + times(last_tile, {8'd0, src_inner}) < BEATS);
      assert (set + times(last_place[3:2], {4'd0, block_stride})
              + times(last_tile, {4'd0, tile_stride}) < SETS);
      if (is_row)
        assert (ev + {16'd0, last_place[3:2]} + times(last_tile, {6'd0, ev_stride}) < BEATS);
    end
  end
endmodule

`default_nettype wire
