// SPDX-License-Identifier: Apache-2.0
//
// link_train: the state machine of the physical-logical layer: brings the lanes up, agrees with
//   the peer on the lanes to use, watches them, and says why it gives up.
//
// Contract: `up` is high while both directions carry data. From reset, `wake` or a peer that
//   begins again the link goes through DETECT, TRAIN, ALIGN and REPAIR to ACTIVE
//   (docs/link/phy.md). One lane per direction may be bad: it is left out on the receiver's word.
//   Every state has an end: three trainings that fail, or DETECT_LIMIT cycles without a peer, end
//   in DOWN with a `fail` pulse and its cause. DOWN ends with `wake`, or when the peer's signal
//   comes back.
// Agreement: phases of the training sequences, PHASE_* of link_lanes.vh. Each end asks the peer
//   to leave a lane out (ASK), shows that it will (READY) after the peer has asked, and begins
//   data (GO) when it has seen the peer READY with the lane it asked for.
// Latency: 16 to 100 cycles from a peer that sends training sequences to up; see the page.
// Cost: two timers, two words of LANES.
`default_nettype none

module link_train #(
  parameter LANES = 34,
  parameter DETECT_LIMIT = 8192  // cycles to wait for a peer, 64 or more
) (
  input  wire             clk,
  input  wire             rst,

  // requests
  input  wire             wake,          // pulse: leave DOWN
  input  wire             retrain,       // pulse: leave ACTIVE
  input  wire             raw,           // level: lanes to the registers
  input  wire             touched,       // flits have been accepted or acknowledged

  // transmitter
  output reg  [1:0]       mode,
  output wire             code,          // the frame lane says RETRAIN
  output wire [3:0]       phase,
  output reg  [7:0]       skip,          // lane left out in our direction
  input  wire             boundary,
  input  wire [3:0]       ts_sent,

  // receiver
  output wire             search,
  output wire             measure,
  output wire             check,
  output wire             check_clear,
  output wire             rx_data,       // the lanes carry data
  output reg  [7:0]       ask,           // lane that the peer leaves out
  input  wire [LANES-1:0] locked,
  input  wire             all_locked,
  input  wire             most_locked,
  input  wire             aligned,
  input  wire             ts_good,
  input  wire             ts_bad,
  input  wire [3:0]       peer_phase,
  input  wire             peer_fresh,
  input  wire [7:0]       peer_ask,
  input  wire [7:0]       peer_skip,
  input  wire [LANES-1:0] noisy,
  input  wire             peer_code,     // the peer's frame lane says RETRAIN
  output wire             monitor_clear,
  input  wire [LANES-1:0] stuck,
  input  wire             signal,
  input  wire             window,

  // status
  output wire [3:0]       state,
  output wire             up,
  output reg              fail,          // pulse
  output reg  [3:0]       fail_cause,
  output reg  [LANES-1:0] bad,           // lanes found bad by the last training, or stuck
  output wire             trained,       // pulse: ACTIVE begins
  output wire             repaired,      // with trained: a lane other than the spare is left out
  output wire             lane_lost      // pulse: a lane stopped in operation
);
  `include "link_lanes.vh"
  `include "link_format.vh"

  localparam [15:0] RESET_CYCLES = 16'd15;    // fills the elastic buffer
  localparam [15:0] SEARCH_CYCLES = 16'd230;  // all slips once, after a lock by data is undone
  localparam [15:0] ALIGN_CYCLES = 16'd128;
  localparam [15:0] REPAIR_CYCLES = 16'd4096; // must outlast the peer's search
  localparam [15:0] CODE_CYCLES = 16'd8;
  localparam [15:0] GOODBYE_CYCLES = 16'd128; // PHASE_DOWN is sent before silence
  localparam [31:0] DETECT_WORD = DETECT_LIMIT;
  localparam [2:0]  VERIFY_LAST = 3'd2;       // sequences before the verdict, less one
  localparam [1:0]  LAST_ATTEMPT = 2'd2;
  localparam [2:0]  LOST = 3'd4;              // bad sequences in a row
  localparam [31:0] SPARE_WORD = LANES - 1;
  localparam [7:0]  SPARE = SPARE_WORD[7:0];

  reg [3:0]  state_q;
  reg [15:0] timer_q;      // cycles in this state, saturates
  reg [3:0]  phase_q;
  reg [1:0]  attempts_q;
  reg [2:0]  seen_q;       // sequences checked
  reg [2:0]  lost_q;       // bad ones in a row
  reg        tx_data_q;
  reg        rx_data_q;
  reg        quiet_q;      // DOWN: the peer has been silent

  assign state = state_q;
  assign phase = (state_q == STATE_DOWN) ? PHASE_DOWN : phase_q;
  assign up = state_q == STATE_ACTIVE;
  assign code = state_q == STATE_RETRAIN;
  assign search = state_q == STATE_DETECT || state_q == STATE_TRAIN;
  assign measure = state_q == STATE_ALIGN;
  assign check = state_q == STATE_REPAIR;
  assign check_clear = state_q == STATE_ALIGN;
  assign rx_data = rx_data_q;

  always @* begin
    case (state_q)
      STATE_ACTIVE, STATE_RETRAIN: mode = MODE_DATA;
      STATE_REPAIR: mode = tx_data_q ? MODE_DATA : MODE_TRAIN;
      STATE_DETECT, STATE_TRAIN, STATE_ALIGN: mode = MODE_TRAIN;
      STATE_DOWN: mode = (timer_q < GOODBYE_CYCLES) ? MODE_TRAIN : MODE_SILENT;
      STATE_RAW: mode = MODE_RAW;
      default: mode = MODE_SILENT;
    endcase
  end

  // ---- verdict on the lanes
  wire [LANES-1:0] bad_now = ~locked | noisy;
  wire             verdict = check && seen_q == VERIFY_LAST && phase_q == PHASE_SEEK &&
                             (ts_good || ts_bad);
  wire [LANES-1:0] bad_rest = bad_now & (bad_now - {{(LANES-1){1'b0}}, 1'b1});
  reg [7:0] bad_lane;
  integer i;
  always @* begin
    bad_lane = SPARE;
    if (verdict) begin
      for (i = 0; i < LANES; i = i + 1) if (bad_now[i]) bad_lane = i[7:0];
    end
  end

  // ---- a lane that stops in operation; the one left out does not matter
  wire [LANES-1:0] used_stuck = stuck & ~({{(LANES-1){1'b0}}, 1'b1} << ask);
  assign lane_lost = up && window && used_stuck != {LANES{1'b0}};
  assign monitor_clear = state_q == STATE_REPAIR || state_q == STATE_RESET;

  // ---- ways out of a state
  wire peer_is_ready = peer_phase == PHASE_READY || peer_phase == PHASE_GO;
  wire peer_asks = peer_phase == PHASE_ASK || peer_is_ready;
  wire give_up = check && ts_good && peer_phase == PHASE_DOWN;
  wire peer_reset = check && ts_good && peer_fresh && touched;
  wire two_bad = verdict && bad_rest != {LANES{1'b0}};
  wire timed_out = (measure && timer_q == ALIGN_CYCLES) || (check && timer_q == REPAIR_CYCLES) ||
                   (check && !rx_data_q && lost_q == LOST);
  wire again = two_bad || timed_out;
  wire [3:0] again_cause = two_bad ? CAUSE_LANES : CAUSE_TRAINING;
  wire alone = state_q == STATE_DETECT && {16'd0, timer_q} == DETECT_WORD;
  wire down_now = give_up || peer_reset || alone || (again && attempts_q == LAST_ATTEMPT);

  assign trained = check && tx_data_q && rx_data_q && !down_now && !again;
  assign repaired = trained && (ask != SPARE || skip != SPARE);

  reg [3:0] next;
  always @* begin
    next = state_q;
    case (state_q)
      STATE_RESET: if (timer_q == RESET_CYCLES) next = STATE_DETECT;
      STATE_DETECT: if (most_locked) next = STATE_TRAIN;
      STATE_TRAIN: if (all_locked || timer_q == SEARCH_CYCLES) next = STATE_ALIGN;
      STATE_ALIGN: if (aligned) next = STATE_REPAIR;
      STATE_REPAIR: if (tx_data_q && rx_data_q) next = STATE_ACTIVE;
      STATE_ACTIVE: if (retrain || peer_code || lane_lost) next = STATE_RETRAIN;
      STATE_RETRAIN: if (boundary && timer_q >= CODE_CYCLES) next = STATE_DETECT;
      STATE_DOWN: if (wake || (quiet_q && signal)) next = STATE_DETECT;
      default: if (!raw) next = STATE_DETECT;
    endcase
    if (again) next = tx_data_q ? STATE_RETRAIN : STATE_DETECT;
    if (down_now) next = STATE_DOWN;
    if (raw && state_q != STATE_RESET) next = STATE_RAW;
  end

  always @(posedge clk) begin
    fail <= 1'b0;
    if (rst) begin
      state_q <= STATE_RESET;
      timer_q <= 16'd0;
      phase_q <= PHASE_SEEK;
      attempts_q <= 2'd0;
      seen_q <= 3'd0;
      lost_q <= 3'd0;
      tx_data_q <= 1'b0;
      rx_data_q <= 1'b0;
      quiet_q <= 1'b0;
      skip <= SPARE;
      ask <= SPARE;
      fail_cause <= CAUSE_NONE;
      bad <= {LANES{1'b0}};
    end else begin
      state_q <= next;
      if (next != state_q) timer_q <= 16'd0;
      else if (timer_q != 16'hFFFF) timer_q <= timer_q + 16'd1;

      if (state_q == STATE_ACTIVE || state_q == STATE_DOWN || state_q == STATE_RAW) begin
        attempts_q <= 2'd0;
      end else if (again) attempts_q <= attempts_q + 2'd1;

      if (verdict) bad <= bad_now;
      else if (lane_lost) bad <= stuck;

      if (state_q != STATE_REPAIR) begin
        phase_q <= PHASE_SEEK;
        seen_q <= 3'd0;
        lost_q <= 3'd0;
        tx_data_q <= 1'b0;
      end else begin
        if (ts_good || ts_bad) seen_q <= (seen_q == VERIFY_LAST) ? seen_q : seen_q + 3'd1;
        if (ts_good) lost_q <= 3'd0;
        else if (ts_bad) lost_q <= lost_q + 3'd1;
        if (verdict) begin
          ask <= bad_lane;
          phase_q <= PHASE_ASK;
        end else if (ts_good) begin
          if (phase_q == PHASE_ASK && peer_asks) begin
            skip <= peer_ask;
            phase_q <= PHASE_READY;
          end
          if (phase_q == PHASE_READY && peer_is_ready && peer_skip == ask) phase_q <= PHASE_GO;
        end
        if (boundary && ts_sent == PHASE_GO && phase_q == PHASE_GO) tx_data_q <= 1'b1;
      end
      if (state_q == STATE_REPAIR) begin
        if (ts_good && peer_phase == PHASE_GO && phase_q >= PHASE_READY) rx_data_q <= 1'b1;
      end else if (state_q != STATE_ACTIVE) begin
        rx_data_q <= 1'b0;
      end

      if (state_q != STATE_DOWN || timer_q < GOODBYE_CYCLES) quiet_q <= 1'b0;
      else if (window && !signal) quiet_q <= 1'b1;

      if (down_now) begin
        fail <= 1'b1;
        fail_cause <= give_up ? CAUSE_PEER_DOWN : peer_reset ? CAUSE_PEER_RESET :
                      alone ? CAUSE_NO_SIGNAL : again_cause;
      end
    end
  end
endmodule

`default_nettype wire
