// SPDX-License-Identifier: Apache-2.0
//
// crc32.vh: one byte step of the reflected CRC-32 of Ethernet and zlib (polynomial 0x04C11DB7,
// reflected 0xEDB88320). Include it inside a module.
//
// zlib.crc32(bytes) = ~c, where c starts at 0xFFFFFFFF and takes one step per byte in order.
// The table of sixteen words is linear in its index, so synthesis reduces a chain of steps with
// known length to one XOR network.

function automatic [31:0] crc32_nibble(input [3:0] f_index);
  case (f_index)
    4'h0: crc32_nibble = 32'h00000000;
    4'h1: crc32_nibble = 32'h1DB71064;
    4'h2: crc32_nibble = 32'h3B6E20C8;
    4'h3: crc32_nibble = 32'h26D930AC;
    4'h4: crc32_nibble = 32'h76DC4190;
    4'h5: crc32_nibble = 32'h6B6B51F4;
    4'h6: crc32_nibble = 32'h4DB26158;
    4'h7: crc32_nibble = 32'h5005713C;
    4'h8: crc32_nibble = 32'hEDB88320;
    4'h9: crc32_nibble = 32'hF00F9344;
    4'hA: crc32_nibble = 32'hD6D6A3E8;
    4'hB: crc32_nibble = 32'hCB61B38C;
    4'hC: crc32_nibble = 32'h9B64C2B0;
    4'hD: crc32_nibble = 32'h86D3D2D4;
    4'hE: crc32_nibble = 32'hA00AE278;
    default: crc32_nibble = 32'hBDBDF21C;
  endcase
endfunction

function automatic [31:0] crc32_byte(input [31:0] f_crc, input [7:0] f_data);
  reg [31:0] f_c;
  begin
    f_c = f_crc ^ {24'd0, f_data};
    f_c = {4'd0, f_c[31:4]} ^ crc32_nibble(f_c[3:0]);
    crc32_byte = {4'd0, f_c[31:4]} ^ crc32_nibble(f_c[3:0]);
  end
endfunction
