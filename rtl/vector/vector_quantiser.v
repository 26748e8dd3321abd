// SPDX-License-Identifier: Apache-2.0
//
// vector_quantiser: four fp32 beats to one MXINT8 beat.
//
// Contract: bit-exact with models/mx.py quantize(bits=8): the exponent byte is the largest exponent
//   field of the block, elements round to nearest even and are clamped to +-127; a block with an
//   infinity or NaN is all zero with byte 255; a block cut short by the end of its row is filled
//   with zeros. Inputs follow the fp32 rules.
// Handshake: all registers move with step; out_valid stands for one step. Settings: none.
// Latency: first beat of a group converted one step after the group is complete, MX beat out with
//   its last: (beats in the group) + 1 steps after the last one came in. Rate: one fp32 beat per
//   step.
// Cost: LANES converters (a 24-bit shift and increment each), a buffer of eight fp32 beats.
`default_nettype none

module vector_quantiser #(
  parameter BLOCK = 64
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               step,

  input  wire               in_valid,
  input  wire [8*BLOCK-1:0] in_x,
  input  wire [1:0]         in_group,
  input  wire               in_last,

  output reg                out_valid,
  output reg  [8*BLOCK-1:0] out_data,
  output reg  [7:0]         out_exp,
  output wire               busy
);
  localparam LANES = BLOCK / 4;

  // Magnitude of x / step with 6 fraction places of the largest exponent, rounded and clamped.
  function automatic [7:0] convert(input [31:0] f_x, input [7:0] f_exp);
    reg [7:0] f_below;
    reg [33:0] f_m;  // 24 bits, then ten that shifting down reaches
    reg [7:0] f_q;
    begin
      f_below = f_exp - f_x[30:23];
      f_m = {1'b1, f_x[22:0], 10'd0} >> f_below[2:0];
      // f_m[33:27] is the integer part.
      f_q = {1'b0, f_m[33:27]} + {7'd0, f_m[26] && (f_m[27] || f_m[25:0] != 26'd0)};
      if (f_q[7]) f_q = 8'd127;
      if (f_x[30:23] == 8'd0 || f_below > 8'd7 || f_exp == 8'hFF) f_q = 8'd0;
      convert = f_x[31] ? -f_q : f_q;
    end
  endfunction

  // Collect: raw beats, and the exponent of each complete group.
  reg [32*LANES-1:0] raw [0:7];
  reg [2:0] raw_write_q, raw_read_q;
  reg [7:0] exps [0:7];
  reg [7:0] ends_q;  // raw beat is the last of its group
  reg [2:0] exp_write_q, exp_read_q;
  reg [7:0] largest_q;
  wire complete = in_group == 2'd3 || in_last;

  always @(posedge clk) begin : collect
    integer l;
    reg [7:0] largest;
    if (step && in_valid) begin
      largest = (in_group == 2'd0) ? 8'd0 : largest_q;
      for (l = 0; l < LANES; l = l + 1) begin
        if (in_x[32*l + 23 +: 8] > largest) largest = in_x[32*l + 23 +: 8];
      end
      largest_q <= largest;
      raw[raw_write_q] <= in_x;
      ends_q[raw_write_q] <= complete;
      if (complete) exps[exp_write_q] <= largest;
    end
  end

  // Convert: one raw beat per step once its group is complete.
  wire convert_valid = exp_write_q != exp_read_q;
  wire ends = ends_q[raw_read_q];
  wire [32*LANES-1:0] x = raw[raw_read_q];
  wire [7:0] exp = exps[exp_read_q];
  reg [1:0] place_q;

  always @(posedge clk) begin : convert_stage
    integer k, p;
    reg [8*LANES-1:0] q;
    if (step && convert_valid) begin
      for (k = 0; k < LANES; k = k + 1) q[8*k +: 8] = convert(x[32*k +: 32], exp);
      for (p = 0; p < 4; p = p + 1) begin
        if (place_q == p[1:0]) out_data[8*LANES*p +: 8*LANES] <= q;
        else if (place_q == 2'd0) out_data[8*LANES*p +: 8*LANES] <= {8*LANES{1'b0}};
      end
      out_exp <= exp;
    end
  end

  assign busy = convert_valid || out_valid || raw_write_q != raw_read_q;

  always @(posedge clk) begin
    if (rst) begin
      raw_write_q <= 3'd0;
      raw_read_q <= 3'd0;
      exp_write_q <= 3'd0;
      exp_read_q <= 3'd0;
      place_q <= 2'd0;
      out_valid <= 1'b0;
    end else if (step) begin
      if (in_valid) raw_write_q <= raw_write_q + 3'd1;
      if (in_valid && complete) exp_write_q <= exp_write_q + 3'd1;
      if (convert_valid) begin
        raw_read_q <= raw_read_q + 3'd1;
        place_q <= ends ? 2'd0 : place_q + 2'd1;
        if (ends) exp_read_q <= exp_read_q + 3'd1;
      end
      out_valid <= convert_valid && ends;
    end
  end
endmodule

`default_nettype wire
