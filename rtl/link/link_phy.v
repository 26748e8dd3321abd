// SPDX-License-Identifier: Apache-2.0
//
// link_phy: physical-logical layer of one end. docs/link/phy.md has the training sequence, the
//   states and the agreement on lanes.
//
// Contract: while `up` is high, a phit that enters tx_data / tx_frame is on rx_data / rx_frame of
//   the peer's phy, whichever lane is left out and however the lanes are skewed; its bits may be
//   wrong. While `up` is low, what enters is lost. rx_frame is IDLE while the lanes do not carry
//   data. rx_data keeps its value in idle cycles.
// Lanes: PHIT/8 data lanes, the frame lane and a spare, eight bits per cycle each; lane l is bits
//   8l+7..8l, bit 0 first on the line. rx_clk comes with lane_rx (link_elastic).
// Latency: one cycle to lane_tx, three from lane_rx.
// Cost: link_lane_tx, link_elastic, link_lane_lock, link_lane_check, link_lane_monitor,
//   link_train, and 16 bits per lane of registers.
`default_nettype none

module link_phy #(
  parameter PHIT = 256,           // data bits per cycle and direction: 8 per lane
  parameter DETECT_LIMIT = 8192   // cycles without a peer until the link is down
) (
  input  wire               clk,
  input  wire               rst,

  // link layer
  input  wire [PHIT-1:0]    tx_data,
  input  wire [7:0]         tx_frame,
  output wire [PHIT-1:0]    rx_data,
  output wire [7:0]         rx_frame,
  output wire               up,
  input  wire               retrain,       // pulse: train again
  input  wire               wake,          // pulse: leave DOWN
  input  wire               fresh,         // see link_train
  input  wire               touched,
  output wire               fail,          // pulse: down, for fail_cause
  output wire [3:0]         fail_cause,

  // lanes
  output wire [PHIT+15:0]   lane_tx,
  input  wire               rx_clk,
  input  wire [PHIT+15:0]   lane_rx,

  // management
  input  wire               raw,           // level: the registers drive the lanes
  input  wire               raw_write,     // pulse: raw_byte to lane `lane`
  input  wire [7:0]         lane,
  input  wire [7:0]         raw_byte,
  output reg  [7:0]         lane_byte,     // what lane `lane` brings in raw state
  output reg  [5:0]         lane_place,    // its {locked, slip, age}
  output wire [3:0]         state,
  output wire [7:0]         tx_skip,       // lane left out by this end
  output wire [7:0]         rx_skip,       // lane left out by the peer
  output wire [PHIT/8+1:0]  bad_lanes,
  output wire               trained,       // pulses for the counters
  output wire               repaired,
  output wire               lane_lost
);
  `include "link_format.vh"
  `include "link_lanes.vh"
  `include "link_scramble.vh"

  localparam BITS = PHIT + 16;
  localparam LANES = BITS / 8;
  localparam GROUPS = (BITS + 63) / 64;
  localparam [31:0] SPARE = LANES - 1;
  localparam [22:0] SCRAMBLE_4 =
    scramble_next(scramble_next(scramble_next(scramble_next(SCRAMBLE_SEED))));

  // ---- transmitter
  wire [1:0] mode;
  wire       code;
  wire [3:0] phase;
  wire [7:0] skip;
  wire [7:0] ask;
  wire       boundary;
  wire [3:0] ts_sent;

  link_lane_tx #(.PHIT(PHIT)) lane_transmitter (
    .clk(clk), .rst(rst), .mode(mode), .boundary(boundary), .ts_sent(ts_sent),
    .ts_phase(phase), .ts_fresh(fresh), .ts_ask(ask), .ts_skip(skip),
    .ts_cause((phase == PHASE_DOWN) ? fail_cause : CAUSE_NONE), .skip(skip),
    .tx_data(tx_data), .tx_frame(code ? FRAME_RETRAIN : tx_frame),
    .raw_write(raw_write), .raw_lane(lane), .raw_byte(raw_byte), .lane_tx(lane_tx));

  // ---- receiver: alignment
  wire               search, measure, check, check_clear, rx_on, aligned, plain;
  wire               all_locked, most_locked;
  wire [LANES-1:0]   locked;
  wire [2*LANES-1:0] age;
  wire [3*LANES-1:0] slip;
  wire [BITS-1:0]    word;
  reg  [BITS-1:0]    word_q;
  reg  [3:0]         slot_q;       // of `word`, from ALIGN on
  reg  [3:0]         check_slot_q; // of word_q
  reg  [22:0]        scramble_q;

  wire [63:0]          key = scramble_bytes(scramble_q[21:0]);
  wire [GROUPS*64-1:0] keys = {GROUPS{key}};
  wire [BITS-1:0]      plain_word = word ^ keys[BITS-1:0];

  link_elastic #(.LANES(LANES)) elastic (
    .clk(clk), .rst(rst), .rx_clk(rx_clk), .lane_rx(lane_rx),
    .recentre(state == STATE_RESET || (search && !most_locked)), .plain(plain), .age(age),
    .slip(slip), .word(word));

  link_lane_lock #(.LANES(LANES)) lock (
    .clk(clk), .rst(rst), .search(search), .measure(measure), .word_q(word_q),
    .locked(locked), .all_locked(all_locked), .most_locked(most_locked), .aligned(aligned),
    .plain(plain), .age(age), .slip(slip));

  // `aligned` marks the word that is byte 3 of a sequence.
  always @(posedge clk) begin
    if (!rx_on) begin
      word_q <= (check && slot_q >= TS_STATE) ? plain_word : word;
      check_slot_q <= slot_q;
    end
    if (aligned) slot_q <= 4'd4;
    else slot_q <= slot_q + 4'd1;
    if (aligned) scramble_q <= SCRAMBLE_4;
    else if (check && !rx_on && slot_q == TS_CRC1) scramble_q <= SCRAMBLE_SEED;
    else scramble_q <= scramble_next(scramble_q);
  end

  // ---- receiver: training sequences
  wire             ts_good, ts_bad, ts_fresh;
  wire [3:0]       ts_phase;
  wire [7:0]       ts_ask, ts_skip;
  wire [LANES-1:0] noisy;
  reg              check_q;

  link_lane_check #(.LANES(LANES)) judge (
    .clk(clk), .enable(check_q), .clear(check_clear), .locked(locked), .word_q(word_q),
    .slot(check_slot_q), .ts_good(ts_good), .ts_bad(ts_bad), .ts_phase(ts_phase),
    .ts_fresh(ts_fresh), .ts_ask(ts_ask), .ts_skip(ts_skip), .noisy(noisy));

  wire [LANES-1:0] stuck;
  wire             signal, window, monitor_clear;

  link_lane_monitor #(.LANES(LANES)) monitor (
    .clk(clk), .rst(rst), .clear(monitor_clear), .word(word), .stuck(stuck), .signal(signal),
    .window(window));

  // ---- receiver: data
  reg [BITS-1:0] below_q;  // bits of the lanes before the one left out
  reg            spare_q;  // that is the spare
  reg [PHIT-1:0] rx_data_q;
  reg [7:0]      rx_frame_q;
  reg [1:0]      codes_q;  // RETRAIN codes in a row

  reg [PHIT+7:0] phit;
  integer i;
  always @* begin
    phit = plain_word[PHIT+7:0];
    if (!spare_q) begin
      phit = (plain_word[PHIT+7:0] & below_q[PHIT+7:0]) |
             (plain_word[PHIT+15:8] & ~below_q[PHIT+7:0]);
    end
  end

  wire [7:0] frame = phit[PHIT+7:PHIT];
  wire       is_code = rx_on && frame == FRAME_RETRAIN;

  always @(posedge clk) begin
    if (frame != FRAME_IDLE && rx_on) rx_data_q <= phit[PHIT-1:0];
    if (check && !rx_on) begin
      spare_q <= {24'd0, ask} == SPARE;
      for (i = 0; i < LANES; i = i + 1) below_q[8*i +: 8] <= {8{i[7:0] < ask}};
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      rx_frame_q <= FRAME_IDLE;
      codes_q <= 2'd0;
      check_q <= 1'b0;
    end else begin
      rx_frame_q <= (rx_on && !is_code) ? frame : FRAME_IDLE;
      codes_q <= !is_code ? 2'd0 : (codes_q == 2'd3) ? 2'd3 : codes_q + 2'd1;
      check_q <= check;
    end
  end

  assign rx_data = rx_data_q;
  assign rx_frame = rx_frame_q;

  // ---- control
  link_train #(.LANES(LANES), .DETECT_LIMIT(DETECT_LIMIT)) train (
    .clk(clk), .rst(rst), .wake(wake), .retrain(retrain), .raw(raw),
    .touched(touched), .mode(mode), .code(code), .phase(phase), .skip(skip),
    .boundary(boundary), .ts_sent(ts_sent), .search(search), .measure(measure), .check(check),
    .check_clear(check_clear), .rx_data(rx_on), .ask(ask), .locked(locked),
    .all_locked(all_locked), .most_locked(most_locked), .aligned(aligned), .ts_good(ts_good),
    .ts_bad(ts_bad), .peer_phase(ts_phase), .peer_fresh(ts_fresh), .peer_ask(ts_ask),
    .peer_skip(ts_skip), .noisy(noisy), .peer_code(codes_q == 2'd3),
    .monitor_clear(monitor_clear), .stuck(stuck), .signal(signal), .window(window),
    .state(state), .up(up), .fail(fail), .fail_cause(fail_cause), .bad(bad_lanes),
    .trained(trained), .repaired(repaired), .lane_lost(lane_lost));

  assign tx_skip = skip;
  assign rx_skip = ask;

  // ---- one lane for the registers
  localparam INDEX = $clog2(LANES);
  wire [INDEX-1:0] chosen = lane[INDEX-1:0];

  always @(posedge clk) begin
    lane_byte <= raw ? word[{chosen, 3'b000} +: 8] : 8'd0;
    lane_place <= {locked[chosen], slip[3*chosen +: 3], age[2*chosen +: 2]};
  end

  wire unused = &{1'b0, keys, lane, below_q[BITS-1:PHIT+8]};
endmodule

`default_nettype wire
