// SPDX-License-Identifier: Apache-2.0
//
// vector_table: exp2, reciprocal, rsqrt or normal tail of LANES fp32 values by table and quadratic.
//
// Contract: out_y = exp2(in_x), recip(in_x), rsqrt(in_x) or tail(in_x) as `op` says, bit-exact with
//   models/transcendental.py, whose text gives the steps. op does not change while values are
//   inside. Inputs follow the fp32 rules (no -0, no subnormals); those of tail are not negative.
// Handshake: none; all registers move when step is high, and stand still otherwise.
// Latency: 8 steps. Rate: one value per lane and step.
// Cost per lane: five fp32 adders, two multipliers; the table of the op (64, 128, 256 or 256 lines
//   of 96 bits) is read once per lane and step. With op tied to a constant the rest folds away.
`default_nettype none

module vector_table #(
  parameter LANES = 1
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                step,
  input  wire [1:0]          op,
  input  wire                in_valid,
  input  wire [32*LANES-1:0] in_x,
  output wire                out_valid,
  output reg  [32*LANES-1:0] out_y,
  output wire                busy
);
`include "fp32.vh"
`include "vector_tables.vh"

  localparam [1:0] EXP2 = 2'd0;
  localparam [1:0] RECIP = 2'd1;
  localparam [1:0] RSQRT = 2'd2;
  localparam [1:0] TAIL = 2'd3;

  // Results that need no arithmetic.
  localparam [1:0] REGULAR = 2'd0;
  localparam [1:0] IS_ZERO = 2'd1;
  localparam [1:0] IS_INF = 2'd2;
  localparam [1:0] IS_NAN = 2'd3;

  localparam [31:0] EXP2_MAGIC = 32'h48400000;  // 1.5 * 2^17: adding it rounds to 1/64
  localparam [31:0] TAIL_MAGIC = 32'h48C00000;  // 1.5 * 2^18: to 1/32
  wire on_grid = op == EXP2 || op == TAIL;
  wire [31:0] magic = (op == TAIL) ? TAIL_MAGIC : EXP2_MAGIC;

  function automatic [1:0] kind(input [1:0] f_op, input [31:0] f_x);
    reg f_nan;
    reg f_inf;
    begin
      f_nan = f_x[30:23] == 8'hFF && f_x[22:0] != 23'd0;
      f_inf = f_x[30:23] == 8'hFF && f_x[22:0] == 23'd0;
      if (f_nan) kind = IS_NAN;
      else if (f_op == EXP2) begin
        if (!f_x[31] && f_x[30:23] >= 8'd134) kind = IS_INF;            // x >= 128
        else if (f_x[31] && f_x[30:0] > 31'h42FC0000) kind = IS_ZERO;   // x < -126
        else kind = REGULAR;
      end else if (f_op == TAIL) begin
        kind = (f_x[30:0] >= 31'h40FF8000) ? IS_ZERO : REGULAR;         // x >= 255.5 / 32
      end else begin
        if (f_x[30:23] == 8'd0) kind = IS_INF;
        else if (f_op == RSQRT && f_x[31]) kind = IS_NAN;
        else kind = f_inf ? IS_ZERO : REGULAR;
      end
    end
  endfunction

  // Per lane: {kind, sign, power of two} travels beside the arithmetic.
  localparam SIDE = 14;

  reg [7:0] valid_q;  // bit k: stage k+1 holds a value
  reg [32*LANES-1:0] x1_q, k1_q, x2_q, d2_q, t3_q, m4_q, t4_q, a5_q, t5_q, m6_q, y7_q;
  reg [96*LANES-1:0] c3_q;
  reg [64*LANES-1:0] c4_q;
  reg [32*LANES-1:0] c5_q, c6_q;
  reg [SIDE*LANES-1:0] side2_q, side3_q, side4_q, side5_q, side6_q, side7_q;
  reg [8*LANES-1:0] index2_q;

  assign out_valid = valid_q[7];
  assign busy = valid_q != 8'd0;

  always @(posedge clk) begin
    if (rst) valid_q <= 8'd0;
    else if (step) valid_q <= {valid_q[6:0], in_valid};
  end

  always @(posedge clk) begin : stages
    integer l;
    reg [31:0] x;
    reg [16:0] grid;
    reg [7:0] exponent;
    reg [SIDE-1:0] side;

    if (step && in_valid) begin
      x1_q <= in_x;
      if (on_grid) begin
        for (l = 0; l < LANES; l = l + 1) begin
          k1_q[32*l +: 32] <= fp32_add(in_x[32*l +: 32], magic);
        end
      end
    end

    // Index, residue and power of two. exp2, tail: on a grid; else from exponent and mantissa.
    if (step && valid_q[0]) begin
      for (l = 0; l < LANES; l = l + 1) begin
        x = x1_q[32*l +: 32];
        if (on_grid) begin
          grid = k1_q[32*l +: 17];  // round(64x) mod 2^17, as these bits of the magic are 0
          x2_q[32*l +: 32] <= x;
          d2_q[32*l +: 32] <= fp32_sub(k1_q[32*l +: 32], magic);
          index2_q[8*l +: 8] <= (op == TAIL) ? grid[7:0] : {2'b00, grid[5:0]};
          side2_q[SIDE*l +: SIDE] <= {kind(op, x), 1'b0, (op == TAIL) ? 11'd0 : grid[16:6]};
        end else begin
          exponent = x[30:23] - 8'd127;
          x2_q[32*l +: 32] <= {9'h07F, x[22:0]};
          d2_q[32*l +: 32] <= {9'h07F, x[22:16], 16'd0};
          index2_q[8*l +: 8] <= {(op == RSQRT) && exponent[0], x[22:16]};
          // rsqrt: -(E >> 1) in steps of E = 2m + r; recip: -E.
          side2_q[SIDE*l +: SIDE] <= {kind(op, x), x[31], (op == RSQRT) ?
            11'd0 - {{4{exponent[7]}}, exponent[7:1]} : 11'd127 - {3'd0, x[30:23]}};
        end
      end
    end

    if (step && valid_q[1]) begin
      side3_q <= side2_q;
      for (l = 0; l < LANES; l = l + 1) begin
        t3_q[32*l +: 32] <= fp32_sub(x2_q[32*l +: 32], d2_q[32*l +: 32]);
        if (op == EXP2) c3_q[96*l +: 96] <= table_exp2(index2_q[8*l +: 6]);
        else if (op == RECIP) c3_q[96*l +: 96] <= table_recip(index2_q[8*l +: 7]);
        else if (op == TAIL) c3_q[96*l +: 96] <= table_tail(index2_q[8*l +: 8]);
        else c3_q[96*l +: 96] <= table_rsqrt(index2_q[8*l +: 8]);
      end
    end

    // The quadratic: ((c2*t + c1)*t + c0).
    if (step && valid_q[2]) begin
      side4_q <= side3_q;
      t4_q <= t3_q;
      for (l = 0; l < LANES; l = l + 1) begin
        m4_q[32*l +: 32] <= fp32_mul(c3_q[96*l + 64 +: 32], t3_q[32*l +: 32]);
        c4_q[64*l +: 64] <= c3_q[96*l +: 64];
      end
    end
    if (step && valid_q[3]) begin
      side5_q <= side4_q;
      t5_q <= t4_q;
      for (l = 0; l < LANES; l = l + 1) begin
        a5_q[32*l +: 32] <= fp32_add(m4_q[32*l +: 32], c4_q[64*l + 32 +: 32]);
        c5_q[32*l +: 32] <= c4_q[64*l +: 32];
      end
    end
    if (step && valid_q[4]) begin
      side6_q <= side5_q;
      c6_q <= c5_q;
      for (l = 0; l < LANES; l = l + 1) begin
        m6_q[32*l +: 32] <= fp32_mul(a5_q[32*l +: 32], t5_q[32*l +: 32]);
      end
    end
    if (step && valid_q[5]) begin
      side7_q <= side6_q;
      for (l = 0; l < LANES; l = l + 1) begin
        y7_q[32*l +: 32] <= fp32_add(m6_q[32*l +: 32], c6_q[32*l +: 32]);
      end
    end

    if (step && valid_q[6]) begin
      for (l = 0; l < LANES; l = l + 1) begin
        side = side7_q[SIDE*l +: SIDE];
        case (side[13:12])
          REGULAR: out_y[32*l +: 32] <=
            fp32_ldexp({side[11] ^ y7_q[32*l + 31], y7_q[32*l +: 31]}, side[10:0]);
          IS_ZERO: out_y[32*l +: 32] <= 32'd0;
          IS_INF: out_y[32*l +: 32] <= 32'h7F800000;
          default: out_y[32*l +: 32] <= 32'h7FC00000;
        endcase
      end
    end
  end
endmodule

`default_nettype wire
