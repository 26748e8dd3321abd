// SPDX-License-Identifier: Apache-2.0
//
// d2d_channel: simulation model in place of rtl/package/d2d_channel.v, with the same ports.
//
// control, from the lowest bit: latency[15:0], error_threshold[31:0], seed[31:0], cut,
//   inject_enable, inject_phit[31:0], inject_bit[15:0], inject_index[7:0], skew[4:0],
//   burst_threshold[31:0], burst_length[15:0], fault[1:0], fault_lane[7:0], fault_cycle[31:0].
//   Latency, errors, skew and bursts are those of every channel, each with its own seed; with skew
//   each lane is late by up to so many bits of its own. Cut, injection and the fault of one lane
//   from cycle fault_cycle on act on channel inject_index alone. See tb/common/link_channel.v.
`default_nettype none

module d2d_channel #(
  parameter LANE_BITS = 272,
  parameter INDEX = 0,
  parameter CONTROL_BITS = 233
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire [CONTROL_BITS-1:0] control,
  input  wire [LANE_BITS-1:0]    tx,
  output wire [LANE_BITS-1:0]    rx
);
  generate
    if (CONTROL_BITS != 233) begin : g_control
      d2d_channel_CONTROL_BITS_must_be_233 rule ();
    end
  endgenerate

  localparam LANES = LANE_BITS / 8;

  wire [15:0] latency = control[15:0];
  wire [31:0] error_threshold = control[47:16];
  wire [31:0] seed = control[79:48] + 32'h9E3779B9 * (INDEX + 32'd1);
  wire        here = {24'd0, control[137:130]} == INDEX;
  wire        cut = control[80] && here;
  wire        inject_enable = control[81] && here;
  wire [31:0] inject_phit = control[113:82];
  wire [15:0] inject_bit = control[129:114];
  wire [4:0]  skew = control[142:138];
  wire [31:0] burst_threshold = control[174:143];
  wire [15:0] burst_length = control[190:175];
  wire [1:0]  fault = control[192:191];
  wire [7:0]  fault_lane = control[200:193];
  wire [31:0] fault_cycle = control[232:201];
  wire [31:0] unused_flips, unused_phits;

  // Settings of the lanes change in reset and when the fault comes, not from cycle to cycle.
  reg [31:0]            cycle_q;
  reg [LANE_BITS-1:0]   skew_q;
  reg [LANE_BITS/4-1:0] fault_q;
  reg [31:0]            late;
  integer i;
  always @(posedge clk) begin
    if (rst) begin
      cycle_q <= 32'd0;
      fault_q <= {LANE_BITS/4{1'b0}};
      for (i = 0; i < LANES; i = i + 1) begin
        late = ((seed >> 8) * (2 * i + 1) >> 16) % ({27'd0, skew} + 32'd1);
        skew_q[8*i +: 8] <= late[7:0];
      end
    end else begin
      cycle_q <= cycle_q + 32'd1;
      if (here && fault != 2'd0 && cycle_q == fault_cycle) fault_q[2*fault_lane +: 2] <= fault;
    end
  end

  link_channel #(.LANE_BITS(LANE_BITS)) u_channel (
    .clk(clk), .rst(rst),
    .latency(latency), .error_threshold(error_threshold), .seed(seed), .cut(cut),
    .lane_skew(skew_q), .lane_errors({4*LANE_BITS{1'b0}}), .lane_fault(fault_q),
    .burst_threshold(burst_threshold), .burst_length(burst_length), .burst_all(1'b0),
    .mute(1'b0), .probe(inject_enable), .inject_enable(inject_enable), .inject_phit(inject_phit),
    .inject_bit(inject_bit), .s_lanes(tx), .m_lanes(rx),
    .count_flips(unused_flips), .count_phits(unused_phits)
  );
endmodule

`default_nettype wire
