// SPDX-License-Identifier: Apache-2.0
// Multiplier and divider of the M extension.
//
// Contract: `valid` with `funct3`, `a` and `b` stable from the first cycle until `done`; `result`
// is meaningful in the cycle of `done`. Nothing is kept between operations.
// Latency: multiplications 2 cycles (half of b in each), divisions 34 (magnitudes, 32
// restoring steps, sign). Division by zero and overflow give what the M extension asks for.
// With `RISCV_FORMAL_ALTOPS` defined each operation is replaced, after 2 cycles, by the sum or
// difference of its operands and a mask, as riscv-formal expects for proofs around it.
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

  reg  busy_q;
  wire is_div = funct3[2];

  assign busy = busy_q;

  always @(posedge clk)
    if (rst) busy_q <= 1'b0;
    else busy_q <= valid && !done;

`ifdef RISCV_FORMAL_ALTOPS
  reg [31:0] mask;

  always @*
    case (funct3)
      3'b000:  mask = 32'h5876_063e;   // mul
      3'b001:  mask = 32'hf658_3fb7;   // mulh
      3'b010:  mask = 32'hecfb_e137;   // mulhsu
      3'b011:  mask = 32'h949c_e5e8;   // mulhu
      3'b100:  mask = 32'h7f85_29ec;   // div
      3'b101:  mask = 32'h10e8_fd70;   // divu
      3'b110:  mask = 32'h8da6_8fa5;   // rem
      default: mask = 32'h3138_d0e1;   // remu
    endcase

  assign done   = busy_q;
  assign result = (is_div || funct3 == 3'b010 ? a - b : a + b) ^ mask;
`else
  reg [5:0]  steps_q;   // division steps still to do
  reg [32:0] high_q;    // upper product, or remainder
  reg [31:0] low_q;     // lower product, or dividend turning into quotient

  // Multiplication: radix-4 Booth digits of b, eight in each cycle. The digits of the high half
  // begin with the top bit of the low half. An unsigned b is 2^32 more than its digits say if its
  // top bit is set. Rows are signed: the top bit is inverted and SIGNS makes up for it.
  localparam [48:0] SIGNS = -(49'h5555 << 33) - (49'd1 << 32);
  wire [32:0] mul_a  = {funct3[1:0] != 2'b11 && a[31], a};   // only mulhu has an unsigned a
  wire [16:0] digits = busy_q ? b[31:15] : {b[15:0], 1'b0};
  wire        more   = busy_q && funct3[1] && b[31];
  wire [32:0] carried = busy_q ? high_q : 33'd0;
  reg  [48:0] total;
  reg  [33:0] row;
  reg         one, two, minus;
  integer i;

  always @* begin
    total = 49'bx;
    row   = 34'bx;
    {one, two, minus} = 3'bx;
    if (valid && !is_div) begin
      total = SIGNS;
      for (i = 0; i < 8; i = i + 1) total[2*i] = digits[2*i+2];
      total = total + {16'd0, !carried[32], carried[31:0]} + {more ? mul_a : 33'd0, 16'd0};
      for (i = 0; i < 8; i = i + 1) begin
        minus = digits[2*i+2];
        one   = digits[2*i+1] ^ digits[2*i];
        two   = digits[2*i+1] ~^ digits[2*i] && digits[2*i+1] != minus;
        row   = ((one ? {mul_a[32], mul_a} : 34'd0) | (two ? {mul_a, 1'b0} : 34'd0)) ^ {34{minus}};
        total = total + ({15'd0, !row[33], row[32:0]} << 2 * i);
      end
    end
  end

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

  assign done   = busy_q && (!is_div || steps_q == 6'd0);
  assign result = is_div ? settled
                  : funct3[1:0] == 2'b00 ? {total[15:0], low_q[15:0]} : total[47:16];

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
`endif

endmodule

`default_nettype wire
