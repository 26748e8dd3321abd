// SPDX-License-Identifier: Apache-2.0
//
// link_registers: management registers of one link end; addrmap link_registers of
//   rtl/chiplet/registers.rdl.
//
// Contract: reg_rdata shows register reg_index of the cycle before; a write acts at once. Only
//   CONTROL and LANE can be written. raw lasts until it is written 0; clear, retrain and raw_write
//   are pulses.
// Latency: one cycle. Cost: a multiplexer of 32 x 32 bits and 9 flip-flops.
`default_nettype none

module link_registers #(
  parameter LANES = 34
) (
  input  wire             clk,
  input  wire             rst,

  input  wire [4:0]       reg_index,
  output reg  [31:0]      reg_rdata,
  input  wire             reg_write,
  input  wire [31:0]      reg_wdata,

  // control
  output wire             clear,
  output wire             retrain,
  output reg              raw,
  output wire             raw_write,
  output reg  [7:0]       lane,
  output wire [7:0]       raw_byte,

  // status
  input  wire [3:0]       state,
  input  wire             up,
  input  wire             down,
  input  wire [3:0]       cause,
  input  wire [7:0]       tx_skip,
  input  wire [7:0]       rx_skip,
  input  wire [LANES-1:0] bad_lanes,
  input  wire [7:0]       lane_byte,
  input  wire [5:0]       lane_place,

  // counters
  input  wire [319:0]     counters,
  input  wire [15:0]      round_trip,
  input  wire [255:0]     histogram
);
  localparam [4:0] STATUS = 5'd0;
  localparam [4:0] CONTROL = 5'd1;
  localparam [4:0] BAD_LANES_0 = 5'd2;
  localparam [4:0] BAD_LANES_1 = 5'd3;
  localparam [4:0] LANE = 5'd4;
  localparam [4:0] ROUND_TRIP = 5'd5;
  localparam [4:0] HISTOGRAM = 5'd8;   // to 15
  localparam [4:0] COUNTERS = 5'd16;   // to 25
  localparam [4:0] N_COUNTERS = 5'd10;

  wire [63:0] bad = {{(64-LANES){1'b0}}, bad_lanes};
  wire [4:0]  counter = reg_index - COUNTERS;
  wire        write_control = reg_write && reg_index == CONTROL;
  wire        write_lane = reg_write && reg_index == LANE && {24'd0, reg_wdata[7:0]} < LANES;

  assign clear = write_control && reg_wdata[0];
  assign retrain = write_control && reg_wdata[1];

  wire unused = &{1'b0, reg_wdata[31:16]};

  reg       raw_write_q;
  reg [7:0] raw_byte_q;
  assign raw_write = raw_write_q;
  assign raw_byte = raw_byte_q;

  always @(posedge clk) begin
    if (write_lane) raw_byte_q <= reg_wdata[15:8];
    if (reg_index >= COUNTERS) begin
      reg_rdata <= (counter < N_COUNTERS) ? counters[32*counter +: 32] : 32'd0;
    end else if (reg_index >= HISTOGRAM) begin
      reg_rdata <= histogram[32*reg_index[2:0] +: 32];
    end else begin
      case (reg_index)
        STATUS: reg_rdata <= {rx_skip, tx_skip, 6'd0, down, up, cause, state};
        CONTROL: reg_rdata <= {29'd0, raw, 2'd0};
        BAD_LANES_0: reg_rdata <= bad[31:0];
        BAD_LANES_1: reg_rdata <= bad[63:32];
        LANE: reg_rdata <= {10'd0, lane_place, lane_byte, lane};
        ROUND_TRIP: reg_rdata <= {16'd0, round_trip};
        default: reg_rdata <= 32'd0;
      endcase
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      raw <= 1'b0;
      lane <= 8'd0;
      raw_write_q <= 1'b0;
    end else begin
      raw_write_q <= write_lane && raw;
      if (write_control) raw <= reg_wdata[2];
      if (write_lane) lane <= reg_wdata[7:0];
    end
  end
endmodule

`default_nettype wire
