// SPDX-License-Identifier: Apache-2.0
//
// vector_writer: stores the result beats of a `ve` command and signs them.
//
// Contract: beats go to the addresses of the destination (see vector_walker) in order. The
//   signature is the sum of CRC-32(offset from the destination mod 2^16, data, exponents) over the
//   beats that the stash has accepted; it is complete one cycle after busy falls.
// Handshake: s_ready does not depend on s_valid; d_req_valid does not wait for d_req_ready, payload
//   stable while stalled.
// Latency: 1 cycle. Rate: one beat per cycle. Cost: a FIFO of four beats, one CRC network.
`default_nettype none

module vector_writer #(
  parameter BLOCK = 64
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               start,
  input  wire               enable,  // the command stores beats
  input  wire [15:0]        base,
  input  wire [11:0]        outer_steps,
  input  wire [11:0]        inner_steps,
  input  wire [16:0]        beats,
  input  wire [11:0]        outer_stride,
  input  wire [11:0]        inner_stride,

  input  wire               s_valid,
  output wire               s_ready,
  input  wire [8*BLOCK-1:0] s_data,
  input  wire [15:0]        s_exps,

  output wire               d_req_valid,
  input  wire               d_req_ready,
  output wire [15:0]        d_req_addr,
  output wire [8*BLOCK-1:0] d_req_data,
  output wire [15:0]        d_req_exps,

  output wire [31:0]        signature,
  output wire               busy
);
  wire written = d_req_valid && d_req_ready;
  wire [15:0] offset = d_req_addr - base;

  fifo #(.WIDTH(8*BLOCK + 16), .DEPTH(4)) queue (
    .clk(clk), .rst(rst),
    .s_valid(s_valid), .s_ready(s_ready), .s_data({s_exps, s_data}),
    .m_valid(d_req_valid), .m_ready(d_req_ready), .m_data({d_req_exps, d_req_data})
  );

  vector_walker walker (
    .clk(clk), .rst(rst), .start(start && enable), .base(base), .outer_steps(outer_steps),
    .inner_steps(inner_steps), .beats(beats), .last_beats(beats),
    .outer_stride(outer_stride), .inner_stride(inner_stride),
    .next(written), .active(busy), .addr(d_req_addr)
  );

  signature #(.BLOCK(BLOCK)) crc (
    .clk(clk), .rst(rst), .clear(start), .valid(written),
    .offset({16'd0, offset}), .data(d_req_data), .exps(d_req_exps), .sum(signature)
  );
endmodule

`default_nettype wire
