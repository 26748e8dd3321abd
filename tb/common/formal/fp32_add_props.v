// SPDX-License-Identifier: Apache-2.0
//
// fp32_add_props: laws of fp32_add and fp32_sub, for all pairs of words.
`default_nettype none

module fp32_add_props (
  input wire [31:0] a,
  input wire [31:0] b
);
`include "fp32.vh"

  wire [31:0] sum = fp32_add(a, b);

  always @* begin
    // a + 0 = a, flushed, on either side and for either zero.
    assert (fp32_add(a, 32'd0) == fp32_flush(a));
    assert (fp32_add(32'd0, a) == fp32_flush(a));
    assert (fp32_add(a, 32'h80000000) == fp32_flush(a));
    // a - a = +0, where a is a number.
    if (a[30:23] != 8'hFF) assert (fp32_sub(a, a) == 32'd0);
    // A sum follows the rules of one zero and one NaN.
    assert (fp32_flush(sum) == sum);
  end
endmodule

`default_nettype wire
