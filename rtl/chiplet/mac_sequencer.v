// SPDX-License-Identifier: Apache-2.0
//
// mac_sequencer: executes `mac` commands: feeds one DIMC macro from the stash, stores its results.
//
// Contract: docs/chiplet.md. For each outer o, inner i, column tile n, block k one activation
//   vector goes to the macro; each tile's result beats are written at dst + o*dst_outer +
//   i*dst_inner + n*(tile columns)/LANES. With `accumulate` a tile starts from the beats found at
//   its destination, read after all results of earlier commands were written. Activations of the
//   next command may be read before the results of this one are written.
// Lock: lock_first to lock_last, inclusive, covers every set from the command's first to its last
//   while its vectors are being fed; in the last row it shrinks tile by tile. Sets between the
//   tiles' own (tile_stride larger than the number of blocks) are locked too.
// Handshake: valid/ready, payload stable while stalled; preload beats are never dropped.
// Latency: command at t, first stash request at t+1, first vector offered at t+4, done one cycle
//   after the last result beat was written. No idle cycle of the macro between vectors, rows and
//   commands if the stash answers and takes in time; a command with accumulate waits for the
//   results of the one before.
// Errors: zero counts -> ILLEGAL; stash or set beyond the end -> ADDRESS; nothing is read or
//   written.
// Cost: BUFFER + 4 beats, a signature unit, five address multipliers.
`default_nettype none

module mac_sequencer #(
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter BUFFER = 64
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd,
  output reg                done_valid,
  output wire [31:0]        done_signature,
  output reg  [3:0]         done_status,

  // stash: activations (reads only)
  output wire               act_req_valid,
  input  wire               act_req_ready,
  output wire [15:0]        act_req_addr,
  input  wire               act_rsp_valid,
  input  wire [8*BLOCK-1:0] act_rsp_data,
  input  wire [15:0]        act_rsp_exps,

  // stash: results, and reads of start values
  output wire               res_req_valid,
  input  wire               res_req_ready,
  output wire               res_req_we,
  output wire [15:0]        res_req_addr,
  output wire [8*BLOCK-1:0] res_req_data,
  input  wire               res_rsp_valid,
  input  wire [8*BLOCK-1:0] res_rsp_data,

  // macro
  output wire               lock_valid,
  output wire [15:0]        lock_first,
  output wire [15:0]        lock_last,
  output wire               act_valid,
  input  wire               act_ready,
  output wire [8*BLOCK-1:0] act_data,
  output wire [7:0]         act_exp,
  output wire [15:0]        act_set,
  output wire               act_int4,
  output wire [7:0]         act_rows,
  output wire [7:0]         act_cols,
  output wire               act_first,
  output wire               act_preload,
  output wire               act_last,
  output wire               pre_valid,
  input  wire               pre_ready,
  output wire [8*BLOCK-1:0] pre_data,
  input  wire               res_valid,
  output wire               res_ready,
  input  wire [8*BLOCK-1:0] res_data,
  input  wire [2:0]         res_index,
  input  wire               res_last
);
`include "commands.vh"

  localparam INDEX_BITS = $clog2(BLOCK);
  localparam LANE_BITS = INDEX_BITS - 2;
  // Truncated on purpose: the constants fit.
  localparam [31:0] ROWS_WORD = BLOCK;
  localparam [31:0] INT4_WORD = 2 * BLOCK;
  localparam [7:0] WHOLE_ROWS = ROWS_WORD[7:0];
  localparam [7:0] WHOLE_INT4 = INT4_WORD[7:0];

  generate
    if (BLOCK < 8 || BLOCK > 64 || (1 << INDEX_BITS) != BLOCK) begin : g_block
      mac_sequencer_BLOCK_must_be_a_power_of_two_from_8_to_64 rule ();
    end
    if (SETS < 1 || SETS > 4096) begin : g_sets
      mac_sequencer_SETS_must_be_1_to_4096 rule ();
    end
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      mac_sequencer_STASH_BEATS_must_be_1_to_65536 rule ();
    end
  endgenerate

  // The command, checked as it is taken
  wire [15:0] c_src = cmd[CMD_MAC_SRC_LSB +: CMD_MAC_SRC_W];
  wire [15:0] c_dst = cmd[CMD_MAC_DST_LSB +: CMD_MAC_DST_W];
  wire [11:0] c_set = cmd[CMD_MAC_SET_LSB +: CMD_MAC_SET_W];
  wire [15:0] c_cols = cmd[CMD_MAC_COLS_LSB +: CMD_MAC_COLS_W];
  wire [15:0] c_depth = cmd[CMD_MAC_DEPTH_LSB +: CMD_MAC_DEPTH_W];
  wire [11:0] c_outer = cmd[CMD_MAC_OUTER_LSB +: CMD_MAC_OUTER_W];
  wire [7:0]  c_inner = cmd[CMD_MAC_INNER_LSB +: CMD_MAC_INNER_W];
  wire [11:0] c_tile_stride = cmd[CMD_MAC_TILE_STRIDE_LSB +: CMD_MAC_TILE_STRIDE_W];
  wire [13:0] c_src_outer = cmd[CMD_MAC_SRC_OUTER_LSB +: CMD_MAC_SRC_OUTER_W];
  wire [7:0]  c_src_inner = cmd[CMD_MAC_SRC_INNER_LSB +: CMD_MAC_SRC_INNER_W];
  wire [13:0] c_dst_outer = cmd[CMD_MAC_DST_OUTER_LSB +: CMD_MAC_DST_OUTER_W];
  wire [11:0] c_dst_inner = cmd[CMD_MAC_DST_INNER_LSB +: CMD_MAC_DST_INNER_W];
  wire        c_int4 = cmd[CMD_MAC_INT4_LSB];
  wire        c_accumulate = cmd[CMD_MAC_ACCUMULATE_LSB];

  wire [15:0] c_last_col = c_cols - 16'd1;
  wire [15:0] c_last_element = c_depth - 16'd1;
  wire [15:0] c_last_tile = c_int4 ? c_last_col >> (INDEX_BITS + 1) : c_last_col >> INDEX_BITS;
  wire [15:0] c_last_block = c_last_element >> INDEX_BITS;
  wire [15:0] c_last_beat = c_last_col >> LANE_BITS;
  wire [31:0] c_last_outer = {20'd0, c_outer} - 32'd1;
  wire [31:0] c_last_inner = {24'd0, c_inner} - 32'd1;
  wire [31:0] c_src_end = {16'd0, c_src} + c_last_outer * {18'd0, c_src_outer}
                          + c_last_inner * {24'd0, c_src_inner} + {16'd0, c_last_block};
  wire [31:0] c_dst_end = {16'd0, c_dst} + c_last_outer * {18'd0, c_dst_outer}
                          + c_last_inner * {20'd0, c_dst_inner} + {16'd0, c_last_beat};
  wire [31:0] c_set_end = {20'd0, c_set} + {16'd0, c_last_tile} * {20'd0, c_tile_stride}
                          + {16'd0, c_last_block};
  wire        c_illegal = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] != CMD_MAC || c_cols == 16'd0
                          || c_depth == 16'd0 || c_outer == 12'd0 || c_inner == 8'd0;
  wire        c_beyond = c_src_end >= STASH_BEATS || c_dst_end >= STASH_BEATS || c_set_end >= SETS;
  wire [3:0]  c_status = c_illegal ? ERROR_ILLEGAL : c_beyond ? ERROR_ADDRESS : ERROR_NONE;
  wire        c_resident = {16'd0, c_last_block} < BUFFER;
  wire        unused = &{1'b0, cmd, act_rsp_exps[15:8]};

  // The next command: its activations are being read while the one before is fed.
  reg         next_valid_q;
  reg  [3:0]  next_status_q;
  reg  [15:0] next_dst_q;
  reg  [15:0] next_set_q;
  reg  [15:0] next_set_end_q;
  reg  [15:0] next_last_tile_q;
  reg  [15:0] next_last_block_q;
  reg  [11:0] next_outer_q;
  reg  [7:0]  next_inner_q;
  reg  [7:0]  next_cols_q;      // of the last tile
  reg  [7:0]  next_rows_q;      // of the last block
  reg  [11:0] next_tile_stride_q;
  reg  [13:0] next_dst_outer_q;
  reg  [11:0] next_dst_inner_q;
  reg         next_int4_q;
  reg         next_accumulate_q;
  reg         next_resident_q;

  wire        fetch_idle;
  wire        accept = cmd_valid && cmd_ready;
  assign cmd_ready = !next_valid_q && fetch_idle;

  // The command being fed
  reg         feed_valid_q;
  reg  [3:0]  status_q;
  reg         fresh_q;          // nothing of it was fed yet
  reg         loaded_q;         // its last vector is in the output register
  reg  [15:0] dst_q;
  reg  [15:0] set_q;
  reg  [15:0] last_tile_q;
  reg  [15:0] last_block_q;
  reg  [11:0] outer_q;          // steps left
  reg  [7:0]  inner_q;
  reg  [7:0]  inners_q;
  reg  [7:0]  cols_q;
  reg  [7:0]  rows_q;
  reg  [11:0] tile_stride_q;
  reg  [13:0] dst_outer_q;
  reg  [11:0] dst_inner_q;
  reg         int4_q;
  reg         accumulate_q;
  reg         resident_q;
  reg  [15:0] block_q;          // current vector
  reg  [15:0] tile_q;
  reg  [15:0] tile_set_q;
  reg  [15:0] tile_dst_q;
  reg  [15:0] row_dst_q;
  reg  [15:0] step_dst_q;

  // Output register
  reg         out_valid_q;
  reg  [8*BLOCK+7:0] out_beat_q;
  reg  [15:0] out_set_q;
  reg         out_int4_q;
  reg  [7:0]  out_rows_q;
  reg  [7:0]  out_cols_q;
  reg         out_first_q;
  reg         out_preload_q;
  reg         out_last_q;
  reg         out_last_row_q;
  reg         out_end_q;        // last vector of the command
  reg  [15:0] lock_first_q;
  reg  [15:0] lock_last_q;

  wire refused = feed_valid_q && status_q != ERROR_NONE;
  wire tiles_busy;              // tiles whose results are not all written
  wire tiles_room;
  wire starts_room;
  wire refuse = refused && !tiles_busy && !done_valid;
  wire feed_end = (out_valid_q && act_ready && out_end_q) || refuse;
  wire feed_start = next_valid_q && (!feed_valid_q || feed_end);

  wire beat_valid;
  wire [8*BLOCK-1:0] beat_data;
  wire [7:0] beat_exp;
  wire first_block = block_q == 16'd0;
  wire last_block = block_q == last_block_q;
  wire last_tile = tile_q == last_tile_q;
  wire last_row = inner_q == 8'd1 && outer_q == 12'd1;
  wire tile_may_start = tiles_room
                        && (!accumulate_q || (starts_room && (!fresh_q || !tiles_busy)));
  wire load = feed_valid_q && !refused && !loaded_q && beat_valid && (!out_valid_q || act_ready)
              && (!first_block || tile_may_start);
  wire free = last_tile || !resident_q;

  mac_fetch #(.BLOCK(BLOCK), .BUFFER(BUFFER)) fetch (
    .clk(clk), .rst(rst),
    .start(accept && c_status == ERROR_NONE), .idle(fetch_idle),
    .src(c_src), .src_outer(c_src_outer), .src_inner(c_src_inner),
    .outer(c_outer), .inner(c_inner), .blocks(c_last_block + 16'd1),
    .passes(c_resident ? 16'd1 : c_last_tile + 16'd1),
    .req_valid(act_req_valid), .req_ready(act_req_ready), .req_addr(act_req_addr),
    .rsp_valid(act_rsp_valid), .rsp_data(act_rsp_data), .rsp_exp(act_rsp_exps[7:0]),
    .m_valid(beat_valid), .m_data(beat_data), .m_exp(beat_exp),
    .take(load), .free(free), .rewind(last_block && !free)
  );

  // Feeding
  assign act_valid = out_valid_q;
  assign {act_exp, act_data} = out_beat_q;
  assign act_set = out_set_q;
  assign act_int4 = out_int4_q;
  assign act_rows = out_rows_q;
  assign act_cols = out_cols_q;
  assign act_first = out_first_q;
  assign act_preload = out_preload_q;
  assign act_last = out_last_q;
  assign lock_valid = feed_valid_q && !refused;
  assign lock_first = lock_first_q;
  assign lock_last = lock_last_q;

  wire [7:0]  cols = last_tile ? cols_q : int4_q ? WHOLE_INT4 : WHOLE_ROWS;
  wire [15:0] next_row_dst = row_dst_q + {4'd0, dst_inner_q};
  wire [15:0] next_step_dst = step_dst_q + {2'd0, dst_outer_q};
  always @(posedge clk) begin
    if (accept) begin
      next_status_q <= c_status;
      next_dst_q <= c_dst;
      next_set_q <= {4'd0, c_set};
      next_set_end_q <= c_set_end[15:0];
      next_last_tile_q <= c_last_tile;
      next_last_block_q <= c_last_block;
      next_outer_q <= c_outer;
      next_inner_q <= c_inner;
      next_cols_q <= (c_int4 ? c_last_col[7:0] & (WHOLE_INT4 - 8'd1)
                             : c_last_col[7:0] & (WHOLE_ROWS - 8'd1)) + 8'd1;
      next_rows_q <= (c_last_element[7:0] & (WHOLE_ROWS - 8'd1)) + 8'd1;
      next_tile_stride_q <= c_tile_stride;
      next_dst_outer_q <= c_dst_outer;
      next_dst_inner_q <= c_dst_inner;
      next_int4_q <= c_int4;
      next_accumulate_q <= c_accumulate;
      next_resident_q <= c_resident;
    end
    if (feed_start) begin
      status_q <= next_status_q;
      dst_q <= next_dst_q;
      set_q <= next_set_q;
      last_tile_q <= next_last_tile_q;
      last_block_q <= next_last_block_q;
      outer_q <= next_outer_q;
      inner_q <= next_inner_q;
      inners_q <= next_inner_q;
      cols_q <= next_cols_q;
      rows_q <= next_rows_q;
      tile_stride_q <= next_tile_stride_q;
      dst_outer_q <= next_dst_outer_q;
      dst_inner_q <= next_dst_inner_q;
      int4_q <= next_int4_q;
      accumulate_q <= next_accumulate_q;
      resident_q <= next_resident_q;
      block_q <= 16'd0;
      tile_q <= 16'd0;
      tile_set_q <= next_set_q;
      tile_dst_q <= next_dst_q;
      row_dst_q <= next_dst_q;
      step_dst_q <= next_dst_q;
      lock_first_q <= next_set_q;
      lock_last_q <= next_set_end_q;
    end else begin
      if (load) begin
        block_q <= last_block ? 16'd0 : block_q + 16'd1;
        if (last_block && !last_tile) begin
          tile_q <= tile_q + 16'd1;
          tile_set_q <= tile_set_q + {4'd0, tile_stride_q};
          tile_dst_q <= tile_dst_q + (int4_q ? 16'd8 : 16'd4);
        end
        if (last_block && last_tile) begin
          tile_q <= 16'd0;
          tile_set_q <= set_q;
          if (inner_q != 8'd1) begin
            inner_q <= inner_q - 8'd1;
            tile_dst_q <= next_row_dst;
            row_dst_q <= next_row_dst;
          end else begin
            inner_q <= inners_q;
            outer_q <= outer_q - 12'd1;
            tile_dst_q <= next_step_dst;
            row_dst_q <= next_step_dst;
            step_dst_q <= next_step_dst;
          end
        end
      end
      if (out_valid_q && act_ready && out_last_q && out_last_row_q) begin
        lock_first_q <= lock_first_q + {4'd0, tile_stride_q};
      end
    end
    if (load) begin
      out_beat_q <= {beat_exp, beat_data};
      out_set_q <= tile_set_q + block_q;
      out_int4_q <= int4_q;
      out_rows_q <= last_block ? rows_q : WHOLE_ROWS;
      out_cols_q <= cols;
      out_first_q <= first_block;
      out_preload_q <= first_block && accumulate_q;
      out_last_q <= last_block;
      out_last_row_q <= last_row;
      out_end_q <= last_block && last_tile && last_row;
    end
    if (rst) begin
      next_valid_q <= 1'b0;
      feed_valid_q <= 1'b0;
      out_valid_q <= 1'b0;
      fresh_q <= 1'b0;
      loaded_q <= 1'b0;
    end else begin
      if (accept) next_valid_q <= 1'b1;
      else if (feed_start) next_valid_q <= 1'b0;
      if (feed_start) feed_valid_q <= 1'b1;
      else if (feed_end) feed_valid_q <= 1'b0;
      if (load) out_valid_q <= 1'b1;
      else if (act_ready) out_valid_q <= 1'b0;
      if (feed_start) fresh_q <= 1'b1;
      else if (load) fresh_q <= 1'b0;
      if (feed_start) loaded_q <= 1'b0;
      else if (load && last_block && last_tile && last_row) loaded_q <= 1'b1;
    end
  end

  // Tiles at work in the macro: where their results go
  wire        tile_end;   // last tile of its command
  wire [15:0] tile_addr;
  wire [15:0] tile_offset;
  wire        tile_done;
  wire [15:0] feed_offset = tile_dst_q - dst_q;
  fifo #(.WIDTH(33), .DEPTH(8)) tiles (
    .clk(clk), .rst(rst),
    .s_valid(load && first_block), .s_ready(tiles_room),
    .s_data({last_tile && last_row, tile_dst_q, feed_offset}),
    .m_valid(tiles_busy), .m_ready(tile_done), .m_data({tile_end, tile_addr, tile_offset})
  );

  // Start values
  wire        start_valid;
  wire [15:0] start_addr;
  wire [3:0]  start_last;
  wire        start_ready;
  reg  [3:0]  start_beat_q;
  wire        start_end = start_beat_q == start_last;
  wire [7:0]  cols_beat = (cols - 8'd1) >> LANE_BITS;
  wire        pre_beat;
  wire        unused_beat = &{1'b0, cols_beat[7:4]};
  fifo #(.WIDTH(20), .DEPTH(2)) starts (
    .clk(clk), .rst(rst),
    .s_valid(load && first_block && accumulate_q), .s_ready(starts_room),
    .s_data({tile_dst_q, cols_beat[3:0]}),
    .m_valid(start_valid), .m_ready(start_ready && start_end), .m_data({start_addr, start_last})
  );
  wire        r_valid;
  wire        r_ready;
  wire [15:0] r_addr;
  wire [15:0] start_exps;
  wire        unused_exps = &{1'b0, start_exps};
  stash_reader #(.BLOCK(BLOCK), .DEPTH(4)) start_reader (
    .clk(clk), .rst(rst),
    .s_valid(start_valid), .s_ready(start_ready), .s_addr(start_addr + {12'd0, start_beat_q}),
    .req_valid(r_valid), .req_ready(r_ready), .req_addr(r_addr),
    .rsp_valid(res_rsp_valid), .rsp_data(res_rsp_data), .rsp_exps(16'd0),
    .m_valid(pre_beat), .m_ready(pre_ready), .m_data(pre_data), .m_exps(start_exps)
  );
  assign pre_valid = pre_beat;
  always @(posedge clk) begin
    if (rst) start_beat_q <= 4'd0;
    else if (start_valid && start_ready) start_beat_q <= start_end ? 4'd0 : start_beat_q + 4'd1;
  end

  // Results
  wire w_ready;
  wire write = res_valid && res_ready;
  assign res_ready = w_ready && tiles_busy;
  assign tile_done = write && res_last;
  assign res_req_data = res_data;
  stash_mux port (
    .clk(clk), .rst(rst),
    .w_valid(res_valid && tiles_busy), .w_ready(w_ready), .w_addr(tile_addr + {13'd0, res_index}),
    .r_valid(r_valid), .r_ready(r_ready), .r_addr(r_addr),
    .req_valid(res_req_valid), .req_ready(res_req_ready), .req_we(res_req_we),
    .req_addr(res_req_addr)
  );

  wire [15:0] offset = tile_offset + {13'd0, res_index};
  signature #(.BLOCK(BLOCK)) sign (
    .clk(clk), .rst(rst), .clear(done_valid),
    .valid(write), .offset({16'd0, offset}), .data(res_data), .exps(16'd0),
    .sum(done_signature)
  );

  always @(posedge clk) begin
    done_status <= refuse ? status_q : ERROR_NONE;
    if (rst) done_valid <= 1'b0;
    else done_valid <= (tile_done && tile_end) || refuse;
  end
endmodule

`default_nettype wire
