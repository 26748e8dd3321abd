// SPDX-License-Identifier: Apache-2.0
//
// signature_props: what signature promises, for any beats; crc32_props proves the steps.
`default_nettype none

module signature_props #(
  parameter BLOCK = 8
) (
  input wire               clk,
  input wire               rst,
  input wire               clear,
  input wire               valid,
  input wire [31:0]        offset,
  input wire [8*BLOCK-1:0] data,
  input wire [15:0]        exps
);
`include "crc32.vh"

  wire [31:0] sum;

  signature #(
    .BLOCK(BLOCK)
  ) dut (
    .clk(clk),
    .rst(rst),
    .clear(clear),
    .valid(valid),
    .offset(offset),
    .data(data),
    .exps(exps),
    .sum(sum)
  );

  // ---- the CRC-32 of a beat from the least significant byte on
  wire [8*(BLOCK+4)-1:0] words = {data, offset};
  reg [31:0] crc;
  integer i;

  always @* begin
    crc = 32'hFFFFFFFF;
    for (i = 0; i < BLOCK / 4 + 1; i = i + 1) crc = crc32_word(crc, words[32*i +: 32]);
    crc = ~crc32_byte(crc32_byte(crc, exps[7:0]), exps[15:8]);
  end

  // ---- the sum from the last cycle
  reg known = 1'b0;  // there was a reset or clear
  reg [31:0] expected;

  always @(posedge clk) begin
    if (rst || clear) known <= 1'b1;
    expected <= rst ? 32'd0 : (clear ? 32'd0 : sum) + (valid ? crc : 32'd0);
  end

  // Each valid beat adds its CRC; clear sets to zero before that, reset in any case; otherwise the
  // sum stays. Additions commute, so the order of the beats does not matter.
  always @* if (known) assert (sum == expected);
endmodule

`default_nettype wire
