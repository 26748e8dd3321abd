// SPDX-License-Identifier: Apache-2.0
//
// vector_lanes: the element-wise chain of the vector engine, LANES wide:
//
//   in -> scale -> fn -> join B -> multiply -> add -> fold -> out
//      |        |                              |
//      +--------+-> squares                    +-> sums     (both for the reducer)
//
// Contract: bit-exact with models/vector_engine.py, step by step; lanes outside the mask are +0 in
//   every stage and never look at an operand. Settings do not change while busy. c_data is the beat
//   of the held row that belongs to the beat on in_* (scale adds it) or, one step after c_next, to
//   the beat that c_next stood for (the affine bin adds it); c_end: that beat ends its row.
// Handshake: all registers move with step. wait_b asks the engine to withhold step because the beat
//   that joins B finds none; b_next takes a beat of B (with fold: at the end of a group of four, as
//   a beat of B holds the bytes of four beats).
// Latency in steps: scale 1, fn 0 (none) or as vector_function says, join 1, multiply 1, add 1,
//   fold 1; squares 1, behind scale if there is one. Rate: one beat per step, with fn one in
//   FN_CYCLES steps.
// Cost per lane: four multipliers (x*S, x*x, join, multiply), two adders (scale, add), and
//   vector_function.
`default_nettype none

module vector_lanes #(
  parameter LANES = 16,
  parameter FN_CYCLES = 4
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                step,

  // settings of the command
  input  wire [1:0]          scale,
  input  wire [2:0]          fn,
  input  wire [2:0]          bin,
  input  wire                fold,
  input  wire                squares,
  input  wire [31:0]         imm,

  input  wire                in_valid,
  input  wire [32*LANES-1:0] in_x,
  input  wire [LANES-1:0]    in_mask,
  input  wire [1:0]          in_group,
  input  wire                in_last,
  input  wire [31:0]         in_s,

  input  wire                b_valid,
  input  wire [32*LANES-1:0] b_data,
  output wire                b_next,
  output wire                wait_b,

  input  wire [32*LANES-1:0] c_data,
  output wire                c_next,
  output wire                c_end,

  output reg                 square_valid,
  output reg  [32*LANES-1:0] square_x,
  output reg  [1:0]          square_group,
  output reg                 square_last,

  output reg                 sum_valid,
  output reg  [32*LANES-1:0] sum_x,
  output reg  [LANES-1:0]    sum_mask,
  output reg  [1:0]          sum_group,
  output reg                 sum_last,

  output reg                 out_valid,
  output reg  [32*LANES-1:0] out_x,
  output reg  [1:0]          out_group,
  output reg                 out_last,

  output wire                busy
);
`include "fp32.vh"

  localparam [1:0] SCALE_NONE = 2'd0;
  localparam [1:0] SCALE_MUL = 2'd1;
  localparam [1:0] SCALE_SUB = 2'd2;
  localparam [1:0] SCALE_ADD = 2'd3;
  localparam [2:0] FN_NONE = 3'd0;
  localparam [2:0] BIN_NONE = 3'd0;
  localparam [2:0] BIN_MUL = 3'd1;
  localparam [2:0] BIN_ADD = 3'd2;
  localparam [2:0] BIN_ROPE = 3'd3;
  localparam [2:0] BIN_GATE = 3'd4;
  localparam [2:0] BIN_AFFINE = 3'd5;
  localparam TAG = LANES + 35;  // {scalar, mask, group, last}

  // scale
  reg scale_valid;
  reg [32*LANES-1:0] scale_x;
  reg [TAG-1:0] scale_tag;
  always @(posedge clk) begin : scale_stage
    integer l;
    reg [31:0] y;
    if (step && in_valid) begin
      scale_tag <= {in_s, in_mask, in_group, in_last};
      case (scale)
        SCALE_MUL: for (l = 0; l < LANES; l = l + 1) begin
          scale_x[32*l +: 32] <= in_mask[l] ? fp32_mul(in_x[32*l +: 32], in_s) : 32'd0;
        end
        SCALE_SUB, SCALE_ADD: for (l = 0; l < LANES; l = l + 1) begin
          y = (scale == SCALE_ADD) ? c_data[32*l +: 32] : {~in_s[31], in_s[30:0]};
          scale_x[32*l +: 32] <= in_mask[l] ? fp32_add(in_x[32*l +: 32], y) : 32'd0;
        end
        default: scale_x <= in_x;
      endcase
    end
  end

  // squares, of A itself where scale does nothing: a step earlier
  wire scaled = scale != SCALE_NONE;
  wire to_square = squares && (scaled ? scale_valid : in_valid);
  always @(posedge clk) begin : square_stage
    integer l;
    reg [31:0] x;
    if (step && to_square) begin
      {square_group, square_last} <= scaled ? scale_tag[2:0] : {in_group, in_last};
      for (l = 0; l < LANES; l = l + 1) begin
        x = scaled ? scale_x[32*l +: 32] : in_x[32*l +: 32];
        square_x[32*l +: 32] <= fp32_mul(x, x);
      end
    end
  end

  // fn
  wire fn_valid, fn_busy;
  wire [32*LANES-1:0] fn_x;
  wire [TAG-1:0] fn_tag;
  vector_function #(.LANES(LANES), .CYCLES(FN_CYCLES), .TAG(TAG)) functions (
    .clk(clk), .rst(rst), .step(step), .fn(fn), .imm(imm),
    .in_valid(scale_valid && fn != FN_NONE), .in_x(scale_x), .in_tag(scale_tag),
    .out_valid(fn_valid), .out_x(fn_x), .out_tag(fn_tag), .busy(fn_busy)
  );
  wire [TAG-1:0] f_tag = (fn == FN_NONE) ? scale_tag : fn_tag;
  wire f_valid = (fn == FN_NONE) ? scale_valid : fn_valid;
  wire [31:0] f_s = f_tag[TAG-1 -: 32];
  wire [LANES-1:0] f_mask = f_tag[3 +: LANES];
  wire [1:0] f_group = f_tag[2:1];
  wire f_last = f_tag[0];

  // join: B arrives; B*S for gate, or the product with the sine for rope
  wire use_b = bin != BIN_NONE || fold;
  wire partner_product = bin == BIN_ROPE || (bin == BIN_GATE && scale == SCALE_MUL);
  assign wait_b = f_valid && use_b && !b_valid;
  assign b_next = step && f_valid && use_b && (!fold || f_group == 2'd3 || f_last);

  reg join_valid;
  reg [32*LANES-1:0] join_x, join_b, join_p;
  reg [8*LANES-1:0] join_byte;
  reg [LANES-1:0] join_mask;
  reg [1:0] join_group;
  reg join_last;
  always @(posedge clk) begin : join_stage
    integer l;
    reg [31:0] x, b;
    if (step && f_valid) begin
      join_mask <= f_mask;
      join_group <= f_group;
      join_last <= f_last;
      for (l = 0; l < LANES; l = l + 1) begin
        x = (fn == FN_NONE) ? scale_x[32*l +: 32] : fn_x[32*l +: 32];
        join_x[32*l +: 32] <= f_mask[l] ? x : 32'd0;
      end
      if (bin != BIN_NONE) begin
        for (l = 0; l < LANES; l = l + 1) begin
          join_b[32*l +: 32] <= f_mask[l] ? b_data[32*l +: 32] : 32'd0;
        end
      end
      if (partner_product) begin
        for (l = 0; l < LANES; l = l + 1) begin
          if (bin == BIN_ROPE) begin  // the pair's other value, and the sine in the odd lane
            x = (fn == FN_NONE) ? scale_x[32*(l ^ 1) +: 32] : fn_x[32*(l ^ 1) +: 32];
            b = b_data[32*(l | 1) +: 32];
          end else begin
            x = f_s;
            b = b_data[32*l +: 32];
          end
          join_p[32*l +: 32] <=
            (f_mask[l] && (bin != BIN_ROPE || f_mask[l | 1])) ? fp32_mul(x, b) : 32'd0;
        end
      end
      if (fold) join_byte <= b_data[8*LANES*f_group +: 8*LANES];
    end
  end

  // multiply
  reg product_valid;
  reg [32*LANES-1:0] product_x, product_b, product_p;
  reg [8*LANES-1:0] product_byte;
  reg [LANES-1:0] product_mask;
  reg [1:0] product_group;
  reg product_last;
  always @(posedge clk) begin : multiply_stage
    integer l;
    reg [31:0] b;
    if (step && join_valid) begin
      product_mask <= join_mask;
      product_group <= join_group;
      product_last <= join_last;
      case (bin)
        BIN_MUL, BIN_ROPE, BIN_GATE, BIN_AFFINE: for (l = 0; l < LANES; l = l + 1) begin
          case (bin)
            BIN_ROPE: b = join_b[32*(l & ~1) +: 32];
            BIN_GATE: b = partner_product ? join_p[32*l +: 32] : join_b[32*l +: 32];
            default: b = join_b[32*l +: 32];
          endcase
          product_x[32*l +: 32] <= join_mask[l] ? fp32_mul(join_x[32*l +: 32], b) : 32'd0;
        end
        default: product_x <= join_x;
      endcase
      if (bin == BIN_ADD) product_b <= join_b;
      if (bin == BIN_ROPE) product_p <= join_p;
      if (fold) product_byte <= join_byte;
    end
  end

  // add
  assign c_next = step && join_valid;
  assign c_end = join_last;
  reg [8*LANES-1:0] sum_byte;
  always @(posedge clk) begin : add_stage
    integer l;
    reg [31:0] b;
    if (step && product_valid) begin
      sum_mask <= product_mask;
      sum_group <= product_group;
      sum_last <= product_last;
      case (bin)
        BIN_ADD, BIN_ROPE, BIN_AFFINE: for (l = 0; l < LANES; l = l + 1) begin
          case (bin)
            BIN_ADD: b = product_b[32*l +: 32];
            BIN_ROPE: b = product_p[32*l +: 32];
            default: b = c_data[32*l +: 32];
          endcase
          if (bin == BIN_ROPE && l[0] == 1'b0) b[31] = !b[31];
          sum_x[32*l +: 32] <= product_mask[l] ? fp32_add(product_x[32*l +: 32], b) : 32'd0;
        end
        default: sum_x <= product_x;
      endcase
      if (fold) sum_byte <= product_byte;
    end
  end

  // fold
  always @(posedge clk) begin : fold_stage
    integer l;
    if (step && sum_valid) begin
      out_group <= sum_group;
      out_last <= sum_last;
      if (!fold) out_x <= sum_x;
      else for (l = 0; l < LANES; l = l + 1) begin
        out_x[32*l +: 32] <= !sum_mask[l] ? 32'd0 :
          (sum_byte[8*l +: 8] == 8'hFF) ? 32'h7FC00000 :
          fp32_ldexp(sum_x[32*l +: 32], {3'd0, sum_byte[8*l +: 8]} - 11'd127);
      end
    end
  end

  assign busy = scale_valid || fn_busy || join_valid || product_valid || sum_valid || out_valid;

  always @(posedge clk) begin
    if (rst) begin
      scale_valid <= 1'b0;
      square_valid <= 1'b0;
      join_valid <= 1'b0;
      product_valid <= 1'b0;
      sum_valid <= 1'b0;
      out_valid <= 1'b0;
    end else if (step) begin
      scale_valid <= in_valid;
      square_valid <= to_square;
      join_valid <= f_valid;
      product_valid <= join_valid;
      sum_valid <= product_valid;
      out_valid <= sum_valid;
    end
  end
endmodule

`default_nettype wire
