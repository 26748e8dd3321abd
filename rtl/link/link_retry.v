// SPDX-License-Identifier: Apache-2.0
//
// link_retry: decides when to replay without being asked, when to train the lanes again, and when
//   to give up.
//
// Contract: `force_replay` pulses when flits have been outstanding for TIMEOUT cycles without an
//   acknowledgement or a replay. `retrain` pulses after BAD_RUN errors in a row without a good
//   flit between: a lane may have died. The link goes down, with a cause, after MAX_TIMEOUTS
//   timeouts or MAX_REPLAYS replays without any acknowledgement between, after MAX_RETRAINS
//   retrains without a good flit, after SILENCE cycles without a good flit while the lanes are up,
//   at a protocol error, or when the lanes fail. The first cause stays until `clear`, which then
//   replays what is outstanding: nothing is lost by going down and coming back. After PROTOCOL and
//   PEER_RESET that is not possible: clear gives `restart`, with which the link layer begins anew.
// Timers stand still while the lanes are not up.
// Latency: `down` and `cause` follow what brings them by one cycle.
// Cost: two timers, four counters of 8 bits.
`default_nettype none

module link_retry #(
  parameter TIMEOUT = 1024,     // cycles; more than a round trip with a full flit each way
  parameter MAX_TIMEOUTS = 8,   // 1 to 255
  parameter MAX_REPLAYS = 64,   // 1 to 255
  parameter MAX_RETRAINS = 8,   // 1 to 255
  parameter BAD_RUN = 16,       // errors in a row, 2 to 255
  parameter SILENCE = 16384     // cycles; several times the peer's REFRESH
) (
  input  wire       clk,
  input  wire       rst,
  input  wire       clear,
  input  wire       outstanding,
  input  wire       progress,
  input  wire       replay,
  input  wire       heard,          // a good flit has come
  input  wire       error_event,    // a bad one, or noise
  input  wire       protocol_error,
  input  wire       up,             // the lanes carry data
  input  wire       fail,           // pulse: the lanes have failed, for fail_cause
  input  wire [3:0] fail_cause,
  output wire       force_replay,
  output wire       retrain,
  output wire       restart,
  output wire       down,
  output wire [3:0] cause
);
  `include "link_format.vh"

  generate
    if (MAX_TIMEOUTS < 1 || MAX_TIMEOUTS > 255) begin : g_timeouts
      link_retry_MAX_TIMEOUTS_must_be_1_to_255 rule ();
    end
    if (MAX_REPLAYS < 1 || MAX_REPLAYS > 255) begin : g_replays
      link_retry_MAX_REPLAYS_must_be_1_to_255 rule ();
    end
    if (MAX_RETRAINS < 1 || MAX_RETRAINS > 255 || BAD_RUN < 2 || BAD_RUN > 255) begin : g_retrains
      link_retry_MAX_RETRAINS_must_be_1_to_255_BAD_RUN_2_to_255 rule ();
    end
  endgenerate

  localparam TIMER_BITS = $clog2(TIMEOUT);
  localparam SILENCE_BITS = $clog2(SILENCE + 1);
  localparam [31:0] TIMEOUT_WORD = TIMEOUT - 1;
  localparam [31:0] SILENCE_WORD = SILENCE;
  localparam [TIMER_BITS-1:0] TIMER_ONE = 1;
  localparam [SILENCE_BITS-1:0] SILENCE_ONE = 1;
  localparam [31:0] MAX_TIMEOUTS_WORD = MAX_TIMEOUTS;
  localparam [31:0] MAX_REPLAYS_WORD = MAX_REPLAYS;
  localparam [31:0] MAX_RETRAINS_WORD = MAX_RETRAINS;
  localparam [31:0] BAD_RUN_WORD = BAD_RUN;

  reg [TIMER_BITS-1:0]   timer_q;
  reg [SILENCE_BITS-1:0] silence_q;
  reg [7:0] timeouts_q;  // since the last progress
  reg [7:0] replays_q;   // since the last progress
  reg [7:0] retrains_q;  // since the last good flit
  reg [7:0] run_q;       // errors since the last good flit or retrain
  reg [3:0] cause_q;

  wire waiting = up && outstanding && !progress && !replay && !down;
  wire timeout = waiting && timer_q == TIMEOUT_WORD[TIMER_BITS-1:0];

  // A link that works goes on by itself: only one that had stopped must send again.
  assign force_replay = timeout || (clear && down);
  assign retrain = (up && !down && run_q == BAD_RUN_WORD[7:0]) || restart;
  assign restart = clear && (cause_q == CAUSE_PROTOCOL || cause_q == CAUSE_PEER_RESET);
  assign down = cause_q != CAUSE_NONE;
  assign cause = cause_q;

  always @(posedge clk) begin
    if (rst) begin
      timer_q <= {TIMER_BITS{1'b0}};
      silence_q <= {SILENCE_BITS{1'b0}};
      timeouts_q <= 8'd0;
      replays_q <= 8'd0;
      retrains_q <= 8'd0;
      run_q <= 8'd0;
      cause_q <= CAUSE_NONE;
    end else if (clear) begin
      timer_q <= {TIMER_BITS{1'b0}};
      silence_q <= {SILENCE_BITS{1'b0}};
      timeouts_q <= 8'd0;
      replays_q <= 8'd0;
      retrains_q <= 8'd0;
      run_q <= 8'd0;
      cause_q <= CAUSE_NONE;
    end else begin
      if (!waiting || timeout) timer_q <= {TIMER_BITS{1'b0}};
      else timer_q <= timer_q + TIMER_ONE;

      if (progress || down) timeouts_q <= 8'd0;
      else if (timeout) timeouts_q <= timeouts_q + 8'd1;
      if (progress || down) replays_q <= 8'd0;
      else if (replay) replays_q <= replays_q + 8'd1;

      if (heard || down || !up) run_q <= 8'd0;
      else if (retrain) run_q <= 8'd0;
      else if (error_event) run_q <= run_q + 8'd1;
      if (heard || down) retrains_q <= 8'd0;
      else if (retrain) retrains_q <= retrains_q + 8'd1;

      if (heard || down || !up) silence_q <= {SILENCE_BITS{1'b0}};
      else silence_q <= silence_q + SILENCE_ONE;

      if (!down) begin
        if (protocol_error) cause_q <= CAUSE_PROTOCOL;
        else if (fail) cause_q <= fail_cause;
        else if (retrains_q == MAX_RETRAINS_WORD[7:0]) cause_q <= CAUSE_ERRORS;
        else if (timeouts_q == MAX_TIMEOUTS_WORD[7:0]) cause_q <= CAUSE_NO_ACK;
        else if (replays_q == MAX_REPLAYS_WORD[7:0]) cause_q <= CAUSE_ERRORS;
        else if (silence_q == SILENCE_WORD[SILENCE_BITS-1:0]) cause_q <= CAUSE_SILENCE;
      end
    end
  end
endmodule

`default_nettype wire
