// SPDX-License-Identifier: Apache-2.0
//
// fabric_tb: N chiplets, every pair joined, all sending to all at once (fabric_node).
`default_nettype none

module fabric_tb #(
  parameter N = 2,
  parameter BLOCK = 16,
  parameter ROUNDS = 100
) (
  input  wire        clk,
  input  wire        rst,
  input  wire [31:0] seed,
  input  wire [31:0] noise,
  input  wire [1:0]  fault,
  output wire        finished,  // all that was sent has come, in order and unchanged
  output wire        failed,
  output wire [N-1:0] wrong,    // by chiplet
  output wire [N-1:0] stuck,
  output wire [32*N-1:0] errors
);
  localparam LANE = 4 * BLOCK + 16;

  wire [N*N*LANE-1:0] lane_out, lane_in;
  wire [N-1:0]        node_finished;
  assign finished = node_finished == {N{1'b1}};
  assign failed = wrong != {N{1'b0}} || stuck != {N{1'b0}};

  genvar c, p;
  generate
    for (c = 0; c < N; c = c + 1) begin : g_node
      for (p = 0; p < N; p = p + 1) begin : g_wire
        assign lane_in[LANE*(N*c + p) +: LANE] = lane_out[LANE*(N*p + c) +: LANE];
      end
      fabric_node #(.ID(c), .N(N), .BLOCK(BLOCK), .ROUNDS(ROUNDS)) node (
        .clk(clk), .rst(rst), .seed(seed), .noise(noise), .fault(fault),
        .lane_tx(lane_out[LANE*N*c +: LANE*N]), .lane_rx(lane_in[LANE*N*c +: LANE*N]),
        .finished(node_finished[c]), .wrong(wrong[c]), .stuck(stuck[c]),
        .errors(errors[32*c +: 32]));
    end
  endgenerate
endmodule

`default_nettype wire
