// SPDX-License-Identifier: Apache-2.0
//
// d2d_channel: the wires of one direction of a die-to-die link in the package substrate.
//
// Contract: rx is tx. Simulation replaces this file by a channel with latency and errors
//   (tb/package/d2d_channel.v), steered by `control`, which the wires ignore.
// Latency: none; both ends register. Cost: none.
`default_nettype none

module d2d_channel #(
  parameter LANE_BITS = 272,  // bits of all lanes per cycle
  parameter INDEX = 0,        // transmitter * N_CHIPLETS + receiver
  parameter CONTROL_BITS = 1
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire [CONTROL_BITS-1:0] control,
  input  wire [LANE_BITS-1:0]    tx,
  output wire [LANE_BITS-1:0]    rx
);
  localparam UNUSED_INDEX = INDEX;
  wire unused = &{1'b0, clk, rst, control, UNUSED_INDEX[0]};
  assign rx = tx;
endmodule

`default_nettype wire
