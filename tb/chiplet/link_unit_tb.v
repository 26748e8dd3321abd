// SPDX-License-Identifier: Apache-2.0
//
// link_unit_tb: the link units of three chiplets, every pair joined by wires. Unit u has slice u of
// each vector; within it, peer p has slice p.
`default_nettype none

module link_unit_tb #(
  parameter BLOCK = 16,
  parameter STASH_BEATS = 1024
) (
  input  wire                 clk,
  input  wire                 rst,

  input  wire [8:0]           tx_valid,
  output wire [8:0]           tx_ready,
  input  wire [47:0]          tx_addr,
  input  wire [24*BLOCK-1:0]  tx_data,
  input  wire [47:0]          tx_exps,
  input  wire [2:0]           tx_first,
  input  wire [2:0]           tx_last,
  input  wire [2:0]           tx_empty,
  input  wire [47:0]          tx_meta,

  output wire [8:0]           req_valid,
  input  wire [8:0]           req_ready,
  output wire [143:0]         req_addr,
  output wire [72*BLOCK-1:0]  req_data,
  output wire [143:0]         req_exps,
  output wire [8:0]           done_valid,
  input  wire [8:0]           done_ready,
  output wire [35:0]          done_first,
  output wire [35:0]          done_count,
  output wire [287:0]         done_signature,
  output wire [35:0]          done_status,

  input  wire [8:0]           mtx_peer,
  input  wire [2:0]           mtx_valid,
  output wire [2:0]           mtx_ready,
  input  wire [191:0]         mtx_data,
  output wire [2:0]           mrx_valid,
  input  wire [2:0]           mrx_pop,
  output wire [8:0]           mrx_source,
  output wire [191:0]         mrx_data,

  input  wire [8:0]           reg_peer,
  input  wire [14:0]          reg_index,
  output wire [95:0]          reg_rdata,
  input  wire [2:0]           reg_write,
  input  wire [95:0]          reg_wdata,

  output wire [8:0]           down,
  output wire [95:0]          replays,
  output wire [95:0]          errors,
  output wire [95:0]          beats_sent,
  output wire [95:0]          beats_received
);
  localparam N = 3;
  localparam W = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;

  wire [N*N*LANE-1:0] lane_out, lane_in;

  genvar u, p;
  generate
    for (u = 0; u < N; u = u + 1) begin : g_unit
      for (p = 0; p < N; p = p + 1) begin : g_wire
        assign lane_in[LANE*(N*u + p) +: LANE] = lane_out[LANE*(N*p + u) +: LANE];
      end
      link_unit #(
        .CHIPLET(u), .N_CHIPLETS(N), .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)
      ) u_links (
        .clk(clk), .rst(rst), .engine_rst(1'b0), .link_clear(1'b0),
        .tx_valid(tx_valid[N*u +: N]), .tx_ready(tx_ready[N*u +: N]),
        .tx_addr(tx_addr[16*u +: 16]), .tx_data(tx_data[W*u +: W]),
        .tx_exps(tx_exps[16*u +: 16]), .tx_first(tx_first[u]), .tx_last(tx_last[u]),
        .tx_empty(tx_empty[u]), .tx_meta(tx_meta[16*u +: 16]),
        .req_valid(req_valid[N*u +: N]), .req_ready(req_ready[N*u +: N]),
        .req_addr(req_addr[16*N*u +: 16*N]), .req_data(req_data[W*N*u +: W*N]),
        .req_exps(req_exps[16*N*u +: 16*N]),
        .done_valid(done_valid[N*u +: N]), .done_ready(done_ready[N*u +: N]),
        .done_first(done_first[4*N*u +: 4*N]), .done_count(done_count[4*N*u +: 4*N]),
        .done_signature(done_signature[32*N*u +: 32*N]),
        .done_status(done_status[4*N*u +: 4*N]),
        .mtx_peer(mtx_peer[3*u +: 3]), .mtx_valid(mtx_valid[u]), .mtx_ready(mtx_ready[u]),
        .mtx_data(mtx_data[64*u +: 64]), .mrx_valid(mrx_valid[u]), .mrx_pop(mrx_pop[u]),
        .mrx_source(mrx_source[3*u +: 3]), .mrx_data(mrx_data[64*u +: 64]),
        .lane_tx(lane_out[LANE*N*u +: LANE*N]), .rx_clk({N{clk}}),
        .lane_rx(lane_in[LANE*N*u +: LANE*N]),
        .reg_peer(reg_peer[3*u +: 3]), .reg_index(reg_index[5*u +: 5]),
        .reg_rdata(reg_rdata[32*u +: 32]), .reg_write(reg_write[u]),
        .reg_wdata(reg_wdata[32*u +: 32]),
        .down(down[N*u +: N]), .replays(replays[32*u +: 32]), .errors(errors[32*u +: 32]),
        .beats_sent(beats_sent[32*u +: 32]), .beats_received(beats_received[32*u +: 32])
      );
    end
  endgenerate
endmodule

`default_nettype wire
