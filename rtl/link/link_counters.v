// SPDX-License-Identifier: Apache-2.0
//
// link_counters: counts what happens on a link, and measures its round trips.
//
// Contract: one 32-bit counter per event, modulo 2^32 from reset. Round trip: from the cycle in
//   which a new flit is closed to the one in which its acknowledgement is read, one flit at a time;
//   bin b of the histogram counts those of 2^(b+3) up to 2^(b+4) - 1 cycles, bin 0 the shorter
//   ones too, bin 7 the longer ones.
// Latency: a counter shows an event one cycle later. Cost: 19 counters, a timer of 16 bits.
`default_nettype none

module link_counters (
  input  wire         clk,
  input  wire         rst,

  // events
  input  wire         sent_flit,
  input  wire [7:0]   sent_seq,
  input  wire         accepted_flit,
  input  wire         replay,
  input  wire         error_event,
  input  wire         stalled,
  input  wire         sent_beat,
  input  wire         accepted_bulk,
  input  wire [3:0]   accepted_beats,
  input  wire         trained,
  input  wire         repaired,
  input  wire         lane_lost,
  input  wire         peer_valid,
  input  wire [7:0]   peer_ack,

  output reg  [31:0]  flits_sent,
  output reg  [31:0]  flits_received,
  output reg  [31:0]  replays,
  output reg  [31:0]  errors,
  output reg  [31:0]  stalls,
  output reg  [31:0]  beats_sent,
  output reg  [31:0]  beats_received,
  output reg  [31:0]  trainings,
  output reg  [31:0]  repairs,
  output reg  [31:0]  lanes_lost,
  output reg  [15:0]  round_trip,      // the last one, saturates
  output wire [255:0] histogram
);
  reg        measuring_q;
  reg [7:0]  seq_q;
  reg [15:0] timer_q;
  reg [31:0] bin_q [0:7];

  wire [7:0] past = peer_ack - seq_q - 8'd1;
  wire       done = measuring_q && peer_valid && !past[7];

  wire unused = &{1'b0, past[6:0]};

  reg [2:0] bin;
  integer i;
  always @* begin
    bin = 3'd0;
    for (i = 4; i < 16; i = i + 1) begin
      if (timer_q[i]) bin = (i > 10) ? 3'd7 : i[2:0] - 3'd3;
    end
  end

  genvar b;
  generate
    for (b = 0; b < 8; b = b + 1) begin : g_bin
      assign histogram[32*b +: 32] = bin_q[b];
    end
  endgenerate

  always @(posedge clk) begin
    if (rst) begin
      flits_sent <= 32'd0;
      flits_received <= 32'd0;
      replays <= 32'd0;
      errors <= 32'd0;
      stalls <= 32'd0;
      beats_sent <= 32'd0;
      beats_received <= 32'd0;
      trainings <= 32'd0;
      repairs <= 32'd0;
      lanes_lost <= 32'd0;
      round_trip <= 16'd0;
      measuring_q <= 1'b0;
      seq_q <= 8'd0;
      timer_q <= 16'd0;
      for (i = 0; i < 8; i = i + 1) bin_q[i] <= 32'd0;
    end else begin
      if (sent_flit) flits_sent <= flits_sent + 32'd1;
      if (accepted_flit) flits_received <= flits_received + 32'd1;
      if (replay) replays <= replays + 32'd1;
      if (error_event) errors <= errors + 32'd1;
      if (stalled) stalls <= stalls + 32'd1;
      if (sent_beat) beats_sent <= beats_sent + 32'd1;
      if (accepted_bulk) beats_received <= beats_received + {28'd0, accepted_beats};
      if (trained) trainings <= trainings + 32'd1;
      if (repaired) repairs <= repairs + 32'd1;
      if (lane_lost) lanes_lost <= lanes_lost + 32'd1;

      if (!measuring_q) begin
        if (sent_flit) begin
          measuring_q <= 1'b1;
          seq_q <= sent_seq;
          timer_q <= 16'd1;
        end
      end else if (done) begin
        measuring_q <= 1'b0;
        round_trip <= timer_q;
        bin_q[bin] <= bin_q[bin] + 32'd1;
      end else if (timer_q != 16'hFFFF) begin
        timer_q <= timer_q + 16'd1;
      end
    end
  end
endmodule

`default_nettype wire
