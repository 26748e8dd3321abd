// SPDX-License-Identifier: Apache-2.0
//
// link_lane_lock: finds the bits and the words of every lane in training sequences.
//
// Contract: `search` high looks for the two sync bytes on every lane that is not locked, at one
//   slip after the other, DWELL cycles each from the first cycle in which the lanes are not all 0;
//   a lane that shows them is locked, unless it fails to show them in the next dwell again: it was
//   something else that looked like them, data perhaps. It begins from nothing when search rises.
//   `measure` high finds how many words the lanes are apart: when all locked lanes have shown their
//   sync within SKEW + 1 cycles, their ages are set and `aligned` pulses. Otherwise the next
//   sequence is tried; from the second on (measuring may begin within one) a single lane that does
//   not show up with the others is unlocked first.
// Input: word_q, the output of link_elastic one cycle later, with the ages and slips set here.
// Latency: ages and slips count for the word of the cycle after they change; `aligned` is high in
//   that cycle, whose word is byte 3 of the sequence.
// Cost: per lane two byte comparators, 5 bits of alignment, 7 bits of state.
`default_nettype none

module link_lane_lock #(
  parameter LANES = 34
) (
  input  wire               clk,
  input  wire               rst,
  input  wire               search,
  input  wire               measure,
  input  wire [8*LANES-1:0] word_q,

  output reg  [LANES-1:0]   locked,
  output wire               all_locked,   // and have shown the sync twice
  output wire               most_locked,  // more than half
  output reg                aligned,
  output reg                plain,
  output reg  [2*LANES-1:0] age,
  output reg  [3*LANES-1:0] slip
);
  `include "link_lanes.vh"

  localparam DWELL = 20;  // a sequence, and the way through elastic buffer and register
  localparam [4:0] DWELL_LAST = DWELL - 1;
  localparam [1:0] SKEW = 2'd3;
  localparam [LANES-1:0] NONE = {LANES{1'b0}};

  reg               search_q;
  reg               alive_q;    // the lanes have carried something
  reg [4:0]         dwell_q;
  reg [LANES-1:0]   recent_q;   // lanes that showed the sync in this dwell
  reg [LANES-1:0]   sure_q;     // lanes that showed it twice
  reg [LANES-1:0]   first_q;    // lanes that showed byte 0
  reg [LANES-1:0]   seen_q;     // lanes of this sequence
  reg [2*LANES-1:0] wait_q;     // cycles since then
  reg [1:0]         window_q;   // cycles since the first of them
  reg               tried_q;    // a sequence has been measured

  reg [LANES-1:0] hit;
  reg [LANES-1:0] seen;
  reg [7:0]       missing;
  reg [7:0]       total;
  integer i;
  always @* begin
    hit = NONE;
    seen = NONE;
    missing = 8'd0;
    total = 8'd0;
    if (search || measure) begin
      for (i = 0; i < LANES; i = i + 1) begin
        hit[i] = first_q[i] && word_q[8*i +: 8] == TS_SYNC1 && (measure || dwell_q > 5'd1);
      end
      seen = (seen_q | hit) & locked;
      for (i = 0; i < LANES; i = i + 1) begin
        missing = missing + {7'd0, locked[i] && !seen[i]};
        total = total + {7'd0, locked[i]};
      end
    end
  end

  // What was read two cycles ago was read at the slip before: a dwell begins with its third cycle.
  wire [LANES-1:0] kept = (locked & (recent_q | sure_q)) | hit;

  assign all_locked = search_q && &sure_q;
  assign most_locked = search_q && {23'd0, total, 1'b0} > LANES;

  wire complete = measure && !aligned && seen == locked;
  wire closed = measure && seen_q != NONE && window_q == SKEW && !complete;

  always @(posedge clk) begin
    if (search || measure) begin
      for (i = 0; i < LANES; i = i + 1) begin
        first_q[i] <= word_q[8*i +: 8] == TS_SYNC0;
        wait_q[2*i +: 2] <= seen_q[i] ? wait_q[2*i +: 2] + 2'd1 : 2'd1;
      end
    end
  end

  always @(posedge clk) begin
    aligned <= 1'b0;
    search_q <= search;
    if (rst || (search && !search_q)) begin
      locked <= NONE;
      alive_q <= 1'b0;
      dwell_q <= 5'd0;
      recent_q <= NONE;
      sure_q <= NONE;
      seen_q <= NONE;
      tried_q <= 1'b0;
      age <= {2*LANES{1'b0}};
      slip <= {3*LANES{1'b0}};
      plain <= 1'b1;
    end else if (search) begin
      locked <= (dwell_q == DWELL_LAST) ? kept : locked | hit;
      recent_q <= (dwell_q == DWELL_LAST) ? NONE : recent_q | hit;
      sure_q <= sure_q | (hit & locked);
      alive_q <= alive_q || word_q != {8*LANES{1'b0}};
      dwell_q <= (!alive_q || dwell_q == DWELL_LAST) ? 5'd0 : dwell_q + 5'd1;
      if (dwell_q == DWELL_LAST) begin
        for (i = 0; i < LANES; i = i + 1) begin
          if (!kept[i]) slip[3*i +: 3] <= slip[3*i +: 3] + 3'd1;
        end
        plain <= plain && kept == {LANES{1'b1}};
      end
    end else if (measure) begin
      seen_q <= (complete || closed) ? NONE : seen;
      window_q <= (seen_q == NONE) ? 2'd1 : window_q + 2'd1;
      if (complete) begin
        aligned <= 1'b1;
        for (i = 0; i < LANES; i = i + 1) age[2*i +: 2] <= seen_q[i] ? wait_q[2*i +: 2] : 2'd0;
        plain <= plain && seen_q == NONE;
      end else if (closed) begin
        tried_q <= 1'b1;
        if (tried_q && missing == 8'd1) locked <= seen;
      end
    end
  end
endmodule

`default_nettype wire
