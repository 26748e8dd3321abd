// SPDX-License-Identifier: Apache-2.0
//
// fp32_small_props: flush, ldexp, from_int and max of fp32.vh against plain definitions, for all
// inputs, all 2^22 integers and all shifts.
`default_nettype none

module fp32_small_props (
  input wire [31:0]        a,
  input wire [31:0]        b,
  input wire signed [10:0] d,
  input wire signed [21:0] i
);
`include "fp32.vh"

  localparam [31:0] NAN = 32'h7FC00000;

  function is_nan(input [31:0] x);
    is_nan = (x & 32'h7FFFFFFF) > 32'h7F800000;
  endfunction

  function is_infinite(input [31:0] x);
    is_infinite = (x & 32'h7FFFFFFF) == 32'h7F800000;
  endfunction

  function is_small(input [31:0] x);  // below 2^-126 in magnitude
    is_small = (x & 32'h7FFFFFFF) < 32'h00800000;
  endfunction

  // ---- flush
  wire [31:0] flushed = fp32_flush(a);

  always @* begin
    // One NaN; one zero for all that is below 2^-126; everything else as it is.
    if (is_nan(a)) assert (flushed == NAN);
    else if (is_small(a)) assert (flushed == 0);
    else assert (flushed == a);
  end

  // ---- ldexp
  wire [31:0] scaled = fp32_ldexp(a, d);
  integer exponent;  // of the result, biased

  always @* begin
    exponent = $signed({24'd0, a[30:23]}) + d;
    // NaN and infinity stay, zero stays; else the exponent moves, below range to +0, above it to
    // infinity; sign and fraction stay.
    if (is_nan(a)) assert (scaled == NAN);
    else if (is_infinite(a)) assert (scaled == a);
    else if (is_small(a) || exponent < 1) assert (scaled == 0);
    else if (exponent > 254) assert (is_infinite(scaled) && scaled[31] == a[31]);
    else assert (scaled[30:23] == exponent && {scaled[31], scaled[22:0]} == {a[31], a[22:0]});
  end

  // ---- from_int: the value of the word is the integer
  wire [31:0] word = fp32_from_int(i);
  wire [21:0] size = i[21] ? -i : i;
  wire [44:0] value = {21'd0, 1'b1, word[22:0]} << (word[30:23] - 8'd127);  // times 2^23

  always @* begin
    // Zero is +0; the sign is that of the integer, and fraction and exponent are its size exactly.
    if (i == 0) assert (word == 0);
    else begin
      assert (word[31] == i[21] && word[30:23] >= 127 && word[30:23] <= 148);
      assert (value == {size, 23'd0});
    end
  end

  // ---- max, by an order of words: -infinity .. +infinity as 32-bit two's complement
  function signed [31:0] order(input [31:0] x);
    order = x[31] ? -{1'b0, x[30:0]} : {1'b0, x[30:0]};
  endfunction

  wire [31:0] larger = fp32_max(a, b);

  always @* begin
    // NaN if either is NaN; else one of the two, flushed, and not below the other.
    if (is_nan(a) || is_nan(b)) assert (larger == NAN);
    else begin
      assert (larger == fp32_flush(a) || larger == fp32_flush(b));
      assert (order(larger) >= order(fp32_flush(a)) && order(larger) >= order(fp32_flush(b)));
    end
  end
endmodule

`default_nettype wire
