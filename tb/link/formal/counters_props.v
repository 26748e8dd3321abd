// SPDX-License-Identifier: Apache-2.0
//
// counters_props: link_counters with any events. One cycle after an event its counter is one more,
// all 32 bits of it, and no other has moved.
`default_nettype none

module counters_props (
  input wire       clk,
  input wire       rst,
  input wire [8:0] event_now,  // in the order of the counters, beats_received apart
  input wire [7:0] sent_seq,
  input wire       accepted_bulk,
  input wire [3:0] accepted_beats,
  input wire       peer_valid,
  input wire [7:0] peer_ack
);
  wire [31:0]  flits_sent, flits_received, replays, errors, stalls, beats_sent, beats_received;
  wire [31:0]  trainings, repairs, lanes_lost;
  wire [15:0]  round_trip;
  wire [255:0] histogram;

  link_counters dut (
    .clk(clk), .rst(rst), .sent_flit(event_now[0]), .sent_seq(sent_seq),
    .accepted_flit(event_now[1]), .replay(event_now[2]), .error_event(event_now[3]),
    .stalled(event_now[4]), .sent_beat(event_now[5]), .accepted_bulk(accepted_bulk),
    .accepted_beats(accepted_beats), .trained(event_now[6]), .repaired(event_now[7]),
    .lane_lost(event_now[8]), .peer_valid(peer_valid), .peer_ack(peer_ack),
    .flits_sent(flits_sent), .flits_received(flits_received), .replays(replays), .errors(errors),
    .stalls(stalls), .beats_sent(beats_sent), .beats_received(beats_received),
    .trainings(trainings), .repairs(repairs), .lanes_lost(lanes_lost), .round_trip(round_trip),
    .histogram(histogram));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  // ---- one cycle ago
  wire [287:0] now = {lanes_lost, repairs, trainings, beats_sent, stalls, errors, replays,
                      flits_received, flits_sent};
  reg [287:0] before;
  reg [31:0]  beats_before;
  reg [255:0] bins_before;
  reg [8:0]   event_before;
  reg [3:0]   beats_come;
  reg         rst_before, heard_before;

  always @(posedge clk) begin
    before <= now;
    beats_before <= beats_received;
    bins_before <= histogram;
    event_before <= event_now;
    beats_come <= accepted_bulk ? accepted_beats : 4'd0;
    rst_before <= rst;
    heard_before <= peer_valid;
  end

  reg [3:0] grown;
  integer i;
  always @* if (started) begin
    grown = 4'd0;
    if (rst_before) begin
      // Reset clears all.
      assert (now == 288'd0 && beats_received == 32'd0 && histogram == 256'd0);
    end else begin
      // A counter grows by one with its event, and only then.
      for (i = 0; i < 9; i = i + 1) begin
        assert (now[32*i +: 32] == before[32*i +: 32] + {31'd0, event_before[i]});
      end
      // Beats are counted with the flit that brought them.
      assert (beats_received == beats_before + {28'd0, beats_come});
      // A bin grows by one or not at all; one of them at a time, only with a header of the peer.
      for (i = 0; i < 8; i = i + 1) begin
        assert (histogram[32*i +: 32] == bins_before[32*i +: 32] ||
                histogram[32*i +: 32] == bins_before[32*i +: 32] + 32'd1);
        if (histogram[32*i +: 32] != bins_before[32*i +: 32]) grown = grown + 4'd1;
      end
      assert (grown <= {3'd0, heard_before});
    end
  end
endmodule

`default_nettype wire
