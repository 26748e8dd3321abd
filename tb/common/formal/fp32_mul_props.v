// SPDX-License-Identifier: Apache-2.0
//
// fp32_mul_props: fp32_mul with a power of two on one side, for all such pairs.
`default_nettype none

module fp32_mul_props (
  input wire [31:0] a,
  input wire [7:0]  e
);
`include "fp32.vh"

  wire [31:0] power = {1'b0, e, 23'd0};  // 2^(e-127); 0 and infinity at the ends
  wire [31:0] product = fp32_mul(a, power);

  always @* begin
    // Times 1 is the flushed word.
    if (e == 127) assert (product == fp32_flush(a));
    // Times 2^n is ldexp, but from 2^-127 to 2^-126, where IEEE rounds to 2^-149 before
    // the flush: all ones round up to 2^-126, everything else becomes +0.
    if (a[30:23] + e == 127 && a[30:23] != 0 && e != 0) begin
      assert (product == ((&a[22:0]) ? {a[31], 8'd1, 23'd0} : 32'd0));
    end else if (e != 0 && e != 255) begin
      assert (product == fp32_ldexp(a, $signed({3'd0, e}) - 11'sd127));
    end
    // The same with the sides changed.
    assert (fp32_mul(power, a) == product);
  end
endmodule

`default_nettype wire
