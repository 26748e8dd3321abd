// SPDX-License-Identifier: Apache-2.0
//
// link: one end of a die-to-die link. docs/link/ has the layers, the flit format and the rules.
//
// Contract: what is taken at tx_* and mtx_* on one end comes out at rx_* and mrx_* on the other,
//   exactly once, in order within its channel, unchanged, whatever errors the CRC detects on the
//   way. Management is never held up by bulk traffic that nobody takes. Past the stated error rate
//   link_down rises with a cause; `clear` resumes where the link stopped. Only after the causes
//   PROTOCOL and PEER_RESET clear begins anew, and what was under way is gone, streams included.
// Handshake: valid may not wait for ready; payload is stable while stalled. The lanes have no
//   back-pressure and are registered both ways; rx_clk comes with lane_rx (link_elastic).
// Latency: 13 cycles from tx to rx for a beat at BLOCK 64 through an idle link without flight
//   time. After reset the link trains for about 220 cycles; beats wait.
// Rate: one phit of 4*BLOCK bits per cycle and direction; a flit of eight beats is 16 phits and
//   its 256 bits of control.
`default_nettype none

module link #(
  parameter BLOCK = 64,           // 16, 32, 64: a beat is 8*BLOCK + 16 bits
  parameter REPLAY_BEATS = 128,   // power of two, 8 to 256: covers the round trip
  parameter REPLAY_FLITS = 32,    // power of two, 4 to 64: unacknowledged flits
  parameter RX_BEATS = 128,       // power of two, 8 to 256: covers the round trip, as above
  parameter RX_FLITS = 32,        // 1 to 64
  parameter MGMT_DEPTH = 8,       // 1 to 64: management messages at the receiver
  parameter TIMEOUT = 1024,       // cycles without acknowledgement before a replay
  parameter MAX_TIMEOUTS = 8,     // 1 to 255, in a row, then the link is down
  parameter MAX_REPLAYS = 64,     // 1 to 255, in a row, then the link is down
  parameter REFRESH = 1024,       // an idle end sends a control flit this often
  parameter MAX_RETRAINS = 8,     // 1 to 255, in a row, then the link is down
  parameter SILENCE = 16384,      // cycles without a good flit, then the link is down
  parameter DETECT_LIMIT = 8192   // cycles without a peer, then the link is down
) (
  input  wire               clk,
  input  wire               rst,

  // bulk in: beats of SEND commands; tx_empty with first and last is a signal without a beat
  input  wire               tx_valid,
  output wire               tx_ready,
  input  wire [15:0]        tx_addr,
  input  wire [8*BLOCK-1:0] tx_data,
  input  wire [15:0]        tx_exps,
  input  wire               tx_first,
  input  wire               tx_last,
  input  wire               tx_empty,
  input  wire [15:0]        tx_meta,   // constant over a command

  // bulk out
  output wire               rx_valid,
  input  wire               rx_ready,
  output wire [15:0]        rx_addr,
  output wire [8*BLOCK-1:0] rx_data,   // meaningless with rx_empty, as are exps
  output wire [15:0]        rx_exps,
  output wire               rx_first,
  output wire               rx_last,
  output wire               rx_empty,
  output wire [15:0]        rx_meta,

  // management messages
  input  wire               mtx_valid,
  output wire               mtx_ready,
  input  wire [63:0]        mtx_data,
  output wire               mrx_valid,
  input  wire               mrx_ready,
  output wire [63:0]        mrx_data,

  // lanes: data, frame, spare; eight bits each
  output wire [4*BLOCK+15:0] lane_tx,
  input  wire                rx_clk,
  input  wire [4*BLOCK+15:0] lane_rx,

  // registers (link_registers)
  input  wire [4:0]         reg_index,
  output wire [31:0]        reg_rdata,
  input  wire               reg_write,
  input  wire [31:0]        reg_wdata,

  // status
  input  wire               clear,                // pulse: forget the cause and resume
  output wire               link_up,              // both directions carry data
  output wire               link_down,
  output wire [3:0]         link_cause,           // CAUSE_* of link_format.vh
  output wire [31:0]        count_flits_sent,     // new numbered flits
  output wire [31:0]        count_flits_received, // accepted
  output wire [31:0]        count_replays,        // rewinds with flits outstanding
  output wire [31:0]        count_errors,         // flits or noise dropped by the receiver
  output wire [31:0]        count_stalls,         // cycles a beat waited for credit or room
  output wire [31:0]        count_beats_sent,
  output wire [31:0]        count_beats_received
);
  generate
    if (BLOCK != 16 && BLOCK != 32 && BLOCK != 64) begin : g_block
      link_BLOCK_must_be_16_or_32_or_64 rule ();
    end
    if (MGMT_DEPTH < 1 || MGMT_DEPTH > 64) begin : g_mgmt
      link_MGMT_DEPTH_must_be_1_to_64 rule ();
    end
    if (TIMEOUT < 64 || SILENCE < 2 * REFRESH || REFRESH < 16) begin : g_time
      link_TIMEOUT_from_64_REFRESH_from_16_SILENCE_from_twice_REFRESH rule ();
    end
  endgenerate

  localparam DATA = 8 * BLOCK;
  localparam PHIT = 4 * BLOCK;
  localparam LANES = BLOCK / 2 + 2;
  localparam BULK_BITS = DATA + 51;
  localparam [31:0] MGMT_WORD = MGMT_DEPTH;

  // ---- physical-logical layer
  wire [PHIT-1:0] tx_phit;
  wire [7:0]      tx_frame;
  wire [PHIT-1:0] rx_phit;
  wire [7:0]      rx_frame;

  wire             up, clear_written, retrain_written, raw, raw_write, retrain, restart;
  wire             fail, trained, repaired, lane_lost;
  wire [7:0]       lane, raw_byte, lane_byte, tx_skip, rx_skip;
  wire [5:0]       lane_place;
  wire [3:0]       state, fail_cause;
  wire [LANES-1:0] bad_lanes;
  wire             clear_now = clear || clear_written;

  wire             peer_valid, accept_bulk, accept_mgmt, progress;
  wire [7:0]       peer_ack;

  // What the ends know of each other, for training: see docs/link/phy.md, "Reset of one end".
  reg fresh_q;
  reg touched_q;

  link_phy #(.PHIT(PHIT), .DETECT_LIMIT(DETECT_LIMIT)) phy (
    .clk(clk), .rst(rst),
    .tx_data(tx_phit), .tx_frame(tx_frame), .rx_data(rx_phit), .rx_frame(rx_frame),
    .up(up), .retrain(retrain || retrain_written), .wake(clear_now), .fresh(fresh_q),
    .touched(touched_q), .fail(fail), .fail_cause(fail_cause),
    .lane_tx(lane_tx), .rx_clk(rx_clk), .lane_rx(lane_rx),
    .raw(raw), .raw_write(raw_write), .lane(lane), .raw_byte(raw_byte), .lane_byte(lane_byte),
    .lane_place(lane_place), .state(state), .tx_skip(tx_skip), .rx_skip(rx_skip),
    .bad_lanes(bad_lanes), .trained(trained), .repaired(repaired), .lane_lost(lane_lost));

  assign link_up = up;

  // ---- link layer: reset with the chip, or alone when it cannot go on, until the last phit from
  // before has left link_phy
  reg [3:0] restart_q;
  wire restarting = restart_q != 4'd0;
  wire layer_rst = rst || restarting;

  always @(posedge clk) begin
    restart_q <= rst ? 4'd0 : {restart_q[2:0], restart};
    if (layer_rst) begin
      fresh_q <= 1'b1;
      touched_q <= 1'b0;
    end else begin
      if (peer_valid) fresh_q <= 1'b0;
      if (accept_bulk || accept_mgmt || progress) touched_q <= 1'b1;
    end
  end

  // ---- transmitter
  wire                 s_valid;
  wire                 s_ready;
  wire                 bulk_room;
  wire                 message_room;
  wire [BULK_BITS-1:0] s_word;

  assign tx_ready = bulk_room && !restarting;
  assign mtx_ready = message_room && !restarting;

  // Whether the newest beat in the FIFO, four beats at most, is the last of its command.
  reg tail_q;
  always @(posedge clk) if (tx_valid && tx_ready) tail_q <= tx_last;

  fifo #(.WIDTH(BULK_BITS), .DEPTH(4)) bulk_in (
    .clk(clk), .rst(layer_rst), .s_valid(tx_valid), .s_ready(bulk_room),
    .s_data({tx_first, tx_last, tx_empty, tx_meta, tx_addr, tx_exps, tx_data}),
    .m_valid(s_valid), .m_ready(s_ready), .m_data(s_word));

  wire        g_valid;
  wire        g_ready;
  wire [63:0] g_data;

  fifo #(.WIDTH(64), .DEPTH(2)) mgmt_in (
    .clk(clk), .rst(layer_rst), .s_valid(mtx_valid), .s_ready(message_room), .s_data(mtx_data),
    .m_valid(g_valid), .m_ready(g_ready), .m_data(g_data));

  wire       peer_nak;
  wire [9:0] peer_beat_limit;
  wire [7:0] peer_flit_limit;
  wire [7:0] peer_mgmt_limit;
  wire [7:0] local_ack;
  wire       local_nak;
  wire [9:0] local_beat_limit;
  wire [7:0] local_flit_limit;
  reg  [7:0] local_mgmt_limit_q;
  wire       rx_news;
  wire       urgent;
  wire       freed;
  wire [7:0] sent_seq;
  wire       force_replay;
  wire       down;
  wire       outstanding;
  wire       replay;
  wire       ack_error;
  wire       sent_flit;
  wire       sent_beat;
  wire       stalled;
  wire       mgmt_freed = mrx_valid && mrx_ready;

  link_tx #(
    .BLOCK(BLOCK), .REPLAY_BEATS(REPLAY_BEATS), .REPLAY_FLITS(REPLAY_FLITS), .REFRESH(REFRESH)
  ) transmitter (
    .clk(clk), .rst(layer_rst),
    .s_valid(s_valid), .s_ready(s_ready), .s_data(s_word[DATA-1:0]),
    .s_exps(s_word[DATA +: 16]), .s_addr(s_word[DATA+16 +: 16]), .s_meta(s_word[DATA+32 +: 16]),
    .s_first(s_word[DATA+50]), .s_last(s_word[DATA+49]), .s_empty(s_word[DATA+48]),
    .s_tail(tail_q),
    .g_valid(g_valid), .g_ready(g_ready), .g_data(g_data),
    .peer_valid(peer_valid), .peer_ack(peer_ack), .peer_nak(peer_nak),
    .peer_beat_limit(peer_beat_limit), .peer_flit_limit(peer_flit_limit),
    .peer_mgmt_limit(peer_mgmt_limit),
    .local_ack(local_ack), .local_nak(local_nak), .local_beat_limit(local_beat_limit),
    .local_flit_limit(local_flit_limit), .local_mgmt_limit(local_mgmt_limit_q),
    .news(rx_news || freed || mgmt_freed), .urgent(urgent),
    .up(up), .force_replay(force_replay), .down(down), .outstanding(outstanding),
    .progress(progress), .replay(replay), .ack_error(ack_error),
    .tx_data(tx_phit), .tx_frame(tx_frame),
    .sent_flit(sent_flit), .sent_seq(sent_seq), .sent_beat(sent_beat), .stalled(stalled));

  // ---- receiver
  wire            beat_valid;
  wire [2:0]      beat_index;
  wire [DATA-1:0] beat_data;
  wire [169:0]    desc;
  wire            error_event;
  wire            type_error;
  wire            overflow;
  wire            mgmt_room;

  link_rx #(.BLOCK(BLOCK)) receiver (
    .clk(clk), .rst(layer_rst), .rx_data(rx_phit), .rx_frame(rx_frame),
    .beat_valid(beat_valid), .beat_index(beat_index), .beat_data(beat_data),
    .accept_bulk(accept_bulk), .accept_mgmt(accept_mgmt), .desc(desc),
    .peer_valid(peer_valid), .peer_ack(peer_ack), .peer_nak(peer_nak),
    .peer_beat_limit(peer_beat_limit), .peer_flit_limit(peer_flit_limit),
    .peer_mgmt_limit(peer_mgmt_limit),
    .ack(local_ack), .nak(local_nak), .news(rx_news), .urgent(urgent),
    .error_event(error_event), .protocol_error(type_error));

  link_rx_buffer #(.BLOCK(BLOCK), .BEATS(RX_BEATS), .FLITS(RX_FLITS)) bulk_out (
    .clk(clk), .rst(layer_rst),
    .beat_valid(beat_valid), .beat_index(beat_index), .beat_data(beat_data),
    .accept(accept_bulk), .desc(desc),
    .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr), .rx_data(rx_data),
    .rx_exps(rx_exps), .rx_first(rx_first), .rx_last(rx_last), .rx_empty(rx_empty),
    .rx_meta(rx_meta),
    .beat_limit(local_beat_limit), .flit_limit(local_flit_limit),
    .freed(freed), .overflow(overflow));

  fifo #(.WIDTH(64), .DEPTH(MGMT_DEPTH)) mgmt_out (
    .clk(clk), .rst(layer_rst), .s_valid(accept_mgmt), .s_ready(mgmt_room), .s_data(desc[63:0]),
    .m_valid(mrx_valid), .m_ready(mrx_ready), .m_data(mrx_data));

  always @(posedge clk) begin
    if (layer_rst) local_mgmt_limit_q <= MGMT_WORD[7:0];
    else if (mgmt_freed) local_mgmt_limit_q <= local_mgmt_limit_q + 8'd1;
  end

  // ---- errors
  link_retry #(
    .TIMEOUT(TIMEOUT), .MAX_TIMEOUTS(MAX_TIMEOUTS), .MAX_REPLAYS(MAX_REPLAYS),
    .MAX_RETRAINS(MAX_RETRAINS), .SILENCE(SILENCE)
  ) retry (
    .clk(clk), .rst(rst), .clear(clear_now),
    .outstanding(outstanding), .progress(progress), .replay(replay), .heard(peer_valid),
    .error_event(error_event),
    .protocol_error(!restarting && (ack_error || type_error || overflow ||
                                    (accept_mgmt && !mgmt_room))),
    .up(up), .fail(fail), .fail_cause(fail_cause), .force_replay(force_replay),
    .retrain(retrain), .restart(restart), .down(down), .cause(link_cause));

  assign link_down = down;

  // ---- counters and registers
  wire [31:0]  count_trainings, count_repairs, count_lanes_lost;
  wire [15:0]  round_trip;
  wire [255:0] histogram;

  link_counters counters (
    .clk(clk), .rst(rst),
    .sent_flit(sent_flit), .sent_seq(sent_seq), .accepted_flit(accept_bulk || accept_mgmt),
    .replay(replay), .error_event(error_event), .stalled(stalled), .sent_beat(sent_beat),
    .accepted_bulk(accept_bulk), .accepted_beats(desc[166:163]), .trained(trained),
    .repaired(repaired), .lane_lost(lane_lost), .peer_valid(peer_valid), .peer_ack(peer_ack),
    .flits_sent(count_flits_sent), .flits_received(count_flits_received),
    .replays(count_replays), .errors(count_errors), .stalls(count_stalls),
    .beats_sent(count_beats_sent), .beats_received(count_beats_received),
    .trainings(count_trainings), .repairs(count_repairs), .lanes_lost(count_lanes_lost),
    .round_trip(round_trip), .histogram(histogram));

  link_registers #(.LANES(LANES)) registers (
    .clk(clk), .rst(rst), .reg_index(reg_index), .reg_rdata(reg_rdata), .reg_write(reg_write),
    .reg_wdata(reg_wdata), .clear(clear_written), .retrain(retrain_written), .raw(raw),
    .raw_write(raw_write), .lane(lane), .raw_byte(raw_byte), .state(state), .up(up), .down(down),
    .cause(link_cause), .tx_skip(tx_skip), .rx_skip(rx_skip), .bad_lanes(bad_lanes),
    .lane_byte(lane_byte), .lane_place(lane_place),
    .counters({count_lanes_lost, count_repairs, count_trainings, count_beats_received,
               count_beats_sent, count_stalls, count_errors, count_replays, count_flits_received,
               count_flits_sent}),
    .round_trip(round_trip), .histogram(histogram));
endmodule

`default_nettype wire
