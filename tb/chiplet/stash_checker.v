// SPDX-License-Identifier: Apache-2.0
//
// stash_checker: what every port of the stash keeps to; watches, drives nothing.
//
// Rules: an address is below STASH_BEATS, for the stash does not look at the bits above; a request
//   that was not taken is still there in the next cycle, the same, unless a reset came between.
//   A broken rule stops the simulation.
`default_nettype none

module stash_checker #(
  parameter PORTS = 4,
  parameter STASH_BEATS = 1024
) (
  input wire                clk,
  input wire                rst,
  input wire [PORTS-1:0]    valid,
  input wire [PORTS-1:0]    ready,
  input wire [PORTS-1:0]    we,
  input wire [16*PORTS-1:0] addr
);
  reg [PORTS-1:0]    waiting_q;
  reg [PORTS-1:0]    we_q;
  reg [16*PORTS-1:0] addr_q;
  integer i;
  always @(posedge clk) begin
    waiting_q <= rst ? {PORTS{1'b0}} : valid & ~ready;
    if (|(valid & ~ready)) begin
      we_q <= we;
      addr_q <= addr;
    end
    if (!rst && |(valid | waiting_q)) begin
      for (i = 0; i < PORTS; i = i + 1) begin
        if (valid[i] && {16'd0, addr[16*i +: 16]} >= STASH_BEATS) begin
          $display("stash port %0d: address %0d of %0d", i, addr[16*i +: 16], STASH_BEATS);
          $fatal;
        end
        if (waiting_q[i] && (!valid[i] || we[i] != we_q[i]
                             || addr[16*i +: 16] != addr_q[16*i +: 16])) begin
          $display("stash port %0d: request for %0d changed before it was taken", i,
                   addr_q[16*i +: 16]);
          $fatal;
        end
      end
    end
  end
endmodule

`default_nettype wire
