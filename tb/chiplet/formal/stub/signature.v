// SPDX-License-Identifier: Apache-2.0
//
// signature: stands in for rtl/common/signature.v in proofs of those who use it. A shifted exclusive
// or takes the place of the CRC; all else is as there.
`default_nettype none

module signature #(
  parameter BLOCK = 64
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               clear,
  input  wire               valid,
  input  wire [31:0]        offset,
  input  wire [8*BLOCK-1:0] data,
  input  wire [15:0]        exps,
  output wire [31:0]        sum
);
  reg [31:0] mixed;
  integer i;
  always @* begin
    mixed = offset;
    for (i = 0; i < BLOCK / 4; i = i + 1) mixed = {mixed[30:0], 1'b0} ^ data[32*i +: 32];
    mixed = {mixed[30:0], 1'b0} ^ {16'd0, exps};
  end

  reg [31:0] sum_q;
  assign sum = sum_q;
  always @(posedge clk) begin
    if (rst) sum_q <= 32'd0;
    else sum_q <= (clear ? 32'd0 : sum_q) + (valid ? mixed : 32'd0);
  end
endmodule

`default_nettype wire
