// SPDX-License-Identifier: Apache-2.0
//
// full_adders: WIDTH full adders side by side, with inverted carries.
//
// Contract, in each bit: a + b + c = sum + 2 * !carry_n; SUM_INVERTED = 1 gives !sum instead.
//   A full adder is self-dual: the same gates add inverted words; then the sum is inverted, the
//   carry true.
// Latency: none. Cost: per bit two XOR cells and an AND-OR-INVERT cell, no inverter. Synthesis maps
//   the module by itself: tools that restructure it with what is around it lose this form.
`default_nettype none

(* keep_hierarchy *)
module full_adders #(
  parameter WIDTH = 5,        // at least 1
  parameter SUM_INVERTED = 0  // 0 or 1
) (
  input  wire [WIDTH-1:0] a,
  input  wire [WIDTH-1:0] b,
  input  wire [WIDTH-1:0] c,
  output wire [WIDTH-1:0] sum,
  output wire [WIDTH-1:0] carry_n
);
  wire [WIDTH-1:0] differ = a ^ b;

  assign sum = (SUM_INVERTED != 0) ? ~(differ ^ c) : differ ^ c;
  assign carry_n = ~((a & b) | (differ & c));
endmodule

`default_nettype wire
