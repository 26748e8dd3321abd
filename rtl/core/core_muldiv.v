// SPDX-License-Identifier: Apache-2.0
// Multiplier and divider of the M extension.
//
// Contract: `valid` with `funct3`, `a` and `b` stable from the first cycle until `done`; `result`
// is meaningful in the cycle of `done`. Nothing is kept between operations.
// Latency: multiplications 2 cycles (33 x 17 bits per cycle), divisions 34 (magnitudes, 32
// restoring steps, sign). Division by zero and overflow give what the M extension asks for.
`default_nettype none

module core_muldiv (
    input  wire        clk,
    input  wire        rst,
    input  wire        valid,
    input  wire [2:0]  funct3,
    input  wire [31:0] a,
    input  wire [31:0] b,
    output wire        busy,      // an operation has begun and is not yet done: keep valid
    output wire        done,
    output wire [31:0] result
);

  reg        busy_q;
  reg [5:0]  steps_q;   // division steps still to do
  reg [32:0] high_q;    // upper product, or remainder
  reg [31:0] low_q;     // lower product, or dividend turning into quotient

  wire is_div = funct3[2];

  // Multiplication: the low half of b first, then the high half, which carries the sign.
  wire a_signed = funct3[1:0] != 2'b11;   // mulhu is the only one with an unsigned a
  wire b_signed = !funct3[1];
  wire signed [32:0] mul_a = {a_signed && a[31], a};
  wire signed [16:0] mul_b = busy_q ? {b_signed && b[31], b[31:16]} : {1'b0, b[15:0]};
  // The operands are signed, so the product is extended as it should be.
  /* verilator lint_off WIDTHEXPAND */
  wire signed [48:0] product = mul_a * mul_b;
  /* verilator lint_on WIDTHEXPAND */
  wire signed [48:0] total = product + (busy_q ? {{16{high_q[32]}}, high_q} : 49'd0);

  // Division on magnitudes: |b| is never formed, a negative b is added instead of subtracted.
  wire        div_signed = !funct3[0];
  wire        a_neg = div_signed && a[31];
  wire        b_neg = div_signed && b[31];
  wire [33:0] shifted = {1'b0, high_q[31:0], low_q[31]};
  wire [33:0] difference = shifted + (b_neg ? {2'b11, b} : ~{2'b00, b}) + {33'd0, !b_neg};
  wire        fits = !difference[33];

  // One negation serves the dividend at the start and the result at the end.
  wire        negate  = !busy_q ? a_neg : funct3[1] ? a_neg : (a_neg != b_neg && b != 32'd0);
  wire [31:0] plain   = !busy_q ? a : funct3[1] ? high_q[31:0] : low_q;
  wire [31:0] settled = negate ? -plain : plain;

  assign busy   = busy_q;
  assign done   = busy_q && (!is_div || steps_q == 6'd0);
  assign result = is_div ? settled
                  : funct3[1:0] == 2'b00 ? {total[15:0], low_q[15:0]} : total[47:16];

  always @(posedge clk)
    if (rst) busy_q <= 1'b0;
    else busy_q <= valid && !done;

  always @(posedge clk)
    if (valid)
      if (!is_div) begin
        high_q  <= total[48:16];
        low_q   <= {16'd0, total[15:0]};
      end else if (!busy_q) begin
        steps_q <= 6'd32;
        high_q  <= 33'd0;
        low_q   <= settled;
      end else begin
        steps_q <= steps_q - 6'd1;
        high_q  <= fits ? difference[32:0] : shifted[32:0];
        low_q   <= {low_q[30:0], fits};
      end

endmodule

`default_nettype wire
