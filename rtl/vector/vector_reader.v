// SPDX-License-Identifier: Apache-2.0
//
// vector_reader: fetches one operand stream of a `ve` command from the stash.
//
// Contract: after start the beats of the stream (see vector_walker) stand on out_data in order. It
//   asks only for beats it has room for, as responses cannot be stalled.
// Handshake: req_valid does not wait for req_ready, req_addr is stable while stalled; responses
//   come in order, at least one cycle after the request. out: take one with out_next while
//   out_valid.
// Latency: a response is on out_data one cycle later. One beat per cycle where request to response
//   takes at most DEPTH - 2 cycles.
// Cost: a FIFO of DEPTH beats.
`default_nettype none

module vector_reader #(
  parameter BLOCK = 64,
  parameter DEPTH = 8
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               start,
  input  wire [15:0]        base,
  input  wire [11:0]        outer_steps,
  input  wire [11:0]        inner_steps,
  input  wire [16:0]        beats,
  input  wire [16:0]        last_beats,
  input  wire [11:0]        outer_stride,
  input  wire [11:0]        inner_stride,

  output wire               req_valid,
  input  wire               req_ready,
  output wire [15:0]        req_addr,
  input  wire               rsp_valid,
  input  wire [8*BLOCK-1:0] rsp_data,

  output wire               out_valid,
  input  wire               out_next,
  output wire [8*BLOCK-1:0] out_data
);
  localparam COUNT = $clog2(DEPTH + 1);
  localparam [31:0] ALL_WORD = DEPTH;
  localparam [COUNT-1:0] ALL = ALL_WORD[COUNT-1:0];

  wire active;
  reg [COUNT-1:0] room_q;  // free places that no request has claimed
  wire request = req_valid && req_ready;

  assign req_valid = active && room_q != 0;

  vector_walker walker (
    .clk(clk), .rst(rst), .start(start), .base(base), .outer_steps(outer_steps),
    .inner_steps(inner_steps), .beats(beats), .last_beats(last_beats),
    .outer_stride(outer_stride), .inner_stride(inner_stride),
    .next(request), .active(active), .addr(req_addr)
  );

  always @(posedge clk) begin
    if (rst) room_q <= ALL;
    else if (request && !out_next) room_q <= room_q - 1'b1;
    else if (out_next && !request) room_q <= room_q + 1'b1;
  end

  // Room was claimed at the request, so the FIFO is never full when a response comes.
  wire unused_ready;
  fifo #(.WIDTH(8*BLOCK), .DEPTH(DEPTH)) data (
    .clk(clk), .rst(rst),
    .s_valid(rsp_valid), .s_ready(unused_ready), .s_data(rsp_data),
    .m_valid(out_valid), .m_ready(out_next), .m_data(out_data)
  );
endmodule

`default_nettype wire
