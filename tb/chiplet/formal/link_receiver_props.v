// SPDX-License-Identifier: Apache-2.0
//
// link_receiver_props: what link_receiver promises, for packets of any beats at any addresses and
//   any stalls of stash and report; a packet begins with the beat behind the last of the one before.
`default_nettype none

module link_receiver_props #(
  parameter BLOCK = 16,
  parameter STASH_BEATS = 1024
) (
  input wire               clk,
  input wire               rst,
  input wire               rx_valid,
  input wire [15:0]        rx_addr,
  input wire [8*BLOCK-1:0] rx_data,
  input wire [15:0]        rx_exps,
  input wire               rx_last,
  input wire               rx_empty,
  input wire [15:0]        rx_meta,
  input wire               req_ready,
  input wire               done_ready
);
`include "commands.vh"
  wire               rx_ready, req_valid, done_valid;
  wire [15:0]        req_addr, req_exps;
  wire [8*BLOCK-1:0] req_data;
  wire [3:0]         done_first, done_count, done_status;
  wire [31:0]        done_signature;
  reg                inside;  // a packet has begun and not ended
  link_receiver #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) dut (
    .clk(clk), .rst(rst), .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr),
    .rx_data(rx_data), .rx_exps(rx_exps), .rx_first(!inside), .rx_last(rx_last),
    .rx_empty(rx_empty), .rx_meta(rx_meta), .req_valid(req_valid), .req_ready(req_ready),
    .req_addr(req_addr), .req_data(req_data), .req_exps(req_exps), .done_valid(done_valid),
    .done_ready(done_ready), .done_first(done_first), .done_count(done_count),
    .done_signature(done_signature), .done_status(done_status));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // A beat that waits stays.
  wire [8*BLOCK+49:0] beat = {rx_addr, rx_data, rx_exps, rx_last, rx_empty, rx_meta};
  reg  [8*BLOCK+49:0] was_beat;
  reg                 kept;
  always @* if (kept) assume (rx_valid && beat == was_beat);

  wire take = rx_valid && rx_ready;
  wire fits = {16'd0, rx_addr} < STASH_BEATS;
  wire written = take && !rx_empty && fits;
  wire ends = take && rx_last;

  // What the packet's report must say.
  reg [15:0] base;
  reg        lost;          // a beat beyond the stash
  reg        owed;          // a report
  reg [7:0]  consumers;
  wire [31:0] sum;
  signature #(.BLOCK(BLOCK)) want (
    .clk(clk), .rst(rst), .clear(take && !inside), .valid(written),
    .offset({16'd0, rx_addr - (inside ? base : rx_addr)}), .data(rx_data), .exps(rx_exps),
    .sum(sum));

  reg        req_waits, done_waits;
  reg [8*BLOCK+31:0] req_was;
  reg [43:0] done_was;
  wire [8*BLOCK+31:0] req = {req_addr, req_data, req_exps};
  wire [43:0] done = {done_first, done_count, done_signature, done_status};
  always @(posedge clk) begin
    if (take && !inside) base <= rx_addr;
    if (ends) consumers <= rx_meta[7:0];
    if (rst) begin
      inside <= 1'b0;
      lost <= 1'b0;
      owed <= 1'b0;
    end else begin
      if (take) begin
        inside <= !rx_last;
        lost <= (inside && lost) || (!rx_empty && !fits);
      end
      owed <= ends || (owed && !(done_valid && done_ready));
    end
    {kept, was_beat} <= {rx_valid && !rx_ready && !rst, beat};
    {req_waits, req_was} <= {req_valid && !req_ready && !rst, req};
    {done_waits, done_was} <= {done_valid && !done_ready && !rst, done};
  end

  always @* if (started) begin
    // A beat is written as it is taken, in the same cycle, unless it is empty or beyond the stash.
    assert ((req_valid && req_ready) == written);
    if (req_valid) assert (fits && req == {rx_addr, rx_data, rx_exps});
    if (req_waits) assert (req_valid && req == req_was);
    // Nothing but the stash and a report keeps a beat waiting.
    if (rx_valid && !owed && (req_ready || rx_empty || !fits)) assert (rx_ready);
    // A packet is reported once, from the cycle behind its last beat on, until the report is taken;
    // meanwhile no beat is.
    assert (done_valid == owed);
    if (done_valid) begin
      assert (!take && !inside);
      assert ({done_count, done_first} == consumers && done_signature == sum);
      assert (done_status == (lost ? ERROR_ADDRESS : ERROR_NONE));
    end
    if (done_waits) assert (done_valid && done == done_was);
  end

  // ---- what the induction needs
  (* hierconn *) wire [15:0] \dut.first_addr_q ;
  (* hierconn *) wire [31:0] \dut.sign.sum_q ;
  always @* if (started) begin
    if (inside) assert (\dut.first_addr_q == base);
    assert (\dut.sign.sum_q == (inside || owed ? sum : 32'd0));
    assert (done_status == ((inside || owed) && lost ? ERROR_ADDRESS : ERROR_NONE));
  end
endmodule

`default_nettype wire
