// SPDX-License-Identifier: Apache-2.0
//
// link_phy: physical-logical layer, first form: one register each way between the link layer and
// the lanes.
//
// Contract: what enters tx_data / tx_frame is on lane_tx_data / lane_tx_frame one cycle later;
//   what enters from the lanes is on rx_data / rx_frame one cycle later. Data lane i carries bits
//   8i+7..8i. Data lanes keep their last value while the frame lane is idle.
// Cost: 2 x (PHIT + 8) flip-flops.
// Seam: training, alignment, scrambling, the spare lane and the elastic buffer go inside this
//   module; the link layer sees phits and their frame code only.
`default_nettype none

module link_phy #(
  parameter PHIT = 256  // data bits per cycle and direction: 8 per lane
) (
  input  wire            clk,
  input  wire            rst,

  // link layer
  input  wire [PHIT-1:0] tx_data,
  input  wire [7:0]      tx_frame,
  output wire [PHIT-1:0] rx_data,
  output wire [7:0]      rx_frame,

  // lanes
  output wire [PHIT-1:0] lane_tx_data,
  output wire [7:0]      lane_tx_frame,
  input  wire [PHIT-1:0] lane_rx_data,
  input  wire [7:0]      lane_rx_frame
);
  `include "link_format.vh"

  reg [PHIT-1:0] tx_data_q;
  reg [7:0]      tx_frame_q;
  reg [PHIT-1:0] rx_data_q;
  reg [7:0]      rx_frame_q;

  assign lane_tx_data = tx_data_q;
  assign lane_tx_frame = tx_frame_q;
  assign rx_data = rx_data_q;
  assign rx_frame = rx_frame_q;

  always @(posedge clk) begin
    if (tx_frame != FRAME_IDLE) tx_data_q <= tx_data;
    if (lane_rx_frame != FRAME_IDLE) rx_data_q <= lane_rx_data;
  end

  always @(posedge clk) begin
    if (rst) begin
      tx_frame_q <= FRAME_IDLE;
      rx_frame_q <= FRAME_IDLE;
    end else begin
      tx_frame_q <= tx_frame;
      rx_frame_q <= lane_rx_frame;
    end
  end
endmodule

`default_nettype wire
