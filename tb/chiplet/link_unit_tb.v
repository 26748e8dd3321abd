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

  output wire [8:0]           down,
  output wire [95:0]          replays,
  output wire [95:0]          errors,
  output wire [95:0]          beats_sent,
  output wire [95:0]          beats_received
);
  localparam N = 3;
  localparam W = 8 * BLOCK;
  localparam PHIT = 4 * BLOCK;

  wire [N*N*PHIT-1:0] data_out, data_in;
  wire [N*N*8-1:0]    frame_out, frame_in;

  genvar u, p;
  generate
    for (u = 0; u < N; u = u + 1) begin : g_unit
      for (p = 0; p < N; p = p + 1) begin : g_wire
        assign data_in[PHIT*(N*u + p) +: PHIT] = data_out[PHIT*(N*p + u) +: PHIT];
        assign frame_in[8*(N*u + p) +: 8] = frame_out[8*(N*p + u) +: 8];
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
        .phit_tx_data(data_out[PHIT*N*u +: PHIT*N]), .phit_tx_frame(frame_out[8*N*u +: 8*N]),
        .phit_rx_data(data_in[PHIT*N*u +: PHIT*N]), .phit_rx_frame(frame_in[8*N*u +: 8*N]),
        .down(down[N*u +: N]), .replays(replays[32*u +: 32]), .errors(errors[32*u +: 32]),
        .beats_sent(beats_sent[32*u +: 32]), .beats_received(beats_received[32*u +: 32])
      );
    end
  endgenerate
endmodule

`default_nettype wire
