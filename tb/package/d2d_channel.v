// SPDX-License-Identifier: Apache-2.0
//
// d2d_channel: simulation model in place of rtl/package/d2d_channel.v, with the same ports.
//
// control, from the lowest bit: latency[15:0], error_threshold[31:0], seed[31:0], cut,
// inject_enable, inject_phit[31:0], inject_bit[15:0], inject_index[7:0]. Latency and errors are
//   those of every channel, each with its own seed; cut and injection act on channel inject_index
//   alone. See tb/common/link_channel.v.
`default_nettype none

module d2d_channel #(
  parameter PHIT = 256,
  parameter INDEX = 0,
  parameter CONTROL_BITS = 138
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire [CONTROL_BITS-1:0] control,
  input  wire [PHIT-1:0]         tx_data,
  input  wire [7:0]              tx_frame,
  output wire [PHIT-1:0]         rx_data,
  output wire [7:0]              rx_frame
);
  generate
    if (CONTROL_BITS != 138) begin : g_control
      d2d_channel_CONTROL_BITS_must_be_138 rule ();
    end
  endgenerate

  wire [15:0] latency = control[15:0];
  wire [31:0] error_threshold = control[47:16];
  wire [31:0] seed = control[79:48];
  wire        here = {24'd0, control[137:130]} == INDEX;
  wire        cut = control[80] && here;
  wire        inject_enable = control[81] && here;
  wire [31:0] inject_phit = control[113:82];
  wire [15:0] inject_bit = control[129:114];
  wire [31:0] unused_flips, unused_phits;

  link_channel #(.PHIT(PHIT)) u_channel (
    .clk(clk), .rst(rst),
    .latency(latency), .error_threshold(error_threshold),
    .seed(seed + 32'h9E3779B9 * (INDEX + 32'd1)), .cut(cut),
    .inject_enable(inject_enable), .inject_phit(inject_phit), .inject_bit(inject_bit),
    .s_data(tx_data), .s_frame(tx_frame), .m_data(rx_data), .m_frame(rx_frame),
    .count_flips(unused_flips), .count_phits(unused_phits)
  );
endmodule

`default_nettype wire
