// SPDX-License-Identifier: Apache-2.0
//
// link_gather: one chiplet's send engine and links in an all-gather, for measurements. The clock
// and the settings come from link_gather.cpp.
//
// In an all-gather every chiplet does the same in the same cycle, so what comes from a peer is
// what goes to it: each link end is joined to itself, and one chiplet stands for up to eight. The
// receivers take a beat per cycle and write to addresses of the sender's choice.
// Time: from the first cycle in which the send engine offers a beat to the one in which the last
// beat is written.
`default_nettype none

module link_gather #(
  parameter BLOCK = 64
) (
  input  wire        clk,
  input  wire        rst,
  input  wire [7:0]  peers,       // chiplet 0 sends to and hears these
  input  wire [11:0] beats,       // of the slice
  input  wire        start,       // pulse
  output wire        idle,        // all has come
  output reg         wrong,
  output reg  [31:0] cycles
);
`include "commands.vh"

  localparam N = 8;
  localparam DATA = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;
  localparam STASH_BEATS = 16384;

  function [DATA-1:0] contents(input [15:0] f_address);
    contents = {(DATA/32){{16'd0, f_address} * 32'h9E3779B1}};
  endfunction

  reg  [255:0] cmd;
  always @* begin
    cmd = 256'd0;
    cmd[CMD_SEND_SRC_LSB +: CMD_SEND_SRC_W] = 16'd0;
    cmd[CMD_SEND_DST_LSB +: CMD_SEND_DST_W] = 16'd0;
    cmd[CMD_SEND_ROWS_LSB +: CMD_SEND_ROWS_W] = 12'd1;
    cmd[CMD_SEND_COUNT_LSB +: CMD_SEND_COUNT_W] = beats;
    cmd[CMD_SEND_SRC_STRIDE_LSB +: CMD_SEND_SRC_STRIDE_W] = beats;
    cmd[CMD_SEND_DST_STRIDE_LSB +: CMD_SEND_DST_STRIDE_W] = beats;
    cmd[CMD_SEND_PEERS_LSB +: CMD_SEND_PEERS_W] = peers;
  end

  wire            req_valid, done_valid;
  wire [15:0]     req_addr, tx_addr, tx_exps, tx_meta;
  wire [DATA-1:0] tx_data;
  wire            tx_first, tx_last, tx_empty;
  wire [N-1:0]    tx_valid, tx_ready;
  reg             rsp_valid_q;
  reg  [15:0]     rsp_addr_q;
  wire [31:0]     unused_signature;
  wire [3:0]      status;
  wire            cmd_ready;

  send_engine #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_CHIPLETS(N)) engine (
    .clk(clk), .rst(rst), .chiplet_id(3'd0), .cmd_valid(start), .cmd_ready(cmd_ready), .cmd(cmd),
    .done_valid(done_valid), .done_signature(unused_signature), .done_status(status),
    .req_valid(req_valid), .req_ready(1'b1), .req_addr(req_addr), .rsp_valid(rsp_valid_q),
    .rsp_data(contents(rsp_addr_q)), .rsp_exps(~rsp_addr_q),
    .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr), .tx_data(tx_data),
    .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
    .tx_meta(tx_meta));

  wire [N*LANE-1:0] lanes;
  wire [N-1:0]      write_valid, unused_done, down;
  wire [16*N-1:0]   write_addr, write_exps;
  wire [DATA*N-1:0] write_data;
  wire [4*N-1:0]    unused_first, unused_count, unused_status;
  wire [32*N-1:0]   unused_signatures;
  wire [63:0]       unused_message;
  wire [2:0]        unused_source;
  wire              unused_mtx, unused_mrx;
  wire [31:0]       unused_rdata, unused_replays, unused_errors, unused_sent, unused_received;

  link_unit #(.CHIPLET(0), .N_CHIPLETS(N), .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) links (
    .clk(clk), .rst(rst), .engine_rst(1'b0), .link_clear(1'b0),
    .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr), .tx_data(tx_data),
    .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
    .tx_meta(tx_meta),
    .req_valid(write_valid), .req_ready({N{1'b1}}), .req_addr(write_addr), .req_data(write_data),
    .req_exps(write_exps), .done_valid(unused_done), .done_ready({N{1'b1}}),
    .done_first(unused_first), .done_count(unused_count), .done_signature(unused_signatures),
    .done_status(unused_status), .mtx_peer(3'd0), .mtx_valid(1'b0), .mtx_ready(unused_mtx),
    .mtx_data(64'd0), .mrx_valid(unused_mrx), .mrx_pop(1'b1), .mrx_source(unused_source),
    .mrx_data(unused_message), .lane_tx(lanes), .rx_clk({N{clk}}), .lane_rx(lanes),
    .reg_peer(3'd0), .reg_index(5'd0), .reg_rdata(unused_rdata), .reg_write(1'b0),
    .reg_wdata(32'd0), .down(down), .replays(unused_replays), .errors(unused_errors),
    .beats_sent(unused_sent), .beats_received(unused_received));

  reg  [16*N-1:0] got_q;    // beats of each peer
  reg             begun_q;
  reg             complete;
  integer p;
  always @* begin
    complete = 1'b1;
    for (p = 0; p < N; p = p + 1) begin
      if (peers[p] && got_q[16*p +: 16] != {4'd0, beats}) complete = 1'b0;
    end
  end
  assign idle = complete;

  always @(posedge clk) begin
    rsp_valid_q <= req_valid;
    rsp_addr_q <= req_addr;
    if (rst || start) begin
      got_q <= {16*N{1'b0}};
      begun_q <= 1'b0;
      cycles <= 32'd0;
      if (rst) wrong <= 1'b0;
    end else begin
      if (tx_valid != {N{1'b0}}) begun_q <= 1'b1;
      if ((begun_q || tx_valid != {N{1'b0}}) && !complete) cycles <= cycles + 32'd1;
      if (down != {N{1'b0}} || (done_valid && status != 4'd0)) wrong <= 1'b1;
      for (p = 0; p < N; p = p + 1) begin
        if (write_valid[p]) begin
          got_q[16*p +: 16] <= got_q[16*p +: 16] + 16'd1;
          if (write_addr[16*p +: 16] != got_q[16*p +: 16] || !peers[p] ||
              write_exps[16*p +: 16] != ~got_q[16*p +: 16] ||
              write_data[DATA*p +: DATA] != contents(got_q[16*p +: 16])) wrong <= 1'b1;
        end
      end
    end
  end

  wire unused = &{1'b0, cmd_ready};
endmodule

`default_nettype wire
