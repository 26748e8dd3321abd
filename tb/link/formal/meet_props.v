// SPDX-License-Identifier: Apache-2.0
//
// meet_props: two whole link_phy of three lanes, joined by wires, come up together, whatever their
//   registers hold at first: LIMIT cycles after the later of two resets that end OFFSET cycles
//   apart both are ACTIVE, neither has failed, and each leaves out the lane that the other does
//   not listen to.
//
// Both clocks on one edge. With FAULTY a lane of one direction, whichever, carries 0 or 1 for ever.
`default_nettype none

module meet_props #(
  parameter OFFSET = 0,  // cycles for which b is in reset longer than a
  parameter LIMIT = 220,
  parameter FAULTY = 0
) (
  input wire clk
);
  `include "link_lanes.vh"

  localparam BITS = 24;
  localparam [15:0] END = LIMIT + OFFSET;

  (* anyconst *) wire [1:0] bad_lane;  // from a to b
  (* anyconst *) wire       bad_level;
  wire [BITS-1:0] mask = (FAULTY != 0) ? 24'hFF << (8 * bad_lane) : 24'd0;

  reg [15:0] now = 16'd0;              // cycles since the start
  always @(posedge clk) now <= now + 16'd1;
  wire a_rst = now == 0;
  wire b_rst = now <= OFFSET;
  always @* assume (bad_lane < 3);

  wire [BITS-1:0] ab, ba;
  wire            a_up, b_up, a_fail, b_fail;
  wire [3:0]      a_state, b_state;
  wire [7:0]      a_tx_skip, a_rx_skip, b_tx_skip, b_rx_skip;

  link_phy #(.PHIT(8), .DETECT_LIMIT(8192)) a (
    .clk(clk), .rst(a_rst), .tx_data(8'd0), .tx_frame(8'd0), .up(a_up), .retrain(1'b0),
    .wake(1'b0), .fresh(1'b1), .touched(1'b0), .fail(a_fail), .lane_tx(ab), .rx_clk(clk),
    .lane_rx(ba), .raw(1'b0), .raw_write(1'b0), .lane(8'd0), .raw_byte(8'd0), .state(a_state),
    .tx_skip(a_tx_skip), .rx_skip(a_rx_skip));

  link_phy #(.PHIT(8), .DETECT_LIMIT(8192)) b (
    .clk(clk), .rst(b_rst), .tx_data(8'd0), .tx_frame(8'd0), .up(b_up), .retrain(1'b0),
    .wake(1'b0), .fresh(1'b1), .touched(1'b0), .fail(b_fail), .lane_tx(ba), .rx_clk(clk),
    .lane_rx((ab & ~mask) | (bad_level ? mask : 24'd0)), .raw(1'b0), .raw_write(1'b0),
    .lane(8'd0), .raw_byte(8'd0), .state(b_state), .tx_skip(b_tx_skip), .rx_skip(b_rx_skip));

  reg started = 1'b0;
  reg failed = 1'b0;
  always @(posedge clk) begin
    started <= 1'b1;
    failed <= failed || (started && a_fail) || (now > OFFSET + 1 && b_fail);
  end

  always @* assert (!failed);
  always @* if (now == END) begin
    assert (a_up && b_up && a_state == STATE_ACTIVE && b_state == STATE_ACTIVE);
    assert (a_tx_skip == b_rx_skip && b_tx_skip == a_rx_skip);
    assert (b_rx_skip == ((FAULTY != 0) ? {6'd0, bad_lane} : 8'd2));
  end
endmodule

`default_nettype wire
