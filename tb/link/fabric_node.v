// SPDX-License-Identifier: Apache-2.0
//
// fabric_node: what one chiplet of a saturated fabric has between its stash and its lanes, with the
//   smallest buffers: send engine, a link and a receiver per peer, stash, arbiter of records.
//
// It multicasts ROUNDS packets of 0 to 8 beats to all peers, one behind the other, while messages
// go to every peer without a pause; one stash port and four sources of records ask at random, the
// consumer of messages takes them at random, and noise turns bits on the lanes over. Packet k of a
// chiplet is known to all: each beat, packet and message that comes is compared with what it must
// be. `stuck` rises when a pair has made no progress, of beats or of messages, for PATIENCE cycles.
`default_nettype none

module fabric_node #(
  parameter ID = 0,
  parameter N = 2,
  parameter BLOCK = 16,
  parameter ROUNDS = 100,
  parameter MESSAGES = 50,
  parameter PATIENCE = 8000  // cycles, below 65,536
) (
  input  wire                      clk,
  input  wire                      rst,
  input  wire [31:0]               seed,
  input  wire [31:0]               noise,     // of 2^32: a bit per cycle and direction is turned
  input  wire [1:0]                fault,     // 1: chiplet 0 sends other data than it should;
                                              // 2: chiplet 1 takes no report of chiplet 0
  output wire [(4*BLOCK+16)*N-1:0] lane_tx,
  input  wire [(4*BLOCK+16)*N-1:0] lane_rx,
  output wire                      finished,
  output reg                       wrong,
  output reg                       stuck,
  output reg  [31:0]               errors     // cycles in which a receiver dropped a flit
);
`include "commands.vh"

  localparam DATA = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;
  localparam BEATS = 64;      // eight for each chiplet
  localparam PORTS = 2 + N;
  localparam OTHERS = 4;      // sources of records beside the receivers
  localparam [31:0] ID_WORD = ID;
  localparam [2:0] ME = ID_WORD[2:0];
  localparam [N-1:0] SELF = 1 << ID;
  localparam [31:0] ROUNDS_WORD = ROUNDS;
  localparam [15:0] LAST = ROUNDS_WORD[15:0];
  localparam [31:0] PATIENCE_WORD = PATIENCE;
  localparam [15:0] LIMIT = PATIENCE_WORD[15:0];

  function [DATA-1:0] contents(input [15:0] f_address);
    contents = {(DATA/32){{16'd1, f_address} * 32'h9E3779B1}};
  endfunction

  // Packet k: beats, first address in the sender's eight beats, consumers.
  function [15:0] beats_of(input [15:0] f_k);
    beats_of = f_k % 16'd9;
  endfunction
  function [15:0] offset_of(input [15:0] f_k);
    offset_of = f_k % (16'd9 - beats_of(f_k));
  endfunction

  function [31:0] shuffle(input [31:0] f_x);
    reg [31:0] y;
    begin
      y = f_x ^ (f_x << 13);
      y = y ^ (y >> 17);
      shuffle = y ^ (y << 5);
    end
  endfunction
  reg [31:0] random_q;
  always @(posedge clk) begin
    if (rst) random_q <= (seed + ID_WORD) * 32'h9E3779B1 | 32'd1;
    else random_q <= shuffle(random_q);
  end

  // ---- own eight beats are written through the port that later reads at random
  reg [3:0] init_q;
  wire      ready = init_q[3];
  always @(posedge clk) begin
    if (rst) init_q <= 4'd0;
    else if (!ready) init_q <= init_q + 4'd1;
  end

  wire [PORTS-1:0]      req_valid, req_ready;
  wire [16*PORTS-1:0]   req_addr, req_exps;
  wire [DATA*PORTS-1:0] req_data;
  wire [PORTS-1:0]      rsp_valid;
  wire [DATA*PORTS-1:0] rsp_data;
  wire [16*PORTS-1:0]   rsp_exps;
  wire [15:0]           init_addr = {10'd0, ME, init_q[2:0]};
  wire [15:0]           hog_addr = {10'd0, random_q[5:0]};

  assign req_valid[0] = !ready || random_q[7:6] != 2'd0;
  assign req_addr[15:0] = ready ? hog_addr : init_addr;
  assign req_data[DATA-1:0] = contents(init_addr) ^ {{(DATA-1){1'b0}}, fault == 2'd1 && ID == 0};
  assign req_exps[15:0] = ~init_addr;
  assign req_data[DATA +: DATA] = {DATA{1'b0}};
  assign req_exps[16 +: 16] = 16'd0;

  stash #(.BLOCK(BLOCK), .STASH_BEATS(BEATS), .N_PORTS(PORTS), .BANKS(2)) memory (
    .clk(clk), .rst(rst), .req_valid(req_valid), .req_ready(req_ready),
    .req_we({{N{1'b1}}, 1'b0, !ready}), .req_addr(req_addr), .req_data(req_data),
    .req_exps(req_exps), .req_strb({BLOCK*PORTS{1'b1}}), .rsp_valid(rsp_valid),
    .rsp_data(rsp_data), .rsp_exps(rsp_exps));

  // ---- send engine
  reg [15:0] command_q;
  wire       cmd_valid = ready && command_q != LAST;
  wire       cmd_ready, done_valid;
  wire [31:0] unused_signature;
  wire [3:0] done_status;
  reg [255:0] cmd;
  wire [15:0] source = {10'd0, ME, 3'd0} + offset_of(command_q);
  wire [15:0] count = beats_of(command_q);
  always @* begin
    cmd = 256'd0;
    cmd[CMD_SEND_SRC_LSB +: CMD_SEND_SRC_W] = source;
    cmd[CMD_SEND_DST_LSB +: CMD_SEND_DST_W] = source;
    cmd[CMD_SEND_ROWS_LSB +: CMD_SEND_ROWS_W] = 12'd1;
    cmd[CMD_SEND_COUNT_LSB +: CMD_SEND_COUNT_W] = count[11:0];
    cmd[CMD_SEND_PEERS_LSB +: CMD_SEND_PEERS_W] = {{(8-N){1'b0}}, ~SELF};
    cmd[CMD_SEND_REMOTE_FIRST_LSB +: CMD_SEND_REMOTE_FIRST_W] = {2'd0, command_q[1:0]};
    cmd[CMD_SEND_REMOTE_COUNT_LSB +: CMD_SEND_REMOTE_COUNT_W] = {3'd0, command_q[2]};
  end
  always @(posedge clk) begin
    if (rst) command_q <= 16'd0;
    else if (cmd_valid && cmd_ready) command_q <= command_q + 16'd1;
  end

  wire [N-1:0]    tx_valid, tx_ready;
  wire [15:0]     tx_addr, tx_exps, tx_meta;
  wire [DATA-1:0] tx_data;
  wire            tx_first, tx_last, tx_empty;
  send_engine #(
    .BLOCK(BLOCK), .STASH_BEATS(BEATS), .N_CHIPLETS(N), .N_QUEUES(6)
  ) engine (
    .clk(clk), .rst(rst), .chiplet_id(ME), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready),
    .cmd(cmd), .done_valid(done_valid), .done_signature(unused_signature),
    .done_status(done_status), .req_valid(req_valid[1]), .req_ready(req_ready[1]),
    .req_addr(req_addr[31:16]), .rsp_valid(rsp_valid[1]), .rsp_data(rsp_data[DATA +: DATA]),
    .rsp_exps(rsp_exps[31:16]), .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr),
    .tx_data(tx_data), .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last),
    .tx_empty(tx_empty), .tx_meta(tx_meta));

  // ---- records
  wire [N-1:0] report, report_taken;
  wire [N-1:0] held = {{(N-1){1'b0}}, fault == 2'd2 && ID == 1};
  wire [OTHERS-1:0] unused_grant;
  wire [7:0] unused_index;
  wire unused_valid;
  arbiter #(.N(N + OTHERS)) records (
    .clk(clk), .rst(rst), .req({report & ~held, random_q[8 +: OTHERS]}), .accept(1'b1),
    .grant({report_taken, unused_grant}), .grant_index(unused_index),
    .grant_valid(unused_valid));

  // ---- peers
  wire [N-1:0] pair_wrong, pair_stuck, pair_finished, dropped;
  assign finished = command_q == LAST && (pair_finished | SELF) == {N{1'b1}};
  always @(posedge clk) begin
    if (rst) begin
      wrong <= 1'b0;
      stuck <= 1'b0;
      errors <= 32'd0;
    end else begin
      if ((pair_wrong & ~SELF) != {N{1'b0}} || (done_valid && done_status != 4'd0)) wrong <= 1'b1;
      if ((pair_stuck & ~SELF) != {N{1'b0}}) stuck <= 1'b1;
      if (dropped != {N{1'b0}}) errors <= errors + 32'd1;
    end
  end

  genvar p;
  generate
    for (p = 0; p < N; p = p + 1) begin : g_peer
      if (p == ID) begin : g_self
        assign lane_tx[LANE*p +: LANE] = {LANE{1'b0}};
        assign tx_ready[p] = 1'b1;
        assign req_valid[2+p] = 1'b0;
        assign req_addr[16*(2+p) +: 16] = 16'd0;
        assign req_data[DATA*(2+p) +: DATA] = {DATA{1'b0}};
        assign req_exps[16*(2+p) +: 16] = 16'd0;
        assign report[p] = 1'b0;
        assign pair_wrong[p] = 1'b0;
        assign pair_stuck[p] = 1'b0;
        assign pair_finished[p] = 1'b1;
        assign dropped[p] = 1'b0;
      end else begin : g_link
        wire            rx_valid, rx_ready, rx_first, rx_last, rx_empty, mtx_ready, mrx_valid;
        wire            link_up, link_down;
        wire [15:0]     rx_addr, rx_exps, rx_meta;
        wire [DATA-1:0] rx_data;
        wire [63:0]     mrx_data;
        wire [LANE-1:0] lanes;
        wire [31:0]     count_errors, unused_rdata, unused_sent, unused_received, unused_replays;
        wire [31:0]     unused_stalls, unused_beats_sent, unused_beats_received, unused_signed;
        wire [3:0]      unused_cause;
        reg  [31:0]     said_q, heard_q;  // messages
        reg  [31:0]     bits_q;

        // Noise on what leaves, once the link is up.
        always @(posedge clk) bits_q <= rst ? random_q + p * 32'h9E3779B1 | 32'd1 : shuffle(bits_q);
        wire [LANE-1:0] one = {{(LANE-1){1'b0}}, 1'b1} << (random_q % LANE);
        assign lane_tx[LANE*p +: LANE] = (link_up && bits_q < noise) ? lanes ^ one : lanes;

        link #(
          .BLOCK(BLOCK), .REPLAY_BEATS(8), .REPLAY_FLITS(4), .RX_BEATS(8), .RX_FLITS(1),
          .MGMT_DEPTH(1), .TIMEOUT(256)
        ) u_link (
          .clk(clk), .rst(rst), .tx_valid(tx_valid[p]), .tx_ready(tx_ready[p]), .tx_addr(tx_addr),
          .tx_data(tx_data), .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last),
          .tx_empty(tx_empty), .tx_meta(tx_meta), .rx_valid(rx_valid), .rx_ready(rx_ready),
          .rx_addr(rx_addr), .rx_data(rx_data), .rx_exps(rx_exps), .rx_first(rx_first),
          .rx_last(rx_last), .rx_empty(rx_empty), .rx_meta(rx_meta), .mtx_valid(1'b1),
          .mtx_ready(mtx_ready), .mtx_data({16'd0, ID_WORD[15:0], said_q}), .mrx_valid(mrx_valid),
          .mrx_ready(bits_q[9:8] == 2'd0), .mrx_data(mrx_data), .lane_tx(lanes), .rx_clk(clk),
          .lane_rx(lane_rx[LANE*p +: LANE]), .reg_index(5'd0), .reg_rdata(unused_rdata),
          .reg_write(1'b0), .reg_wdata(32'd0), .clear(1'b0), .link_up(link_up),
          .link_down(link_down), .link_cause(unused_cause), .count_flits_sent(unused_sent),
          .count_flits_received(unused_received), .count_replays(unused_replays),
          .count_errors(count_errors), .count_stalls(unused_stalls),
          .count_beats_sent(unused_beats_sent), .count_beats_received(unused_beats_received));

        wire [3:0] done_first, done_count, status;
        link_receiver #(.BLOCK(BLOCK), .STASH_BEATS(BEATS)) receiver (
          .clk(clk), .rst(rst), .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr),
          .rx_data(rx_data), .rx_exps(rx_exps), .rx_first(rx_first), .rx_last(rx_last),
          .rx_empty(rx_empty), .rx_meta(rx_meta), .req_valid(req_valid[2+p]),
          .req_ready(req_ready[2+p]), .req_addr(req_addr[16*(2+p) +: 16]),
          .req_data(req_data[DATA*(2+p) +: DATA]), .req_exps(req_exps[16*(2+p) +: 16]),
          .done_valid(report[p]), .done_ready(report_taken[p]), .done_first(done_first),
          .done_count(done_count), .done_signature(unused_signed), .done_status(status));

        // What comes from peer p: packet and beat that must be next.
        reg  [15:0] packet_q, beat_q, still_q, silent_q;
        reg  [31:0] errors_q;
        wire [15:0] address = 16'd8 * p + offset_of(packet_q) + beat_q;
        wire        written = req_valid[2+p] && req_ready[2+p];
        wire        reported = report[p] && report_taken[p];
        wire        heard = mrx_valid && bits_q[9:8] == 2'd0;
        wire        bad_beat = written && (req_addr[16*(2+p) +: 16] != address ||
                               beat_q >= beats_of(packet_q) || packet_q == LAST ||
                               req_data[DATA*(2+p) +: DATA] != contents(address) ||
                               req_exps[16*(2+p) +: 16] != ~address);
        wire        bad_packet = reported && (beat_q != beats_of(packet_q) || status != 4'd0 ||
                                 done_first != {2'd0, packet_q[1:0]} ||
                                 done_count != {3'd0, packet_q[2]});
        wire        bad_message = heard && mrx_data != {16'd0, p[15:0], heard_q};
        assign pair_wrong[p] = bad_beat || bad_packet || bad_message || link_down;
        assign pair_stuck[p] = still_q == LIMIT || silent_q == LIMIT;
        assign pair_finished[p] = packet_q == LAST && heard_q >= MESSAGES;
        assign dropped[p] = count_errors != errors_q;

        always @(posedge clk) begin
          errors_q <= count_errors;
          if (rst) begin
            packet_q <= 16'd0;
            beat_q <= 16'd0;
            still_q <= 16'd0;
            silent_q <= 16'd0;
            said_q <= 32'd0;
            heard_q <= 32'd0;
          end else begin
            if (reported) begin
              packet_q <= packet_q + 16'd1;
              beat_q <= 16'd0;
            end else if (written) beat_q <= beat_q + 16'd1;
            still_q <= (written || reported || packet_q == LAST) ? 16'd0 : still_q + 16'd1;
            silent_q <= heard ? 16'd0 : silent_q + 16'd1;
            if (mtx_ready) said_q <= said_q + 32'd1;
            if (heard) heard_q <= heard_q + 32'd1;
          end
        end
      end
    end
  endgenerate
endmodule

`default_nettype wire
