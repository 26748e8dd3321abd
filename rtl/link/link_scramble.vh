// SPDX-License-Identifier: Apache-2.0
//
// link_scramble.vh: functions of the scrambler and of the training sequence's CRC. Include it
// inside a module, after link_lanes.vh.

// The state eight bits later.
function [22:0] scramble_next(input [22:0] f_state);
  scramble_next = {f_state[7:0] ^ f_state[12:5], f_state[22:8]};
endfunction

// Bytes of lanes 0 to 7; lane i has that of lane i mod 8. Lane q is the sum of the sequence and of
// itself 7 + q bits later, which is the same sequence in a phase of its own.
function [63:0] scramble_bytes(input [21:0] f_state);
  scramble_bytes = {8{f_state[7:0]}} ^
    {f_state[21:14], f_state[20:13], f_state[19:12], f_state[18:11],
     f_state[17:10], f_state[16:9], f_state[15:8], f_state[14:7]};
endfunction

// CRC-16, polynomial 0x1021, high bit first, one byte on.
function [15:0] training_crc(input [15:0] f_crc, input [7:0] f_byte);
  integer f_i;
  begin
    training_crc = f_crc ^ {f_byte, 8'd0};
    for (f_i = 0; f_i < 8; f_i = f_i + 1) begin
      training_crc = {training_crc[14:0], 1'b0} ^ (training_crc[15] ? 16'h1021 : 16'd0);
    end
  end
endfunction
