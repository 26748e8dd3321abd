// SPDX-License-Identifier: Apache-2.0
//
// fp32.vh: combinational fp32 functions, bit-exact with models/fp32.py. Include it inside a module.
//
// Rules: IEEE 754 binary32, round to nearest even; one zero (inputs and results below 2^-126 in
// magnitude, -0 included, are +0; results are flushed after IEEE rounding, so what rounds up to
// 2^-126 stays); one NaN, 0x7FC00000. Infinities and NaNs propagate; sticky status bits are the
// caller's (exponent field 255 of a result).
//
//   fp32_flush(x)            x with these rules applied
//   fp32_add(a, b)           a + b
//   fp32_sub(a, b)           a - b
//   fp32_mul(a, b)           a * b
//   fp32_ldexp(x, d)         x * 2^d, signed d, never rounds: below range +0, above infinity
//   fp32_from_int(i)         signed 22-bit integer, exact
//   fp32_max(a, b)           the larger; NaN if either is NaN
//
// Combinational: callers register results as often as their clock asks for, synthesis retimes.
// Cost: add: a comparison, a shifter each way, adders of 28 and 31 bits; mul: a multiplier of 24 x
// 24 and an adder of 31 bits; ldexp: an adder; max: a comparison; from_int: a shifter of 22 bits.
// Locals carry the prefix f_ so that they hide no name of the including module.

function automatic [31:0] fp32_flush(input [31:0] f_x);
  begin
    if (f_x[30:23] == 8'd0) fp32_flush = 32'd0;
    else if (f_x[30:23] == 8'hFF && f_x[22:0] != 23'd0) fp32_flush = 32'h7FC00000;
    else fp32_flush = f_x;
  end
endfunction

function automatic [31:0] fp32_add(input [31:0] f_a, input [31:0] f_b);
  /*verilator no_inline_task*/
  reg [31:0] f_x;  // operand of larger magnitude
  reg [31:0] f_y;  // the other one
  reg [7:0] f_distance;
  reg [26:0] f_mantissa;  // of y: 24 bits, then guard, round, sticky
  reg [26:0] f_aligned;
  reg [27:0] f_sum;  // one carry bit on top
  reg signed [9:0] f_e;
  reg f_up;
  begin
    f_x = (f_a[30:0] >= f_b[30:0]) ? f_a : f_b;
    f_y = (f_a[30:0] >= f_b[30:0]) ? f_b : f_a;
    if (f_x[30:23] == 8'hFF) begin
      if (f_x[22:0] != 23'd0 || (f_y[30:23] == 8'hFF && f_x[31] != f_y[31])) begin
        fp32_add = 32'h7FC00000;
      end else begin
        fp32_add = f_x;
      end
    end else if (f_y[30:23] == 8'd0) begin
      fp32_add = (f_x[30:23] == 8'd0) ? 32'd0 : f_x;
    end else begin
      f_distance = f_x[30:23] - f_y[30:23];
      f_mantissa = {1'b1, f_y[22:0], 3'b000};
      if (f_distance > 8'd26) begin
        f_aligned = 27'd1;
      end else begin
        f_aligned = f_mantissa >> f_distance;
        if ((f_aligned << f_distance) != f_mantissa) f_aligned[0] = 1'b1;
      end
      f_sum = {2'b01, f_x[22:0], 3'b000};
      f_sum = (f_x[31] == f_y[31]) ? f_sum + {1'b0, f_aligned} : f_sum - {1'b0, f_aligned};
      f_e = {2'b00, f_x[30:23]};
      if (f_sum[27]) begin
        f_sum = {1'b0, f_sum[27:2], f_sum[1] | f_sum[0]};
        f_e = f_e + 10'sd1;
      end else begin
        if (f_sum[26:11] == 16'd0) begin f_sum = f_sum << 16; f_e = f_e - 10'sd16; end
        if (f_sum[26:19] == 8'd0) begin f_sum = f_sum << 8; f_e = f_e - 10'sd8; end
        if (f_sum[26:23] == 4'd0) begin f_sum = f_sum << 4; f_e = f_e - 10'sd4; end
        if (f_sum[26:25] == 2'd0) begin f_sum = f_sum << 2; f_e = f_e - 10'sd2; end
        if (!f_sum[26]) begin f_sum = f_sum << 1; f_e = f_e - 10'sd1; end
      end
      f_up = f_sum[2] & (f_sum[1] | f_sum[0] | f_sum[3]);
      // A sum below 2^-126 is exact, so it is flushed without looking at its rounding.
      if (!f_sum[26] || f_e <= 10'sd0) fp32_add = 32'd0;
      else if (f_e >= 10'sd255) fp32_add = {f_x[31], 8'hFF, 23'd0};
      else fp32_add = {f_x[31], {f_e[7:0], f_sum[25:3]} + {30'd0, f_up}};
    end
  end
endfunction

function automatic [31:0] fp32_sub(input [31:0] f_a, input [31:0] f_b);
  fp32_sub = fp32_add(f_a, {~f_b[31], f_b[30:0]});
endfunction

function automatic [31:0] fp32_mul(input [31:0] f_a, input [31:0] f_b);
  /*verilator no_inline_task*/
  reg f_sign;
  reg [47:0] f_product;
  reg [25:0] f_m;  // 24 bits, guard, sticky
  reg signed [9:0] f_e;
  reg [30:0] f_rounded;
  begin
    f_sign = f_a[31] ^ f_b[31];
    if ((f_a[30:23] == 8'hFF && f_a[22:0] != 23'd0) ||
        (f_b[30:23] == 8'hFF && f_b[22:0] != 23'd0)) begin
      fp32_mul = 32'h7FC00000;
    end else if (f_a[30:23] == 8'hFF || f_b[30:23] == 8'hFF) begin
      fp32_mul = (f_a[30:23] == 8'd0 || f_b[30:23] == 8'd0) ? 32'h7FC00000 : {f_sign, 8'hFF, 23'd0};
    end else if (f_a[30:23] == 8'd0 || f_b[30:23] == 8'd0) begin
      fp32_mul = 32'd0;
    end else begin
      f_product = {24'd0, 1'b1, f_a[22:0]} * {24'd0, 1'b1, f_b[22:0]};
      f_e = $signed({2'b00, f_a[30:23]}) + $signed({2'b00, f_b[30:23]}) - 10'sd127;
      if (f_product[47]) begin
        f_m = {f_product[47:23], f_product[22:0] != 23'd0};
        f_e = f_e + 10'sd1;
      end else begin
        f_m = {f_product[46:22], f_product[21:0] != 22'd0};
      end
      // In [2^-127, 2^-126) IEEE rounds to a multiple of 2^-149: one place less.
      if (f_e == 10'sd0) f_m = {1'b0, f_m[25:2], f_m[1] | f_m[0]};
      f_rounded = {f_e[7:0], f_m[24:2]} + {30'd0, f_m[1] & (f_m[0] | f_m[2])};
      if (f_e >= 10'sd255) fp32_mul = {f_sign, 8'hFF, 23'd0};
      else if (f_e < 10'sd0 || f_rounded[30:23] == 8'd0) fp32_mul = 32'd0;
      else fp32_mul = {f_sign, f_rounded};
    end
  end
endfunction

function automatic [31:0] fp32_ldexp(input [31:0] f_x, input signed [10:0] f_d);
  reg signed [11:0] f_e;
  begin
    f_e = $signed({4'b0000, f_x[30:23]}) + {f_d[10], f_d};
    if (f_x[30:23] == 8'hFF) fp32_ldexp = (f_x[22:0] != 23'd0) ? 32'h7FC00000 : f_x;
    else if (f_x[30:23] == 8'd0 || f_e <= 12'sd0) fp32_ldexp = 32'd0;
    else if (f_e >= 12'sd255) fp32_ldexp = {f_x[31], 8'hFF, 23'd0};
    else fp32_ldexp = {f_x[31], f_e[7:0], f_x[22:0]};
  end
endfunction

function automatic [31:0] fp32_from_int(input signed [21:0] f_i);
  reg [21:0] f_m;
  reg [7:0] f_e;
  begin
    f_m = f_i[21] ? -f_i : f_i;
    f_e = 8'd148;           // 127 + 21: the leading one is at bit 21 once normalised
    if (f_m[21:6] == 16'd0) begin f_m = f_m << 16; f_e = f_e - 8'd16; end
    if (f_m[21:14] == 8'd0) begin f_m = f_m << 8; f_e = f_e - 8'd8; end
    if (f_m[21:18] == 4'd0) begin f_m = f_m << 4; f_e = f_e - 8'd4; end
    if (f_m[21:20] == 2'd0) begin f_m = f_m << 2; f_e = f_e - 8'd2; end
    if (!f_m[21]) begin f_m = f_m << 1; f_e = f_e - 8'd1; end
    fp32_from_int = f_m[21] ? {f_i[21], f_e, f_m[20:0], 2'b00} : 32'd0;
  end
endfunction

function automatic [31:0] fp32_max(input [31:0] f_a, input [31:0] f_b);
  reg [31:0] f_x;
  reg [31:0] f_y;
  reg f_a_larger;
  begin
    f_x = fp32_flush(f_a);
    f_y = fp32_flush(f_b);
    if (f_x[31] != f_y[31]) f_a_larger = f_y[31];
    else f_a_larger = (f_x[30:0] > f_y[30:0]) ^ f_x[31];
    if (f_x == 32'h7FC00000 || f_y == 32'h7FC00000) fp32_max = 32'h7FC00000;
    else fp32_max = f_a_larger ? f_x : f_y;
  end
endfunction
