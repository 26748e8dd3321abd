// SPDX-License-Identifier: Apache-2.0
//
// link_receiver: takes the beats that one peer sends and writes them to the stash.
//
// Contract: a packet is the beats from rx_first to rx_last, one SEND command of the peer. After its
//   last beat is written the packet is reported once: consumers to signal (from rx_meta of the last
//   beat), signature with offsets from the first beat's address (mod 2^16), status. An rx_empty
//   beat writes nothing. A beat beyond the stash is dropped and gives status ADDRESS.
// Handshake: rx_, req_, done_ are valid/ready; rx_ready is combinational in req_ready. While a
//   packet is being reported no beat is taken.
// Latency: a beat passes through in its cycle; done_valid one cycle after the last one.
// Cost: a signature unit and about 60 flip-flops.
`default_nettype none

module link_receiver #(
  parameter BLOCK = 64,
  parameter STASH_BEATS = 16384
) (
  input  wire               clk,
  input  wire               rst,

  // from the link
  input  wire               rx_valid,
  output wire               rx_ready,
  input  wire [15:0]        rx_addr,
  input  wire [8*BLOCK-1:0] rx_data,
  input  wire [15:0]        rx_exps,
  input  wire               rx_first,
  input  wire               rx_last,
  input  wire               rx_empty,
  input  wire [15:0]        rx_meta,   // {8'd0, count, first} of the consumers to signal

  // stash writes
  output wire               req_valid,
  input  wire               req_ready,
  output wire [15:0]        req_addr,
  output wire [8*BLOCK-1:0] req_data,
  output wire [15:0]        req_exps,

  // completed packet
  output reg                done_valid,
  input  wire               done_ready,
  output reg  [3:0]         done_first,
  output reg  [3:0]         done_count,
  output wire [31:0]        done_signature,
  output reg  [3:0]         done_status
);
`include "commands.vh"

  generate
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      link_receiver_STASH_BEATS_must_be_1_to_65536 rule ();
    end
  endgenerate

  wire in_range = {16'd0, rx_addr} < STASH_BEATS;
  wire write = in_range && !rx_empty;
  wire take = rx_valid && rx_ready;
  wire unused = &{1'b0, rx_meta[15:8]};

  assign req_valid = rx_valid && write && !done_valid;
  assign req_addr = rx_addr;
  assign req_data = rx_data;
  assign req_exps = rx_exps;
  assign rx_ready = !done_valid && (req_ready || !write);

  reg [15:0] first_addr_q;
  wire [15:0] offset = rx_first ? 16'd0 : rx_addr - first_addr_q;

  signature #(.BLOCK(BLOCK)) sign (
    .clk(clk), .rst(rst), .clear(done_valid && done_ready),
    .valid(take && write), .offset({16'd0, offset}), .data(rx_data), .exps(rx_exps),
    .sum(done_signature)
  );

  always @(posedge clk) begin
    if (take && rx_first) first_addr_q <= rx_addr;
    if (take && rx_last) {done_count, done_first} <= rx_meta[7:0];
    if (rst) begin
      done_valid <= 1'b0;
      done_status <= ERROR_NONE;
    end else begin
      if (take && rx_last) done_valid <= 1'b1;
      else if (done_ready) done_valid <= 1'b0;
      if (take && !rx_empty && !in_range) done_status <= ERROR_ADDRESS;
      else if (done_valid && done_ready) done_status <= ERROR_NONE;
    end
  end
endmodule

`default_nettype wire
