// SPDX-License-Identifier: Apache-2.0
//
// link_tb: two link ends, a and b, joined by two channels; all that a test touches is a port.
// Ports of end a begin with a, of end b with b; of the channel a to b with ab, of the other with
//   ba.
// Forged flits: with forge, the control word that begins with phit number forge_phit is XORed with
//   forge_mask; with the right CRC bits in it the receiver cannot know. The map must leave out the
//   spare, and nothing but idle cycles may come before that phit.
// rx_data and rx_exps of a signal without a beat are shown as zero; protocol checkers watch the
// streams that come out.
`default_nettype none

module link_tb #(
  parameter BLOCK = 64,
  parameter REPLAY_BEATS = 128,
  parameter REPLAY_FLITS = 32,
  parameter RX_BEATS = 128,
  parameter RX_FLITS = 32,
  parameter MGMT_DEPTH = 8,
  parameter TIMEOUT = 512,
  parameter MAX_TIMEOUTS = 4,
  parameter MAX_REPLAYS = 64,
  parameter REFRESH = 256,
  parameter SILENCE = 4096,
  parameter DETECT_LIMIT = 2048
) (
  input  wire               clk,
  input  wire               rst,

  // end a
  input  wire               a_tx_valid,
  output wire               a_tx_ready,
  input  wire [15:0]        a_tx_addr,
  input  wire [8*BLOCK-1:0] a_tx_data,
  input  wire [15:0]        a_tx_exps,
  input  wire               a_tx_first,
  input  wire               a_tx_last,
  input  wire               a_tx_empty,
  input  wire [15:0]        a_tx_meta,
  output wire               a_rx_valid,
  input  wire               a_rx_ready,
  output wire [15:0]        a_rx_addr,
  output wire [8*BLOCK-1:0] a_rx_data,
  output wire [15:0]        a_rx_exps,
  output wire               a_rx_first,
  output wire               a_rx_last,
  output wire               a_rx_empty,
  output wire [15:0]        a_rx_meta,
  input  wire               a_mtx_valid,
  output wire               a_mtx_ready,
  input  wire [63:0]        a_mtx_data,
  output wire               a_mrx_valid,
  input  wire               a_mrx_ready,
  output wire [63:0]        a_mrx_data,
  input  wire               a_reset,
  input  wire               a_clear,
  output wire               a_link_up,
  output wire               a_link_down,
  output wire [3:0]         a_link_cause,
  output wire [31:0]        a_count_flits_sent,
  output wire [31:0]        a_count_flits_received,
  output wire [31:0]        a_count_replays,
  output wire [31:0]        a_count_errors,
  output wire [31:0]        a_count_stalls,
  output wire [31:0]        a_count_beats_sent,
  output wire [31:0]        a_count_beats_received,
  input  wire [4:0]         a_reg_index,
  output wire [31:0]        a_reg_rdata,
  input  wire               a_reg_write,
  input  wire [31:0]        a_reg_wdata,

  // end b
  input  wire               b_tx_valid,
  output wire               b_tx_ready,
  input  wire [15:0]        b_tx_addr,
  input  wire [8*BLOCK-1:0] b_tx_data,
  input  wire [15:0]        b_tx_exps,
  input  wire               b_tx_first,
  input  wire               b_tx_last,
  input  wire               b_tx_empty,
  input  wire [15:0]        b_tx_meta,
  output wire               b_rx_valid,
  input  wire               b_rx_ready,
  output wire [15:0]        b_rx_addr,
  output wire [8*BLOCK-1:0] b_rx_data,
  output wire [15:0]        b_rx_exps,
  output wire               b_rx_first,
  output wire               b_rx_last,
  output wire               b_rx_empty,
  output wire [15:0]        b_rx_meta,
  input  wire               b_mtx_valid,
  output wire               b_mtx_ready,
  input  wire [63:0]        b_mtx_data,
  output wire               b_mrx_valid,
  input  wire               b_mrx_ready,
  output wire [63:0]        b_mrx_data,
  input  wire               b_reset,
  input  wire               b_clear,
  output wire               b_link_up,
  output wire               b_link_down,
  output wire [3:0]         b_link_cause,
  output wire [31:0]        b_count_flits_sent,
  output wire [31:0]        b_count_flits_received,
  output wire [31:0]        b_count_replays,
  output wire [31:0]        b_count_errors,
  output wire [31:0]        b_count_stalls,
  output wire [31:0]        b_count_beats_sent,
  output wire [31:0]        b_count_beats_received,
  input  wire [4:0]         b_reg_index,
  output wire [31:0]        b_reg_rdata,
  input  wire               b_reg_write,
  input  wire [31:0]        b_reg_wdata,

  // channels
  input  wire [15:0]        latency,
  input  wire [31:0]        seed,

  input  wire [31:0]        ab_error_threshold,
  input  wire               ab_cut,
  input  wire [4*BLOCK+15:0] ab_lane_skew,
  input  wire [16*BLOCK+63:0] ab_lane_errors,
  input  wire [BLOCK+3:0]   ab_lane_fault,
  input  wire [31:0]        ab_burst_threshold,
  input  wire [15:0]        ab_burst_length,
  input  wire               ab_burst_all,
  input  wire               ab_mute,
  input  wire               ab_inject_enable,
  input  wire [31:0]        ab_inject_phit,
  input  wire [15:0]        ab_inject_bit,
  input  wire               ab_forge,
  input  wire [31:0]        ab_forge_phit,
  input  wire [255:0]       ab_forge_mask,
  output wire [31:0]        ab_count_flips,
  output wire [31:0]        ab_count_phits,
  output wire [4*BLOCK+15:0] ab_lanes,

  input  wire [31:0]        ba_error_threshold,
  input  wire               ba_cut,
  input  wire [4*BLOCK+15:0] ba_lane_skew,
  input  wire [16*BLOCK+63:0] ba_lane_errors,
  input  wire [BLOCK+3:0]   ba_lane_fault,
  input  wire [31:0]        ba_burst_threshold,
  input  wire [15:0]        ba_burst_length,
  input  wire               ba_burst_all,
  input  wire               ba_mute,
  input  wire               ba_inject_enable,
  input  wire [31:0]        ba_inject_phit,
  input  wire [15:0]        ba_inject_bit,
  input  wire               ba_forge,
  input  wire [31:0]        ba_forge_phit,
  input  wire [255:0]       ba_forge_mask,
  output wire [31:0]        ba_count_flips,
  output wire [31:0]        ba_count_phits,
  output wire [4*BLOCK+15:0] ba_lanes
);
  localparam CONTROL_PHITS = (256 + 4 * BLOCK - 1) / (4 * BLOCK);
  localparam [3:0] CAUSE_PROTOCOL = 4'd4;
  localparam [3:0] CAUSE_PEER_RESET = 4'd9;

  // ---- end a, and the channel from it
  wire [4*BLOCK+15:0] ba_received;
  wire [8*BLOCK-1:0] a_raw_data;
  wire [15:0]        a_raw_exps;
  assign a_rx_data = a_rx_empty ? {(8*BLOCK){1'b0}} : a_raw_data;
  assign a_rx_exps = a_rx_empty ? 16'd0 : a_raw_exps;

  link #(
    .BLOCK(BLOCK), .REPLAY_BEATS(REPLAY_BEATS), .REPLAY_FLITS(REPLAY_FLITS), .RX_BEATS(RX_BEATS),
    .RX_FLITS(RX_FLITS), .MGMT_DEPTH(MGMT_DEPTH), .TIMEOUT(TIMEOUT), .MAX_TIMEOUTS(MAX_TIMEOUTS),
    .MAX_REPLAYS(MAX_REPLAYS), .REFRESH(REFRESH), .SILENCE(SILENCE),
    .DETECT_LIMIT(DETECT_LIMIT)
  ) end_a (
    .clk(clk), .rst(rst || a_reset),
    .tx_valid(a_tx_valid), .tx_ready(a_tx_ready), .tx_addr(a_tx_addr), .tx_data(a_tx_data),
    .tx_exps(a_tx_exps), .tx_first(a_tx_first), .tx_last(a_tx_last), .tx_empty(a_tx_empty),
    .tx_meta(a_tx_meta),
    .rx_valid(a_rx_valid), .rx_ready(a_rx_ready), .rx_addr(a_rx_addr), .rx_data(a_raw_data),
    .rx_exps(a_raw_exps), .rx_first(a_rx_first), .rx_last(a_rx_last), .rx_empty(a_rx_empty),
    .rx_meta(a_rx_meta),
    .mtx_valid(a_mtx_valid), .mtx_ready(a_mtx_ready), .mtx_data(a_mtx_data),
    .mrx_valid(a_mrx_valid), .mrx_ready(a_mrx_ready), .mrx_data(a_mrx_data),
    .lane_tx(ab_lanes), .rx_clk(clk), .lane_rx(ba_received),
    .reg_index(a_reg_index), .reg_rdata(a_reg_rdata), .reg_write(a_reg_write),
    .reg_wdata(a_reg_wdata),
    .clear(a_clear), .link_up(a_link_up), .link_down(a_link_down), .link_cause(a_link_cause),
    .count_flits_sent(a_count_flits_sent), .count_flits_received(a_count_flits_received),
    .count_replays(a_count_replays), .count_errors(a_count_errors),
    .count_stalls(a_count_stalls), .count_beats_sent(a_count_beats_sent),
    .count_beats_received(a_count_beats_received));

  link_channel #(.LANE_BITS(4*BLOCK+16)) channel_ab (
    .clk(clk), .rst(rst), .latency(latency), .error_threshold(ab_error_threshold),
    .seed(seed), .cut(ab_cut), .lane_skew(ab_lane_skew), .lane_errors(ab_lane_errors),
    .lane_fault(ab_lane_fault), .burst_threshold(ab_burst_threshold),
    .burst_length(ab_burst_length), .burst_all(ab_burst_all),
    .mute(ab_mute), .probe(1'b1),
    .inject_enable(ab_inject_enable), .inject_phit(ab_inject_phit),
    .inject_bit(ab_inject_bit), .s_lanes(ab_lanes ^ ab_change), .m_lanes(ab_received),
    .count_flips(ab_count_flips), .count_phits(ab_count_phits));

  wire [31:0] ab_forged = ab_count_phits - ab_forge_phit;
  wire [4*BLOCK+15:0] ab_change = (ab_forge && ab_forged < CONTROL_PHITS) ?
    {16'd0, ab_forge_mask[ab_forged[3:0]*4*BLOCK +: 4*BLOCK]} : {(4*BLOCK+16){1'b0}};

  // Clear after these causes begins anew: a stalled beat is withdrawn.
  reg a_anew_q;
  wire a_cleared = a_clear || (a_reg_write && a_reg_index == 5'd1 && a_reg_wdata[0]);
  always @(posedge clk) begin
    a_anew_q <= a_cleared && (a_link_cause == CAUSE_PROTOCOL || a_link_cause == CAUSE_PEER_RESET);
  end
  wire a_checker_rst = rst || a_reset || a_anew_q;

  stream_checker #(.NAME("a_rx"), .WIDTH(8*BLOCK+51)) a_rx_checker (
    .clk(clk), .rst(a_checker_rst), .valid(a_rx_valid), .ready(a_rx_ready),
    .payload({a_rx_addr, a_rx_data, a_rx_exps, a_rx_first, a_rx_last, a_rx_empty,
              a_rx_meta}));

  stream_checker #(.NAME("a_mrx"), .WIDTH(64)) a_mrx_checker (
    .clk(clk), .rst(a_checker_rst), .valid(a_mrx_valid), .ready(a_mrx_ready),
    .payload(a_mrx_data));

  // ---- end b, and the channel from it
  wire [4*BLOCK+15:0] ab_received;
  wire [8*BLOCK-1:0] b_raw_data;
  wire [15:0]        b_raw_exps;
  assign b_rx_data = b_rx_empty ? {(8*BLOCK){1'b0}} : b_raw_data;
  assign b_rx_exps = b_rx_empty ? 16'd0 : b_raw_exps;

  link #(
    .BLOCK(BLOCK), .REPLAY_BEATS(REPLAY_BEATS), .REPLAY_FLITS(REPLAY_FLITS), .RX_BEATS(RX_BEATS),
    .RX_FLITS(RX_FLITS), .MGMT_DEPTH(MGMT_DEPTH), .TIMEOUT(TIMEOUT), .MAX_TIMEOUTS(MAX_TIMEOUTS),
    .MAX_REPLAYS(MAX_REPLAYS), .REFRESH(REFRESH), .SILENCE(SILENCE),
    .DETECT_LIMIT(DETECT_LIMIT)
  ) end_b (
    .clk(clk), .rst(rst || b_reset),
    .tx_valid(b_tx_valid), .tx_ready(b_tx_ready), .tx_addr(b_tx_addr), .tx_data(b_tx_data),
    .tx_exps(b_tx_exps), .tx_first(b_tx_first), .tx_last(b_tx_last), .tx_empty(b_tx_empty),
    .tx_meta(b_tx_meta),
    .rx_valid(b_rx_valid), .rx_ready(b_rx_ready), .rx_addr(b_rx_addr), .rx_data(b_raw_data),
    .rx_exps(b_raw_exps), .rx_first(b_rx_first), .rx_last(b_rx_last), .rx_empty(b_rx_empty),
    .rx_meta(b_rx_meta),
    .mtx_valid(b_mtx_valid), .mtx_ready(b_mtx_ready), .mtx_data(b_mtx_data),
    .mrx_valid(b_mrx_valid), .mrx_ready(b_mrx_ready), .mrx_data(b_mrx_data),
    .lane_tx(ba_lanes), .rx_clk(clk), .lane_rx(ab_received),
    .reg_index(b_reg_index), .reg_rdata(b_reg_rdata), .reg_write(b_reg_write),
    .reg_wdata(b_reg_wdata),
    .clear(b_clear), .link_up(b_link_up), .link_down(b_link_down), .link_cause(b_link_cause),
    .count_flits_sent(b_count_flits_sent), .count_flits_received(b_count_flits_received),
    .count_replays(b_count_replays), .count_errors(b_count_errors),
    .count_stalls(b_count_stalls), .count_beats_sent(b_count_beats_sent),
    .count_beats_received(b_count_beats_received));

  link_channel #(.LANE_BITS(4*BLOCK+16)) channel_ba (
    .clk(clk), .rst(rst), .latency(latency), .error_threshold(ba_error_threshold),
    .seed(~seed), .cut(ba_cut), .lane_skew(ba_lane_skew), .lane_errors(ba_lane_errors),
    .lane_fault(ba_lane_fault), .burst_threshold(ba_burst_threshold),
    .burst_length(ba_burst_length), .burst_all(ba_burst_all),
    .mute(ba_mute), .probe(1'b1),
    .inject_enable(ba_inject_enable), .inject_phit(ba_inject_phit),
    .inject_bit(ba_inject_bit), .s_lanes(ba_lanes ^ ba_change), .m_lanes(ba_received),
    .count_flips(ba_count_flips), .count_phits(ba_count_phits));

  wire [31:0] ba_forged = ba_count_phits - ba_forge_phit;
  wire [4*BLOCK+15:0] ba_change = (ba_forge && ba_forged < CONTROL_PHITS) ?
    {16'd0, ba_forge_mask[ba_forged[3:0]*4*BLOCK +: 4*BLOCK]} : {(4*BLOCK+16){1'b0}};

  // Clear after these causes begins anew: a stalled beat is withdrawn.
  reg b_anew_q;
  wire b_cleared = b_clear || (b_reg_write && b_reg_index == 5'd1 && b_reg_wdata[0]);
  always @(posedge clk) begin
    b_anew_q <= b_cleared && (b_link_cause == CAUSE_PROTOCOL || b_link_cause == CAUSE_PEER_RESET);
  end
  wire b_checker_rst = rst || b_reset || b_anew_q;

  stream_checker #(.NAME("b_rx"), .WIDTH(8*BLOCK+51)) b_rx_checker (
    .clk(clk), .rst(b_checker_rst), .valid(b_rx_valid), .ready(b_rx_ready),
    .payload({b_rx_addr, b_rx_data, b_rx_exps, b_rx_first, b_rx_last, b_rx_empty,
              b_rx_meta}));

  stream_checker #(.NAME("b_mrx"), .WIDTH(64)) b_mrx_checker (
    .clk(clk), .rst(b_checker_rst), .valid(b_mrx_valid), .ready(b_mrx_ready),
    .payload(b_mrx_data));
endmodule

`default_nettype wire
