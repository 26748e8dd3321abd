// SPDX-License-Identifier: Apache-2.0
//
// link_bench: bulk in one direction over a link, at full rate, for measurements. The clock and the
// settings come from link_bench.cpp.
//
// Every beat's data follow from its number; a wrong beat sets `wrong`. Counting begins with beat
// WARM and ends with the last one. Round trips: cycles from the first phit of a flit to the first
// of its repetition, of the first flit of every replay; retrains are not among them.
`default_nettype none

module link_bench #(
  parameter BLOCK = 64,
  parameter WARM = 800
) (
  input  wire        clk,
  input  wire        rst,
  input  wire [31:0] beats,            // all, WARM included
  input  wire [31:0] error_threshold,
  input  wire [31:0] seed,
  input  wire        offer,            // beats are on offer
  output wire        taken,            // a beat goes in
  output wire        got,              // a beat comes out
  output wire        ready,            // the link is up
  output wire        done,
  output reg         wrong,
  output reg  [63:0] cycles,           // from beat WARM to the last one
  output wire [31:0] flits,
  output wire [31:0] errors,
  output wire [31:0] replays,
  output reg  [31:0] trips,
  output reg  [63:0] trip_cycles,
  output wire        down
);
  localparam DATA = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;
  localparam [31:0] FIRST = WARM;

  wire [LANE-1:0]   ab, ba, ab_received, ba_received;
  wire              a_up, b_up, a_down, b_down, tx_ready, rx_valid;
  wire [DATA-1:0]   rx_data;
  wire [15:0]       rx_addr, rx_exps;
  reg  [31:0]       sent_q;
  reg  [31:0]       received_q;
  reg  [31:0]       now_q;
  reg  [31:0]       begun_q [0:255];
  reg               rewound_q;

  function [DATA-1:0] contents(input [31:0] f_number);
    contents = {(DATA/64){f_number * 32'h9E3779B1, ~f_number}};
  endfunction

  assign taken = offer && tx_ready && sent_q != beats;
  assign got = rx_valid;
  assign ready = a_up && b_up;
  assign done = received_q == beats;
  assign down = a_down || b_down;

  `define LINK_BENCH_IDLE \
    .mtx_valid(1'b0), .mtx_ready(), .mtx_data(64'd0), .mrx_valid(), .mrx_ready(1'b1), \
    .mrx_data(), .reg_index(5'd0), .reg_rdata(), .reg_write(1'b0), .reg_wdata(32'd0), \
    .clear(1'b0), .link_cause()

  /* verilator lint_off PINCONNECTEMPTY */
  link #(.BLOCK(BLOCK)) end_a (
    .clk(clk), .rst(rst),
    .tx_valid(offer && sent_q != beats), .tx_ready(tx_ready), .tx_addr(sent_q[15:0]),
    .tx_data(contents(sent_q)), .tx_exps(sent_q[31:16]), .tx_first(sent_q == 32'd0),
    .tx_last(sent_q + 32'd1 == beats), .tx_empty(1'b0), .tx_meta(16'd0),
    .rx_valid(), .rx_ready(1'b1), .rx_addr(), .rx_data(), .rx_exps(), .rx_first(), .rx_last(),
    .rx_empty(), .rx_meta(), `LINK_BENCH_IDLE,
    .lane_tx(ab), .rx_clk(clk), .lane_rx(ba_received), .link_up(a_up), .link_down(a_down),
    .count_flits_sent(flits), .count_flits_received(), .count_replays(replays), .count_errors(),
    .count_stalls(), .count_beats_sent(), .count_beats_received());

  link #(.BLOCK(BLOCK)) end_b (
    .clk(clk), .rst(rst),
    .tx_valid(1'b0), .tx_ready(), .tx_addr(16'd0), .tx_data({DATA{1'b0}}), .tx_exps(16'd0),
    .tx_first(1'b0), .tx_last(1'b0), .tx_empty(1'b0), .tx_meta(16'd0),
    .rx_valid(rx_valid), .rx_ready(1'b1), .rx_addr(rx_addr), .rx_data(rx_data),
    .rx_exps(rx_exps), .rx_first(), .rx_last(), .rx_empty(), .rx_meta(), `LINK_BENCH_IDLE,
    .lane_tx(ba), .rx_clk(clk), .lane_rx(ab_received), .link_up(b_up), .link_down(b_down),
    .count_flits_sent(), .count_flits_received(), .count_replays(), .count_errors(errors),
    .count_stalls(), .count_beats_sent(), .count_beats_received());

  `define LINK_BENCH_CHANNEL \
    .clk(clk), .rst(rst), .latency(16'd0), .error_threshold(error_threshold), .cut(1'b0), \
    .lane_skew({LANE{1'b0}}), .lane_errors({4*LANE{1'b0}}), .lane_fault({LANE/4{1'b0}}), \
    .burst_threshold(32'd0), .burst_length(16'd0), .burst_all(1'b0), .mute(1'b0), .probe(1'b0), \
    .inject_enable(1'b0), .inject_phit(32'd0), .inject_bit(16'd0), .count_flips(), .count_phits()

  link_channel #(.LANE_BITS(LANE)) channel_ab (
    `LINK_BENCH_CHANNEL, .seed(seed), .s_lanes(ab), .m_lanes(ab_received));
  link_channel #(.LANE_BITS(LANE)) channel_ba (
    `LINK_BENCH_CHANNEL, .seed(~seed), .s_lanes(ba), .m_lanes(ba_received));
  /* verilator lint_on PINCONNECTEMPTY */

  always @(posedge clk) begin
    if (rst) begin
      sent_q <= 32'd0;
      received_q <= 32'd0;
      now_q <= 32'd0;
      wrong <= 1'b0;
      cycles <= 64'd0;
      trips <= 32'd0;
      trip_cycles <= 64'd0;
      rewound_q <= 1'b0;
    end else begin
      now_q <= now_q + 32'd1;
      if (taken) sent_q <= sent_q + 32'd1;
      if (received_q >= FIRST && !done) cycles <= cycles + 64'd1;
      if (rx_valid) begin
        received_q <= received_q + 32'd1;
        if (rx_data != contents(received_q) || rx_addr != received_q[15:0] ||
            rx_exps != received_q[31:16]) wrong <= 1'b1;
      end
      if (end_a.transmitter.start_data) begin
        begun_q[end_a.transmitter.read_seq] <= now_q;
        rewound_q <= 1'b0;
        if (rewound_q) begin
          trips <= trips + 32'd1;
          trip_cycles <= trip_cycles + {32'd0, now_q - begun_q[end_a.transmitter.read_seq]};
        end
      end else if (end_a.transmitter.replay) begin
        rewound_q <= 1'b1;
      end
    end
  end
endmodule

`default_nettype wire
