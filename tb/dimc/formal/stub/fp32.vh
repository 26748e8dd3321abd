// SPDX-License-Identifier: Apache-2.0
//
// Takes the place of rtl/common/fp32.vh where only control is proven: values are left out.

function automatic [31:0] fp32_add(input [31:0] f_a, input [31:0] f_b);
  fp32_add = f_a ^ f_b;
endfunction

function automatic [31:0] fp32_ldexp(input [31:0] f_x, input signed [10:0] f_d);
  fp32_ldexp = f_x ^ {21'd0, f_d};
endfunction

function automatic [31:0] fp32_from_int(input signed [21:0] f_i);
  fp32_from_int = {10'd0, f_i};
endfunction
