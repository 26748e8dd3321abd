// SPDX-License-Identifier: Apache-2.0
//
// link_tx_crc: the last stage of link_tx: puts the CRC into the last 32 bits of each flit.
//
// Contract: phits enter with their frame codes, IDLE between flits; s_first marks the first phit of
//   a flit, s_last the last, whose top 32 bits are 0. Nothing waits.
// Latency: one cycle. Rate: one phit per cycle.
// Cost: a phit of registers, a link_crc.
`default_nettype none

module link_tx_crc #(
  parameter PHIT = 256
) (
  input  wire            clk,
  input  wire            rst,
  input  wire            s_first,
  input  wire            s_last,
  input  wire [PHIT-1:0] s_data,   // keeps its value in idle cycles
  input  wire [7:0]      s_frame,
  output wire [PHIT-1:0] m_data,
  output wire [7:0]      m_frame
);
  `include "link_format.vh"

  reg [PHIT-1:0] data_q;
  reg [7:0]      frame_q;
  reg            last_q;
  wire [31:0]    crc;
  wire           crc_valid;
  wire           busy = s_frame != FRAME_IDLE;

  link_crc #(.PHIT(PHIT)) crc_unit (
    .clk(clk), .rst(rst), .s_valid(busy), .s_first(s_first), .s_data(s_data),
    .m_valid(crc_valid), .m_crc(crc));

  assign m_data = {last_q ? crc : data_q[PHIT-1 -: 32], data_q[PHIT-33:0]};
  assign m_frame = frame_q;

  always @(posedge clk) begin
    if (busy) data_q <= s_data;
    last_q <= s_last;
  end

  always @(posedge clk) begin
    if (rst) frame_q <= FRAME_IDLE;
    else frame_q <= s_frame;
  end

  // frame_q says the same as crc_valid.
  wire unused = &{1'b0, crc_valid};
endmodule

`default_nettype wire
