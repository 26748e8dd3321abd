// SPDX-License-Identifier: Apache-2.0
//
// signature: what a command leaves behind, the sum mod 2^32 of the CRC-32 of its beats.
//
// Contract: for each cycle with valid, crc32(offset as 4 little-endian bytes, BLOCK data bytes from
//   the least significant one, exps low byte, exps high byte) is added to sum. The sum does not
//   depend on the order of the beats. Invalid lanes and unused exponents must come as zero.
//   Defined by models/signature.py.
// Handshake: none, a beat is taken whenever valid is high. clear starts a new command: it sets sum
//   to zero before the beat of the same cycle, if there is one, is added.
// Latency: sum contains a beat of cycle t from cycle t+1 on.
// Cost: one XOR network of 8*(BLOCK+6) inputs and a 32-bit adder.
`default_nettype none

module signature #(
  parameter BLOCK = 64  // data bytes per beat, a multiple of 4
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
  generate
    if (BLOCK < 4 || BLOCK % 4 != 0) begin : g_block
      signature_BLOCK_must_be_a_multiple_of_4 rule ();
    end
  endgenerate

`include "crc32.vh"

  function automatic [31:0] crc32_beat(input [31:0] f_offset, input [8*BLOCK-1:0] f_data,
                                       input [15:0] f_exps);
    /*verilator no_inline_task*/
    integer i;
    reg [31:0] c;
    begin
      c = crc32_word(32'hFFFFFFFF, f_offset);
      for (i = 0; i < BLOCK / 4; i = i + 1) c = crc32_word(c, f_data[32*i +: 32]);
      c = crc32_byte(c, f_exps[7:0]);
      crc32_beat = ~crc32_byte(c, f_exps[15:8]);
    end
  endfunction

  reg [31:0] sum_q;
  assign sum = sum_q;

  always @(posedge clk) begin
    if (rst) sum_q <= 32'd0;
    else if (valid) sum_q <= (clear ? 32'd0 : sum_q) + crc32_beat(offset, data, exps);
    else if (clear) sum_q <= 32'd0;
  end
endmodule

`default_nettype wire
