// SPDX-License-Identifier: Apache-2.0
//
// vector_held: the held row C, beats of fp32 that a command may add to each of its rows.
//
// Contract: writes go to beats 0, 1, ... from start on; next reads, in the same order, and begins
//   again at beat 0 after a beat with last. rdata shows the beat one cycle after next and keeps it.
//   A command writes or reads. Contents are not reset: programs hold a row before they use it.
// Cost: DEPTH beats of single-port SRAM (4 KiB at BLOCK = 64).
`default_nettype none

module vector_held #(
  parameter BLOCK = 64,
  parameter DEPTH = 64
) (
  input  wire               clk,
  input  wire               start,
  input  wire               we,
  input  wire [8*BLOCK-1:0] wdata,
  input  wire               next,
  input  wire               last,
  output wire [8*BLOCK-1:0] rdata
);
  localparam BITS = $clog2(DEPTH);

  reg [BITS-1:0] at_q;

  always @(posedge clk) begin
    if (start) at_q <= 0;
    else if (we || next) at_q <= (next && last) ? {BITS{1'b0}} : at_q + 1'b1;
  end

  sram_1p #(.WIDTH(8*BLOCK), .DEPTH(DEPTH)) beats (
    .clk(clk), .en(we || next), .we(we), .addr(at_q), .wdata(wdata), .wmask({BLOCK{1'b1}}),
    .rdata(rdata)
  );
endmodule

`default_nettype wire
