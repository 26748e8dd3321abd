// SPDX-License-Identifier: Apache-2.0
// Load/store alignment: places store bytes in their lanes, and takes load bytes out of theirs.
//
// Contract: combinational; the store side belongs to the execute stage, the load side to
// write-back. `req_size` is funct3[1:0] (byte, half, word). Lanes of `req_wdata` without strobe
// repeat other bytes.
// `misaligned` accesses must not be sent: the core traps instead of splitting them.
`default_nettype none

module core_lsu (
    input  wire [1:0]  req_offset,
    input  wire [1:0]  req_size,
    input  wire [31:0] req_value,
    output wire        misaligned,
    output wire [31:0] req_wdata,
    output wire [3:0]  req_strb,

    input  wire [1:0]  rsp_offset,
    input  wire [2:0]  rsp_funct3,
    input  wire [31:0] rsp_data,
    output wire [31:0] rsp_value
);

  wire req_byte = req_size == 2'b00;
  wire req_half = req_size == 2'b01;

  assign misaligned = req_half ? req_offset[0] : !req_byte && req_offset != 2'b00;
  assign req_wdata  = req_byte ? {4{req_value[7:0]}} : req_half ? {2{req_value[15:0]}} : req_value;
  assign req_strb   = req_byte ? 4'b0001 << req_offset
                      : req_half ? {{2{req_offset[1]}}, {2{!req_offset[1]}}} : 4'b1111;

  wire [15:0] half = rsp_offset[1] ? rsp_data[31:16] : rsp_data[15:0];
  wire [7:0]  byte_lane = rsp_offset[0] ? half[15:8] : half[7:0];
  wire        extend = !rsp_funct3[2];

  assign rsp_value = rsp_funct3[1:0] == 2'b00 ? {{24{extend && byte_lane[7]}}, byte_lane}
                     : rsp_funct3[1:0] == 2'b01 ? {{16{extend && half[15]}}, half} : rsp_data;

endmodule

`default_nettype wire
