// SPDX-License-Identifier: Apache-2.0
//
// move_engine: executes `column` and `row` commands: appends tokens to a KV cache held in a macro.
//
// Contract: docs/chiplet.md. Beat k of token t is read at src + t*src_outer + k*src_inner and
//   written to column (or row) (pos+t) mod BLOCK of set + ((pos+t) div BLOCK)*block_stride +
//   k*tile_stride. `row` also writes the beat's exponent to byte (pos+t) mod BLOCK of stash beat ev
//   + k*ev_stride + (pos+t) div BLOCK. The signature has one beat per beat moved, numbered from 0.
// Handshake: cmd, req, mw are valid/ready; one stash port for reads and exponent bytes. mw_conflict
//   is a pulse at most two cycles after a macro write that was dropped.
// Latency: command at t, first read at t+1, first macro write at t+3; done three cycles after the
//   last write. Rate: one column per cycle, one row per two cycles (two stash accesses).
// Errors: zero rows or tiles -> ILLEGAL; stash, set or macro beyond the end -> ADDRESS, nothing is
//   written; a dropped macro write -> CONFLICT after the command has run to its end.
// Cost: DEPTH beats, a signature unit, five address multipliers.
`default_nettype none

module move_engine #(
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter N_MACROS = 2,
  parameter DEPTH = 4        // beats read ahead
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd,
  output reg                done_valid,
  output wire [31:0]        done_signature,
  output wire [3:0]         done_status,

  // stash
  output wire               req_valid,
  input  wire               req_ready,
  output wire               req_we,
  output wire [15:0]        req_addr,
  output wire [8*BLOCK-1:0] req_data,
  output wire [15:0]        req_exps,
  output wire [BLOCK-1:0]   req_strb,
  input  wire               rsp_valid,
  input  wire [8*BLOCK-1:0] rsp_data,
  input  wire [15:0]        rsp_exps,

  // macro writes, all columns or rows of the array
  output wire               mw_valid,
  input  wire               mw_ready,
  output wire [3:0]         mw_macro,
  output wire               mw_row,
  output wire [11:0]        mw_set,
  output wire [7:0]         mw_index,
  output wire [8*BLOCK-1:0] mw_data,
  output wire [15:0]        mw_exps,
  input  wire               mw_conflict
);
`include "commands.vh"

  localparam INDEX_BITS = $clog2(BLOCK);
  localparam [INDEX_BITS-1:0] INDEX_LAST = {INDEX_BITS{1'b1}};

  generate
    if (BLOCK < 4 || BLOCK > 64 || (1 << INDEX_BITS) != BLOCK) begin : g_block
      move_engine_BLOCK_must_be_a_power_of_two_from_4_to_64 rule ();
    end
    if (SETS < 1 || SETS > 4096) begin : g_sets
      move_engine_SETS_must_be_1_to_4096 rule ();
    end
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      move_engine_STASH_BEATS_must_be_1_to_65536 rule ();
    end
    if (N_MACROS < 1 || N_MACROS > 12) begin : g_macros
      move_engine_N_MACROS_must_be_1_to_12 rule ();
    end
  endgenerate

  // The command, checked as it is taken
  wire        c_row = cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_ROW;
  wire        c_known = c_row || cmd[CMD_OPCODE_LSB +: CMD_OPCODE_W] == CMD_COLUMN;
  wire [15:0] c_src = cmd[CMD_ROW_SRC_LSB +: CMD_ROW_SRC_W];
  wire [11:0] c_rows = cmd[CMD_ROW_ROWS_LSB +: CMD_ROW_ROWS_W];
  wire [19:0] c_pos = cmd[CMD_ROW_POS_LSB +: CMD_ROW_POS_W];
  wire [11:0] c_set = cmd[CMD_ROW_SET_LSB +: CMD_ROW_SET_W];
  wire [5:0]  c_tiles = cmd[CMD_ROW_TILES_LSB +: CMD_ROW_TILES_W];
  wire [11:0] c_src_outer = cmd[CMD_ROW_SRC_OUTER_LSB +: CMD_ROW_SRC_OUTER_W];
  wire [7:0]  c_src_inner = cmd[CMD_ROW_SRC_INNER_LSB +: CMD_ROW_SRC_INNER_W];
  wire [11:0] c_block_stride = cmd[CMD_ROW_BLOCK_STRIDE_LSB +: CMD_ROW_BLOCK_STRIDE_W];
  wire [11:0] c_tile_stride = cmd[CMD_ROW_TILE_STRIDE_LSB +: CMD_ROW_TILE_STRIDE_W];
  wire [3:0]  c_macro = cmd[CMD_ROW_MACRO_LSB +: CMD_ROW_MACRO_W];
  wire [15:0] c_ev = cmd[CMD_ROW_EV_LSB +: CMD_ROW_EV_W];
  wire [9:0]  c_ev_stride = cmd[CMD_ROW_EV_STRIDE_LSB +: CMD_ROW_EV_STRIDE_W];

  wire [31:0] c_last_row = {20'd0, c_rows} - 32'd1;
  wire [31:0] c_last_tile = {26'd0, c_tiles} - 32'd1;
  wire [31:0] c_first_block = {12'd0, c_pos} >> INDEX_BITS;
  wire [31:0] c_last_block = ({12'd0, c_pos} + c_last_row) >> INDEX_BITS;
  wire [31:0] c_first_set = {20'd0, c_set} + c_first_block * {20'd0, c_block_stride};
  wire [31:0] c_src_last = {16'd0, c_src} + c_last_row * {20'd0, c_src_outer}
                           + c_last_tile * {24'd0, c_src_inner};
  wire [31:0] c_set_last = {20'd0, c_set} + c_last_block * {20'd0, c_block_stride}
                           + c_last_tile * {20'd0, c_tile_stride};
  wire [31:0] c_ev_last = {16'd0, c_ev} + c_last_block + c_last_tile * {22'd0, c_ev_stride};
  wire        c_illegal = !c_known || c_rows == 12'd0 || c_tiles == 6'd0;
  wire        c_beyond = c_src_last >= STASH_BEATS || c_set_last >= SETS
                         || {28'd0, c_macro} >= N_MACROS || (c_row && c_ev_last >= STASH_BEATS);
  wire        c_refuse = c_illegal || c_beyond;

  wire        unused = &{1'b0, cmd, c_first_set};

  // Reads
  reg                  read_q;       // addresses are still to be asked for
  reg [15:0]           src_q;
  reg [15:0]           src_row_q;    // first beat of the token
  reg [11:0]           src_rows_q;   // tokens left
  reg [5:0]            src_tiles_q;  // tiles left in the token
  // Writes
  reg                  busy_q;       // beats are still to be written
  reg                  row_q;
  reg [INDEX_BITS-1:0] index_q;
  reg [11:0]           set_block_q;  // set of tile 0 of the token
  reg [11:0]           set_q;
  reg [15:0]           ev_block_q;
  reg [15:0]           ev_q;
  reg [11:0]           rows_q;
  reg [5:0]            tiles_q;
  reg [23:0]           number_q;     // beat number, for the signature
  reg                  moved_q;      // the macro has the current beat
  reg                  noted_q;      // the stash has its exponent
  // Constants of the command
  reg [3:0]            macro_q;
  reg [5:0]            c_tiles_q;
  reg [11:0]           src_outer_q;
  reg [7:0]            src_inner_q;
  reg [11:0]           block_stride_q;
  reg [11:0]           tile_stride_q;
  reg [9:0]            ev_stride_q;
  reg [3:0]            status_q;
  reg [1:0]            end_q;        // cycles in which a conflict of the last write may still come

  wire accept = cmd_valid && cmd_ready;
  assign cmd_ready = !busy_q && end_q == 2'd0 && !done_valid;
  assign done_status = status_q;

  wire        read_ready;
  wire        r_valid;
  wire        r_ready;
  wire [15:0] r_addr;
  wire        beat_valid;
  wire        leave;
  stash_reader #(.BLOCK(BLOCK), .DEPTH(DEPTH)) reader (
    .clk(clk), .rst(rst),
    .s_valid(read_q), .s_ready(read_ready), .s_addr(src_q),
    .req_valid(r_valid), .req_ready(r_ready), .req_addr(r_addr),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps),
    .m_valid(beat_valid), .m_ready(leave), .m_data(mw_data), .m_exps(mw_exps)
  );

  wire w_valid = beat_valid && row_q && !noted_q;
  wire w_ready;
  stash_mux port (
    .clk(clk), .rst(rst),
    .w_valid(w_valid), .w_ready(w_ready), .w_addr(ev_q),
    .r_valid(r_valid), .r_ready(r_ready), .r_addr(r_addr),
    .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we), .req_addr(req_addr)
  );
  localparam [BLOCK-1:0] BYTE_0 = 1;
  assign req_data = {BLOCK{mw_exps[7:0]}};
  assign req_exps = 16'd0;
  assign req_strb = BYTE_0 << index_q;

  assign mw_valid = beat_valid && !moved_q;
  assign mw_macro = macro_q;
  assign mw_row = row_q;
  assign mw_set = set_q;
  assign mw_index = {{(8-INDEX_BITS){1'b0}}, index_q};

  wire move = mw_valid && mw_ready;
  wire note = w_valid && w_ready;
  assign leave = beat_valid && (moved_q || move) && (!row_q || noted_q || note);
  wire last_tile = tiles_q == 6'd1;
  wire last = last_tile && rows_q == 12'd1;

  signature #(.BLOCK(BLOCK)) sign (
    .clk(clk), .rst(rst), .clear(done_valid),
    .valid(leave), .offset({8'd0, number_q}), .data(mw_data), .exps(mw_exps),
    .sum(done_signature)
  );

  wire [15:0] src_next_row = src_row_q + {4'd0, src_outer_q};
  wire [11:0] set_next = (index_q == INDEX_LAST) ? set_block_q + block_stride_q : set_block_q;
  wire [15:0] ev_next = (index_q == INDEX_LAST) ? ev_block_q + 16'd1 : ev_block_q;
  localparam [INDEX_BITS-1:0] INDEX_ONE = 1;
  always @(posedge clk) begin
    if (accept) begin
      src_q <= c_src;
      src_row_q <= c_src;
      src_rows_q <= c_rows;
      src_tiles_q <= c_tiles;
      row_q <= c_row;
      index_q <= c_pos[INDEX_BITS-1:0];
      set_block_q <= c_first_set[11:0];
      set_q <= c_first_set[11:0];
      ev_block_q <= c_ev + c_first_block[15:0];
      ev_q <= c_ev + c_first_block[15:0];
      rows_q <= c_rows;
      tiles_q <= c_tiles;
      number_q <= 24'd0;
      macro_q <= c_macro;
      c_tiles_q <= c_tiles;
      src_outer_q <= c_src_outer;
      src_inner_q <= c_src_inner;
      block_stride_q <= c_block_stride;
      tile_stride_q <= c_tile_stride;
      ev_stride_q <= c_ev_stride;
      status_q <= c_illegal ? ERROR_ILLEGAL : c_beyond ? ERROR_ADDRESS : ERROR_NONE;
    end else if (mw_conflict) begin
      status_q <= ERROR_CONFLICT;
    end
    if (read_q && read_ready) begin
      src_q <= (src_tiles_q == 6'd1) ? src_next_row : src_q + {8'd0, src_inner_q};
      src_tiles_q <= (src_tiles_q == 6'd1) ? c_tiles_q : src_tiles_q - 6'd1;
      if (src_tiles_q == 6'd1) begin
        src_row_q <= src_next_row;
        src_rows_q <= src_rows_q - 12'd1;
      end
    end
    if (leave) begin
      number_q <= number_q + 24'd1;
      tiles_q <= last_tile ? c_tiles_q : tiles_q - 6'd1;
      set_q <= last_tile ? set_next : set_q + tile_stride_q;
      ev_q <= last_tile ? ev_next : ev_q + {6'd0, ev_stride_q};
      if (last_tile) begin
        rows_q <= rows_q - 12'd1;
        index_q <= index_q + INDEX_ONE;
        set_block_q <= set_next;
        ev_block_q <= ev_next;
      end
    end
    if (rst) begin
      read_q <= 1'b0;
      busy_q <= 1'b0;
      moved_q <= 1'b0;
      noted_q <= 1'b0;
      end_q <= 2'd0;
      done_valid <= 1'b0;
    end else begin
      if (accept) busy_q <= !c_refuse;
      else if (leave && last) busy_q <= 1'b0;
      if (accept) read_q <= !c_refuse;
      else if (read_ready && src_tiles_q == 6'd1 && src_rows_q == 12'd1) read_q <= 1'b0;
      moved_q <= !leave && (moved_q || move);
      noted_q <= !leave && (noted_q || note);
      if (leave && last) end_q <= 2'd2;
      else if (end_q != 2'd0) end_q <= end_q - 2'd1;
      done_valid <= (accept && c_refuse) || end_q == 2'd1;
    end
  end
endmodule

`default_nettype wire
