// SPDX-License-Identifier: Apache-2.0
//
// link_unit: a chiplet's links to all other chiplets, with the receiver and the management queue
// of each.
//
// Contract: beats offered on tx_ go to the peers' links; received beats are written to the stash
//   and reported per packet (link_receiver). Management messages go to one peer each and come in
//   through one queue, round robin. A message to a chiplet that does not exist, or to this one, is
//   dropped. Each link's registers are reached through reg_peer.
// Handshake: valid/ready throughout; slice p of a vector belongs to peer p; this chiplet's own
//   slice is idle.
// Latency and cost: rtl/link and link_receiver, per peer; four messages of queue.
`default_nettype none

module link_unit #(
  parameter CHIPLET = 0,
  parameter N_CHIPLETS = 2,
  parameter BLOCK = 64,
  parameter STASH_BEATS = 16384
) (
  input  wire                          clk,
  input  wire                          rst,
  input  wire                          engine_rst,
  input  wire                          link_clear,   // pulse: links that are down come up again

  // beats out
  input  wire [N_CHIPLETS-1:0]         tx_valid,
  output wire [N_CHIPLETS-1:0]         tx_ready,
  input  wire [15:0]                   tx_addr,
  input  wire [8*BLOCK-1:0]            tx_data,
  input  wire [15:0]                   tx_exps,
  input  wire                          tx_first,
  input  wire                          tx_last,
  input  wire                          tx_empty,
  input  wire [15:0]                   tx_meta,

  // received beats, to the stash
  output wire [N_CHIPLETS-1:0]         req_valid,
  input  wire [N_CHIPLETS-1:0]         req_ready,
  output wire [16*N_CHIPLETS-1:0]      req_addr,
  output wire [8*BLOCK*N_CHIPLETS-1:0] req_data,
  output wire [16*N_CHIPLETS-1:0]      req_exps,

  // received packets
  output wire [N_CHIPLETS-1:0]         done_valid,
  input  wire [N_CHIPLETS-1:0]         done_ready,
  output wire [4*N_CHIPLETS-1:0]       done_first,
  output wire [4*N_CHIPLETS-1:0]       done_count,
  output wire [32*N_CHIPLETS-1:0]      done_signature,
  output wire [4*N_CHIPLETS-1:0]       done_status,

  // management messages
  input  wire [2:0]                    mtx_peer,
  input  wire                          mtx_valid,
  output wire                          mtx_ready,
  input  wire [63:0]                   mtx_data,
  output wire                          mrx_valid,
  input  wire                          mrx_pop,
  output wire [2:0]                    mrx_source,
  output wire [63:0]                   mrx_data,

  // lanes
  output wire [(4*BLOCK+16)*N_CHIPLETS-1:0] lane_tx,
  input  wire [N_CHIPLETS-1:0]              rx_clk,
  input  wire [(4*BLOCK+16)*N_CHIPLETS-1:0] lane_rx,

  // registers of the link to reg_peer (link_registers)
  input  wire [2:0]                    reg_peer,
  input  wire [4:0]                    reg_index,
  output reg  [31:0]                   reg_rdata,
  input  wire                          reg_write,
  input  wire [31:0]                   reg_wdata,

  // status
  output wire [N_CHIPLETS-1:0]         down,
  output reg  [31:0]                   replays,
  output reg  [31:0]                   errors,
  output reg  [31:0]                   beats_sent,
  output reg  [31:0]                   beats_received
);
  localparam DATA = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;

  wire [N_CHIPLETS-1:0]    peer_mtx_ready;
  wire [N_CHIPLETS-1:0]    peer_mrx_valid;
  wire [N_CHIPLETS-1:0]    peer_mrx_ready;
  wire [64*N_CHIPLETS-1:0] peer_mrx_data;
  wire [32*N_CHIPLETS-1:0] peer_rdata;
  wire [32*N_CHIPLETS-1:0] peer_replays, peer_errors, peer_sent, peer_received;

  wire [15:0] mtx_ready_of = {{(16-N_CHIPLETS){1'b1}}, peer_mtx_ready};
  wire unused_ready_of = &{1'b0, mtx_ready_of[15:8]};
  assign mtx_ready = mtx_ready_of[{1'b0, mtx_peer}];

  genvar p;
  generate
    for (p = 0; p < N_CHIPLETS; p = p + 1) begin : g_peer
      if (p == CHIPLET) begin : g_self
        assign tx_ready[p] = 1'b1;
        assign req_valid[p] = 1'b0;
        assign req_addr[16*p +: 16] = 16'd0;
        assign req_data[DATA*p +: DATA] = {DATA{1'b0}};
        assign req_exps[16*p +: 16] = 16'd0;
        assign done_valid[p] = 1'b0;
        assign done_first[4*p +: 4] = 4'd0;
        assign done_count[4*p +: 4] = 4'd0;
        assign done_signature[32*p +: 32] = 32'd0;
        assign done_status[4*p +: 4] = 4'd0;
        assign peer_mtx_ready[p] = 1'b1;
        assign peer_mrx_valid[p] = 1'b0;
        assign peer_mrx_data[64*p +: 64] = 64'd0;
        assign lane_tx[LANE*p +: LANE] = {LANE{1'b0}};
        assign peer_rdata[32*p +: 32] = 32'd0;
        assign down[p] = 1'b0;
        assign peer_replays[32*p +: 32] = 32'd0;
        assign peer_errors[32*p +: 32] = 32'd0;
        assign peer_sent[32*p +: 32] = 32'd0;
        assign peer_received[32*p +: 32] = 32'd0;
        wire unused_self = &{1'b0, engine_rst, link_clear, tx_valid[p], tx_addr, tx_data, tx_exps,
                             tx_first, tx_last, tx_empty, tx_meta, mtx_valid, mtx_data,
                             req_ready[p], done_ready[p], peer_mrx_ready[p],
                             rx_clk[p], lane_rx[LANE*p +: LANE], reg_index, reg_write,
                             reg_wdata};
      end else begin : g_link
        wire            rx_valid, rx_ready, rx_first, rx_last, rx_empty;
        wire [15:0]     rx_addr, rx_exps, rx_meta;
        wire [DATA-1:0] rx_data;
        wire            unused_up;
        wire [3:0]      unused_cause;
        wire [31:0]     unused_flits_sent, unused_flits_received, unused_stalls;

        link #(.BLOCK(BLOCK)) u_link (
          .clk(clk), .rst(rst),
          .tx_valid(tx_valid[p]), .tx_ready(tx_ready[p]), .tx_addr(tx_addr), .tx_data(tx_data),
          .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
          .tx_meta(tx_meta),
          .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr), .rx_data(rx_data),
          .rx_exps(rx_exps), .rx_first(rx_first), .rx_last(rx_last), .rx_empty(rx_empty),
          .rx_meta(rx_meta),
          .mtx_valid(mtx_valid && mtx_peer == p), .mtx_ready(peer_mtx_ready[p]),
          .mtx_data(mtx_data),
          .mrx_valid(peer_mrx_valid[p]), .mrx_ready(peer_mrx_ready[p]),
          .mrx_data(peer_mrx_data[64*p +: 64]),
          .lane_tx(lane_tx[LANE*p +: LANE]), .rx_clk(rx_clk[p]),
          .lane_rx(lane_rx[LANE*p +: LANE]),
          .reg_index(reg_index), .reg_rdata(peer_rdata[32*p +: 32]),
          .reg_write(reg_write && reg_peer == p), .reg_wdata(reg_wdata),
          .clear(link_clear), .link_up(unused_up), .link_down(down[p]), .link_cause(unused_cause),
          .count_flits_sent(unused_flits_sent), .count_flits_received(unused_flits_received),
          .count_replays(peer_replays[32*p +: 32]), .count_errors(peer_errors[32*p +: 32]),
          .count_stalls(unused_stalls), .count_beats_sent(peer_sent[32*p +: 32]),
          .count_beats_received(peer_received[32*p +: 32])
        );

        link_receiver #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) u_receiver (
          .clk(clk), .rst(rst || engine_rst),
          .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr), .rx_data(rx_data),
          .rx_exps(rx_exps), .rx_first(rx_first), .rx_last(rx_last), .rx_empty(rx_empty),
          .rx_meta(rx_meta),
          .req_valid(req_valid[p]), .req_ready(req_ready[p]), .req_addr(req_addr[16*p +: 16]),
          .req_data(req_data[DATA*p +: DATA]), .req_exps(req_exps[16*p +: 16]),
          .done_valid(done_valid[p]), .done_ready(done_ready[p]),
          .done_first(done_first[4*p +: 4]), .done_count(done_count[4*p +: 4]),
          .done_signature(done_signature[32*p +: 32]), .done_status(done_status[4*p +: 4])
        );
      end
    end
  endgenerate

  // Messages in.
  wire [7:0]  source;
  wire        any;
  wire        room;
  reg  [63:0] message;
  integer i;
  always @* begin
    message = 64'd0;
    for (i = 0; i < N_CHIPLETS; i = i + 1) begin
      if (peer_mrx_ready[i]) message = peer_mrx_data[64*i +: 64];
    end
  end
  wire [N_CHIPLETS-1:0] grant;
  assign peer_mrx_ready = room ? grant : {N_CHIPLETS{1'b0}};
  arbiter #(.N(N_CHIPLETS)) u_arbiter (
    .clk(clk), .rst(rst), .req(peer_mrx_valid), .accept(any && room), .grant(grant),
    .grant_index(source), .grant_valid(any)
  );
  wire [4:0] unused_source = source[7:3];
  fifo #(.WIDTH(67), .DEPTH(4)) u_messages (
    .clk(clk), .rst(rst), .s_valid(any), .s_ready(room), .s_data({source[2:0], message}),
    .m_valid(mrx_valid), .m_ready(mrx_pop), .m_data({mrx_source, mrx_data})
  );

  // Registers of one link, and totals over the links.
  always @* begin
    reg_rdata = 32'd0;
    replays = 32'd0;
    errors = 32'd0;
    beats_sent = 32'd0;
    beats_received = 32'd0;
    for (i = 0; i < N_CHIPLETS; i = i + 1) begin
      if (reg_peer == i[2:0]) reg_rdata = peer_rdata[32*i +: 32];
      replays = replays + peer_replays[32*i +: 32];
      errors = errors + peer_errors[32*i +: 32];
      beats_sent = beats_sent + peer_sent[32*i +: 32];
      beats_received = beats_received + peer_received[32*i +: 32];
    end
  end
endmodule

`default_nettype wire
