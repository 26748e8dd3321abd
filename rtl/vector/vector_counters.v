// SPDX-License-Identifier: Apache-2.0
//
// vector_counters: counts the cycles in which each of N events holds, mod 2^32.
//
// Contract: counts[32*i +: 32] is the number of cycles with events[i] since rst, seen one cycle
//   later. Cost: N counters of 32 bits.
`default_nettype none

module vector_counters #(
  parameter N = 4
) (
  input  wire            clk,
  input  wire            rst,
  input  wire [N-1:0]    events,
  output reg  [32*N-1:0] counts
);
  integer i;

  always @(posedge clk) begin
    for (i = 0; i < N; i = i + 1) begin
      if (rst) counts[32*i +: 32] <= 32'd0;
      else if (events[i]) counts[32*i +: 32] <= counts[32*i +: 32] + 32'd1;
    end
  end
endmodule

`default_nettype wire
