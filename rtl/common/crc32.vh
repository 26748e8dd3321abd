// SPDX-License-Identifier: Apache-2.0
//
// crc32.vh: steps of the reflected CRC-32 of Ethernet and zlib (polynomial 0x04C11DB7, reflected
// 0xEDB88320). Include it inside a module.
//
//   crc32_byte(crc, data)  one byte
//   crc32_word(crc, data)  four bytes, the lowest first
//
// Combinational. Cost of a byte: an XOR of at most 9 terms per bit of the state; a word is four of
// them in a row.
// zlib.crc32(bytes) = ~c, where c starts at 0xFFFFFFFF and takes one step per byte in order. A step
// is linear, so synthesis reduces a chain of known length to one XOR network.

// What the low byte of crc ^ data adds to the rest: the reflected polynomial, stepped back per bit.
function automatic [31:0] crc32_fold(input [7:0] f_c);
  crc32_fold = (-{31'd0, f_c[0]} & 32'h77073096) ^ (-{31'd0, f_c[1]} & 32'hEE0E612C) ^
               (-{31'd0, f_c[2]} & 32'h076DC419) ^ (-{31'd0, f_c[3]} & 32'h0EDB8832) ^
               (-{31'd0, f_c[4]} & 32'h1DB71064) ^ (-{31'd0, f_c[5]} & 32'h3B6E20C8) ^
               (-{31'd0, f_c[6]} & 32'h76DC4190) ^ (-{31'd0, f_c[7]} & 32'hEDB88320);
endfunction

function automatic [31:0] crc32_byte(input [31:0] f_crc, input [7:0] f_data);
  crc32_byte = {8'd0, f_crc[31:8]} ^ crc32_fold(f_crc[7:0] ^ f_data);
endfunction

function automatic [31:0] crc32_word(input [31:0] f_crc, input [31:0] f_data);
  reg [31:0] f_c;
  begin
    f_c = f_crc ^ f_data;
    f_c = {8'd0, f_c[31:8]} ^ crc32_fold(f_c[7:0]);
    f_c = {8'd0, f_c[31:8]} ^ crc32_fold(f_c[7:0]);
    f_c = {8'd0, f_c[31:8]} ^ crc32_fold(f_c[7:0]);
    crc32_word = {8'd0, f_c[31:8]} ^ crc32_fold(f_c[7:0]);
  end
endfunction
