// SPDX-License-Identifier: Apache-2.0
//
// crc32_props: the steps of crc32.vh against the polynomial taken bit by bit, for all inputs.
`default_nettype none

module crc32_props (
  input wire [31:0] crc,
  input wire [31:0] data
);
`include "crc32.vh"

  // One byte, the lowest bit first, by the reflected polynomial.
  function automatic [31:0] by_bits(input [31:0] f_crc, input [7:0] f_data);
    integer i;
    begin
      by_bits = f_crc ^ {24'd0, f_data};
      for (i = 0; i < 8; i = i + 1) begin
        by_bits = by_bits[0] ? (by_bits >> 1) ^ 32'hEDB88320 : by_bits >> 1;
      end
    end
  endfunction

  wire [31:0] one = crc32_byte(crc, data[7:0]);
  wire [31:0] two = crc32_byte(one, data[15:8]);
  wire [31:0] three = crc32_byte(two, data[23:16]);

  always @* begin
    // A byte step is eight steps of the polynomial.
    assert (one == by_bits(crc, data[7:0]));
    // A word step is four byte steps, the lowest byte first.
    assert (crc32_word(crc, data) == crc32_byte(three, data[31:24]));
  end
endmodule

`default_nettype wire
