// SPDX-License-Identifier: Apache-2.0
//
// vector_command: takes a `ve` command, checks it, and holds its settings while it runs.
//
// Contract: a command is either refused (refused, with status) before anything has moved, or go
//   starts the engine with all settings stable until finished. The rules are those of
//   docs/architecture.md, Vector engine; ILLEGAL goes before ADDRESS.
// Handshake: cmd_valid, cmd_ready; the next command is taken after finished.
// Latency: go or refused 3 cycles after the command was taken.
// Cost: five multipliers of at most 12x12 bits, used once per command.
`default_nettype none

module vector_command #(
  parameter BLOCK = 64,
  parameter STASH_BEATS = 16384
) (
  input  wire         clk,
  input  wire         rst,

  input  wire         cmd_valid,
  output wire         cmd_ready,
  input  wire [255:0] cmd,

  output wire         go,        // pulse: start
  output wire         refused,   // pulse: status tells why
  output wire [3:0]   status,
  input  wire         finished,  // pulse: the command that went is over
  output wire         running,

  // settings
  output wire [1:0]   scale,
  output wire [2:0]   bin,
  output wire [2:0]   fn,
  output wire [2:0]   reduce,
  output wire [1:0]   post,
  output wire [1:0]   out,
  output wire         fold,
  output wire         s_row,
  output wire         causal,
  output wire [15:0]  a,
  output wire [15:0]  b,
  output wire [15:0]  d,
  output wire [15:0]  len,
  output wire [9:0]   s_src,
  output wire [9:0]   s_dst,
  output wire [31:0]  imm,
  output wire         use_s,
  output wire         use_b,
  output wire         use_d,
  output wire         hold,      // the row becomes C
  output wire         pool,      // rows are added up to one

  // walks of the streams, see vector_walker; b and d have equal rows
  output wire [11:0]  a_outer_steps,
  output wire [11:0]  a_inner_steps,
  output wire [16:0]  a_row,
  output wire [16:0]  a_last_row,
  output wire [11:0]  a_outer_stride,
  output wire [11:0]  a_inner_stride,
  output wire [11:0]  b_outer_steps,
  output wire [11:0]  b_inner_steps,
  output reg  [16:0]  b_beats,
  output wire [11:0]  b_outer,
  output wire [11:0]  d_outer_steps,
  output reg  [16:0]  d_beats,
  output wire [11:0]  d_outer,
  output wire [11:0]  d_inner
);
`include "commands.vh"

  localparam LANES = BLOCK / 4;
  localparam [1:0] SCALE_ADD = 2'd3;
  localparam [2:0] BIN_AFFINE = 3'd5;
  localparam [2:0] FN_LAST = 3'd4;
  localparam [2:0] REDUCE_ARGMAX = 3'd4;
  localparam [2:0] REDUCE_ROWS = 3'd5;
  localparam [1:0] OUT_FP32 = 2'd1;
  localparam [1:0] OUT_MX = 2'd2;
  localparam [1:0] OUT_ARGMAX = 2'd3;
  localparam [16:0] HELD_BEATS = 17'd64;
  localparam [2:0] IDLE = 3'd0;
  localparam [2:0] PRODUCTS = 3'd1;
  localparam [2:0] SUMS = 3'd2;
  localparam [2:0] VERDICT = 3'd3;
  localparam [2:0] RUN = 3'd4;
  localparam [3:0] GOOD = 4'd0;
  localparam [3:0] ILLEGAL = 4'd1;
  localparam [3:0] ADDRESS = 4'd2;
  localparam [31:0] LAST_WORD = STASH_BEATS - 1;
  localparam [25:0] LAST = LAST_WORD[25:0];
  localparam [31:0] LANES_WORD = LANES;
  localparam [31:0] BLOCK_WORD = BLOCK;
  localparam [16:0] LANES_UP = LANES_WORD[16:0] - 17'd1;
  localparam [16:0] BLOCK_UP = BLOCK_WORD[16:0] - 17'd1;

  reg [2:0] state_q;
  // The dispatcher has used the header and the base numbers.
  /* verilator lint_off UNUSEDSIGNAL */
  reg [255:0] cmd_q;
  /* verilator lint_on UNUSEDSIGNAL */

  assign scale = cmd_q[CMD_VE_SCALE_LSB +: CMD_VE_SCALE_W];
  assign bin = cmd_q[CMD_VE_BIN_LSB +: CMD_VE_BIN_W];
  assign fn = cmd_q[CMD_VE_FN_LSB +: CMD_VE_FN_W];
  assign reduce = cmd_q[CMD_VE_REDUCE_LSB +: CMD_VE_REDUCE_W];
  assign post = cmd_q[CMD_VE_POST_LSB +: CMD_VE_POST_W];
  assign out = cmd_q[CMD_VE_OUT_LSB +: CMD_VE_OUT_W];
  assign fold = cmd_q[CMD_VE_FOLD_LSB +: CMD_VE_FOLD_W];
  assign s_row = cmd_q[CMD_VE_S_ROW_LSB +: CMD_VE_S_ROW_W];
  assign causal = cmd_q[CMD_VE_CAUSAL_LSB +: CMD_VE_CAUSAL_W];
  assign a = cmd_q[CMD_VE_A_LSB +: CMD_VE_A_W];
  assign b = cmd_q[CMD_VE_B_LSB +: CMD_VE_B_W];
  assign d = cmd_q[CMD_VE_D_LSB +: CMD_VE_D_W];
  assign len = cmd_q[CMD_VE_LEN_LSB +: CMD_VE_LEN_W];
  assign b_outer = cmd_q[CMD_VE_B_OUTER_LSB +: CMD_VE_B_OUTER_W];
  assign d_outer = cmd_q[CMD_VE_D_OUTER_LSB +: CMD_VE_D_OUTER_W];
  assign d_inner = {2'd0, cmd_q[CMD_VE_D_INNER_LSB +: CMD_VE_D_INNER_W]};
  assign s_src = cmd_q[CMD_VE_S_SRC_LSB +: CMD_VE_S_SRC_W];
  assign s_dst = cmd_q[CMD_VE_S_DST_LSB +: CMD_VE_S_DST_W];
  assign imm = cmd_q[CMD_VE_IMM_LSB +: CMD_VE_IMM_W];

  wire [11:0] outer = cmd_q[CMD_VE_OUTER_LSB +: CMD_VE_OUTER_W];
  wire [7:0] inner = cmd_q[CMD_VE_INNER_LSB +: CMD_VE_INNER_W];
  wire [11:0] a_outer = cmd_q[CMD_VE_A_OUTER_LSB +: CMD_VE_A_OUTER_W];
  wire [9:0] a_inner = cmd_q[CMD_VE_A_INNER_LSB +: CMD_VE_A_INNER_W];
  wire [11:0] outer_steps = outer - 12'd1;
  wire [7:0] inner_steps = inner - 8'd1;
  reg [16:0] a_beats;  // of a row

  assign hold = out == OUT_ARGMAX && reduce != REDUCE_ARGMAX;
  assign pool = reduce == REDUCE_ROWS;
  assign use_s = scale == 2'd1 || scale == 2'd2;
  assign use_b = bin != 3'd0 || fold;
  assign use_d = out != 2'd0 && !hold;
  wire use_c = scale == SCALE_ADD || bin == BIN_AFFINE;
  wire use_target = reduce >= 3'd1 && reduce <= 3'd3;

  // To add up rows, A is walked in groups of four beats: a group of each row, then the next group.
  // So a partial sum is not needed again before four beats later. Groups are counted to 4096.
  wire [13:0] a_final = a_beats[13:0] - 14'd1;
  wire [11:0] groups = a_final[13:2];
  assign a_outer_steps = pool ? groups : outer_steps;
  assign a_inner_steps = pool ? outer_steps : {4'd0, inner_steps};
  assign a_row = pool ? 17'd4 : a_beats;
  assign a_last_row = pool ? {15'd0, a_final[1:0]} + 17'd1 : a_beats;
  assign a_outer_stride = pool ? 12'd4 : a_outer;
  assign a_inner_stride = pool ? a_outer : {2'd0, a_inner};
  assign b_outer_steps = outer_steps;
  assign b_inner_steps = {4'd0, inner_steps};
  assign d_outer_steps = pool ? 12'd0 : outer_steps;

  // PRODUCTS: how far the last row lies from the first
  wire [16:0] span = {1'b0, len} + (causal ? {5'd0, outer_steps} : 17'd0);
  reg [23:0] a_far_q, b_far_q, d_far_q;
  reg [17:0] a_near_q, d_near_q;
  reg [19:0] rows_q;

  // SUMS: last beat and last scalar of each stream, relative to nothing
  reg [25:0] a_last_q, b_last_q, d_last_q;
  reg [20:0] s_last_q, t_last_q;

  always @(posedge clk) begin
    if (cmd_valid && cmd_ready) cmd_q <= cmd;
    if (state_q == PRODUCTS) begin
      a_far_q <= outer_steps * a_outer;
      b_far_q <= outer_steps * b_outer;
      d_far_q <= d_outer_steps * d_outer;
      a_near_q <= inner_steps * a_inner;
      d_near_q <= inner_steps * d_inner[9:0];
      rows_q <= outer * inner;
      a_beats <= (span + LANES_UP) / LANES_WORD[16:0];
      b_beats <= fold ? (span + BLOCK_UP) / BLOCK_WORD[16:0] : (span + LANES_UP) / LANES_WORD[16:0];
      case (out)
        OUT_FP32: d_beats <= (span + LANES_UP) / LANES_WORD[16:0];
        OUT_MX: d_beats <= (span + BLOCK_UP) / BLOCK_WORD[16:0];
        default: d_beats <= 17'd1;
      endcase
    end
    if (state_q == SUMS) begin
      a_last_q <= {10'd0, a} + {2'd0, a_far_q} + {8'd0, a_near_q} + {9'd0, a_beats} - 26'd1;
      b_last_q <= {10'd0, b} + {2'd0, b_far_q} + {9'd0, b_beats} - 26'd1;
      d_last_q <= {10'd0, d} + {2'd0, d_far_q} + {8'd0, d_near_q} + {9'd0, d_beats} - 26'd1;
      s_last_q <= {11'd0, s_src} + (s_row ? {1'b0, rows_q} : {9'd0, outer}) - 21'd1;
      t_last_q <= {11'd0, s_dst} + {1'b0, rows_q} - 21'd1;
    end
  end

  // VERDICT
  wire overlap = use_s && use_target &&
    {11'd0, s_src} <= t_last_q && {11'd0, s_dst} <= s_last_q &&
    !(s_src >= s_dst && (s_row || inner == 8'd1));
  wire illegal =
    cmd_q[CMD_OPCODE_LSB +: CMD_OPCODE_W] != CMD_VE ||
    bin > BIN_AFFINE || fn > FN_LAST || reduce > REDUCE_ROWS ||
    outer == 12'd0 || inner == 8'd0 || len == 16'd0 || (fold && bin != 3'd0) ||
    (reduce == REDUCE_ARGMAX && out != OUT_ARGMAX) ||
    (hold && (outer != 12'd1 || inner != 8'd1 || reduce != 3'd0 || use_c)) ||
    (scale == SCALE_ADD && bin == BIN_AFFINE) || ((hold || use_c) && a_beats > HELD_BEATS) ||
    (pool && (out != OUT_FP32 || inner != 8'd1 || causal || scale != 2'd0 || fn != 3'd0 ||
              use_b)) || overlap;
  wire beyond =
    a_last_q > LAST || (use_b && b_last_q > LAST) || (use_d && d_last_q > LAST) ||
    (use_s && s_last_q > 21'd1023) || (use_target && t_last_q > 21'd1023);

  assign cmd_ready = state_q == IDLE;
  assign running = state_q == RUN;
  assign status = illegal ? ILLEGAL : beyond ? ADDRESS : GOOD;
  assign go = state_q == VERDICT && status == GOOD;
  assign refused = state_q == VERDICT && status != GOOD;

  always @(posedge clk) begin
    if (rst) state_q <= IDLE;
    else case (state_q)
      IDLE: if (cmd_valid) state_q <= PRODUCTS;
      PRODUCTS: state_q <= SUMS;
      SUMS: state_q <= VERDICT;
      VERDICT: state_q <= go ? RUN : IDLE;
      default: if (finished) state_q <= IDLE;
    endcase
  end
endmodule

`default_nettype wire
