// SPDX-License-Identifier: Apache-2.0
//
// train_props: link_train never stays: each state but ACTIVE, DOWN and RAW ends within its limit,
//   and all of them together do, whatever lanes, peer and requests do.
//
// `boundary` comes at least every 16 cycles (link_lane_tx counts to 16); all else is free.
`default_nettype none

module train_props #(
  parameter LANES = 4,
  parameter DETECT_LIMIT = 64
) (
  input wire             clk,
  input wire             rst,
  input wire             wake,
  input wire             retrain,
  input wire             raw,
  input wire             touched,
  input wire             boundary,
  input wire [3:0]       ts_sent,
  input wire [LANES-1:0] locked,
  input wire             all_locked,
  input wire             most_locked,
  input wire             aligned,
  input wire             ts_good,
  input wire             ts_bad,
  input wire [3:0]       peer_phase,
  input wire             peer_fresh,
  input wire [7:0]       peer_ask,
  input wire [7:0]       peer_skip,
  input wire [LANES-1:0] noisy,
  input wire             peer_code,
  input wire [LANES-1:0] stuck,
  input wire             signal,
  input wire             window
);
  `include "link_format.vh"
  `include "link_lanes.vh"

  wire [3:0] state, fail_cause;
  wire fail, up;

  link_train #(.LANES(LANES), .DETECT_LIMIT(DETECT_LIMIT)) dut (
    .clk(clk), .rst(rst), .wake(wake), .retrain(retrain), .raw(raw), .touched(touched),
    .boundary(boundary), .ts_sent(ts_sent), .locked(locked), .all_locked(all_locked),
    .most_locked(most_locked), .aligned(aligned), .ts_good(ts_good), .ts_bad(ts_bad),
    .peer_phase(peer_phase), .peer_fresh(peer_fresh), .peer_ask(peer_ask),
    .peer_skip(peer_skip), .noisy(noisy), .peer_code(peer_code), .stuck(stuck),
    .signal(signal), .window(window), .state(state), .up(up), .fail(fail),
    .fail_cause(fail_cause));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  reg [3:0] since_boundary;
  always @(posedge clk) since_boundary <= (rst || boundary) ? 4'd0 : since_boundary + 4'd1;
  always @* if (since_boundary == 4'd15) assume (boundary);

  // ---- time in this state, and since the last state in which it may stay
  reg [3:0]  before;
  reg [15:0] stay;
  reg [15:0] total;
  wire [15:0] here = (state == before) ? stay : 16'd0;
  wire rests = state == STATE_ACTIVE || state == STATE_DOWN || state == STATE_RAW;
  wire [15:0] spent = rests ? 16'd0 : total;
  always @(posedge clk) begin
    before <= rst ? STATE_RESET : state;
    stay <= rst ? 16'd0 : (here == 16'hFFFF) ? here : here + 16'd1;
    total <= rst ? 16'd0 : (spent == 16'hFFFF) ? spent : spent + 16'd1;
  end

  // Cycles after which a state has ended; an attempt is all but RESET.
  localparam [15:0] RESET_END = 16;
  localparam [15:0] RETRAIN_END = 24;
  localparam [15:0] DETECT_END = DETECT_LIMIT + 1;
  localparam [15:0] TRAIN_END = 231;
  localparam [15:0] ALIGN_END = 129;
  localparam [15:0] REPAIR_END = 4097;
  localparam [15:0] ATTEMPT = RETRAIN_END + DETECT_END + TRAIN_END + ALIGN_END + REPAIR_END;

  // ---- registers of the design
  (* hierconn *) wire [15:0] \dut.timer_q ;
  (* hierconn *) wire [1:0] \dut.attempts_q ;
  wire [15:0] used = RESET_END + \dut.attempts_q * ATTEMPT;

  always @* if (started) begin
    // Each state ends within its limit.
    case (state)
      STATE_RESET: assert (here < RESET_END);
      STATE_DETECT: assert (here < DETECT_END);
      STATE_TRAIN: assert (here < TRAIN_END);
      STATE_ALIGN: assert (here < ALIGN_END);
      STATE_REPAIR: assert (here < REPAIR_END);
      STATE_RETRAIN: assert (here < RETRAIN_END);
      default: assert (rests);
    endcase
    // ACTIVE, DOWN or RAW is reached within three attempts.
    if (!rests) assert (total < RESET_END + 3 * ATTEMPT);
    // A failure has a cause, and ends in DOWN (or RAW).
    if (fail) assert (fail_cause != CAUSE_NONE && (state == STATE_DOWN || state == STATE_RAW));
    assert (up == (state == STATE_ACTIVE));

    // Induction: what was spent on earlier attempts and on the states before this one.
    assert (\dut.timer_q == here && (\dut.attempts_q <= 2 || rests));
    case (state)
      STATE_RESET: assert (total == here && \dut.attempts_q == 0);
      STATE_RETRAIN: begin
        assert (total <= used + here);
        assert (here < 9 || here - 16'd8 <= {12'd0, since_boundary});
      end
      STATE_DETECT: assert (total <= used + RETRAIN_END + here);
      STATE_TRAIN: assert (total <= used + RETRAIN_END + DETECT_END + here);
      STATE_ALIGN: assert (total <= used + RETRAIN_END + DETECT_END + TRAIN_END + here);
      STATE_REPAIR: assert (total <= used + ATTEMPT - REPAIR_END + here);
      default: ;
    endcase
  end
endmodule

`default_nettype wire
