// SPDX-License-Identifier: Apache-2.0
//
// fp32_probe: one function of fp32.vh at a time, combinational, for the unit tests.
// op: 0 add, 1 sub, 2 mul, 3 ldexp(a, b[10:0]), 4 from_int(b[21:0]), 5 max, 6 flush(a).
`default_nettype none

module fp32_probe (
  input  wire [2:0]  op,
  input  wire [31:0] a,
  input  wire [31:0] b,
  output reg  [31:0] y
);
`include "fp32.vh"

  always @* begin
    case (op)
      3'd0: y = fp32_add(a, b);
      3'd1: y = fp32_sub(a, b);
      3'd2: y = fp32_mul(a, b);
      3'd3: y = fp32_ldexp(a, b[10:0]);
      3'd4: y = fp32_from_int(b[21:0]);
      3'd5: y = fp32_max(a, b);
      default: y = fp32_flush(a);
    endcase
  end
endmodule

`default_nettype wire
