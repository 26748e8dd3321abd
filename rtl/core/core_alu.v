// SPDX-License-Identifier: Apache-2.0
// Integer ALU: add, subtract, compare, shift, logic.
//
// Contract: combinational. `funct3` and `alt` select as in the OP opcode. `sum` is a+b (a-b with
// `alt`) whatever funct3 says, for addresses. `branch_taken` is the condition that funct3 names in
// the BRANCH opcode, and needs alt = 1.
`default_nettype none

module core_alu (
    input  wire [31:0] a,
    input  wire [31:0] b,
    input  wire [2:0]  funct3,
    input  wire        alt,
    input  wire        force_add,     // ignore funct3 and alt: the result is a+b
    output reg  [31:0] result,
    output wire [31:0] sum,
    output wire        branch_taken
);

  // One adder for add, subtract and every comparison
  wire        compare  = !force_add && funct3[2:1] == 2'b01;
  wire        subtract = !force_add && (alt || compare);
  wire [32:0] add      = {1'b0, a} + {1'b0, subtract ? ~b : b} + {32'd0, subtract};
  wire        below    = !add[32];
  wire        differ   = a[31] ^ b[31];
  wire        less_s   = differ ? a[31] : below;

  assign sum          = add[31:0];
  assign branch_taken = funct3[0] ^ (!funct3[2] ? a == b : funct3[1] ? below : less_s);

  // One right shifter; left shifts go through it with the bits reversed
  function [31:0] reverse(input [31:0] x);
    reg [31:0] y;
    begin
      y = ((x >> 1) & 32'h5555_5555) | ((x & 32'h5555_5555) << 1);
      y = ((y >> 2) & 32'h3333_3333) | ((y & 32'h3333_3333) << 2);
      y = ((y >> 4) & 32'h0f0f_0f0f) | ((y & 32'h0f0f_0f0f) << 4);
      y = ((y >> 8) & 32'h00ff_00ff) | ((y & 32'h00ff_00ff) << 8);
      reverse = {y[15:0], y[31:16]};
    end
  endfunction

  wire        left = !funct3[2];
  wire [31:0] shift_in = left ? reverse(a) : a;
  // The sign enters as bit 32 of a signed shift; the top bit of the result is never needed.
  /* verilator lint_off UNUSEDSIGNAL */
  wire [32:0] shifted = $signed({alt && a[31] && !left, shift_in}) >>> b[4:0];
  /* verilator lint_on UNUSEDSIGNAL */

  always @*
    case (force_add ? 3'b000 : funct3)
      3'b000:  result = sum;
      3'b001:  result = reverse(shifted[31:0]);
      3'b010:  result = {31'd0, less_s};
      3'b011:  result = {31'd0, below};
      3'b100:  result = a ^ b;
      3'b101:  result = shifted[31:0];
      3'b110:  result = a | b;
      default: result = a & b;
    endcase

endmodule

`default_nettype wire
