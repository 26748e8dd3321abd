// SPDX-License-Identifier: Apache-2.0
//
// engines_tb: dispatcher, stash, MOVE, SEND, link receivers and macros with their sequencers, as
// the chiplet joins them. A packet sent to peer p comes back as a packet from peer p. Two ports of
// the stash and the loops stall at random: `noise` of 256 cycles.
`default_nettype none

module engines_tb #(
  parameter BLOCK = 16,
  parameter SETS = 16,
  parameter STASH_BEATS = 1024,
  parameter N_MACROS = 2,
  parameter N_CHIPLETS = 3,
  parameter Q = 4 + N_MACROS
) (
  input  wire               clk,
  input  wire               rst,
  input  wire [7:0]         noise,
  input  wire [31:0]        seed,    // of the noise, not 0

  input  wire               push_valid,
  output wire               push_ready,
  input  wire [255:0]       push_cmd,

  // test port of the stash
  input  wire               t_valid,
  output wire               t_ready,
  input  wire               t_we,
  input  wire [15:0]        t_addr,
  input  wire [8*BLOCK-1:0] t_data,
  input  wire [15:0]        t_exps,
  output wire               a_valid,
  output wire [8*BLOCK-1:0] a_data,
  output wire [15:0]        a_exps,

  output wire               trace_valid,
  output wire [4:0]         trace_queue,
  output wire [3:0]         trace_opcode,
  output wire [15:0]        trace_sequence,
  output wire [31:0]        trace_signature,
  output wire [Q-1:0]       queue_idle,
  output wire [Q-1:0]       cmd_valid,
  output wire [N_MACROS-1:0] act_take,
  output wire               error_valid,
  output wire [3:0]         error_code,
  output wire [4:0]         error_queue,
  output wire [15:0]        error_sequence
);
  localparam PEERS = N_CHIPLETS - 1;                 // this is chiplet 0
  localparam N_PORTS = 5 + 2 * N_MACROS + PEERS;     // test, MOVE, SEND, noise 2
  localparam P_MACRO = 5;
  localparam P_RX = 5 + 2 * N_MACROS;
  localparam W = 8 * BLOCK;

  wire [N_PORTS-1:0]       req_valid;
  wire [N_PORTS-1:0]       req_ready;
  wire [N_PORTS-1:0]       req_we;
  wire [16*N_PORTS-1:0]    req_addr;
  wire [W*N_PORTS-1:0]     req_data;
  wire [16*N_PORTS-1:0]    req_exps;
  wire [BLOCK*N_PORTS-1:0] req_strb;
  wire [N_PORTS-1:0]       rsp_valid;
  wire [W*N_PORTS-1:0]     rsp_data;
  wire [16*N_PORTS-1:0]    rsp_exps;
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(N_PORTS)) stash (
    .clk(clk), .rst(rst), .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we),
    .req_addr(req_addr), .req_data(req_data), .req_exps(req_exps), .req_strb(req_strb),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps)
  );

  // Noise
  reg [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? seed : r2 ^ (r2 << 5);

  // Test port, noise ports
  assign req_valid[0] = t_valid;
  assign t_ready = req_ready[0];
  assign req_we[0] = t_we;
  assign req_addr[0 +: 16] = t_addr;
  assign req_data[0 +: W] = t_data;
  assign req_exps[0 +: 16] = t_exps;
  assign req_strb[0 +: BLOCK] = {BLOCK{1'b1}};
  assign a_valid = rsp_valid[0];
  assign a_data = rsp_data[0 +: W];
  assign a_exps = rsp_exps[0 +: 16];
  wire        move_valid;
  wire [15:0] move_addr;
  wire [15:0] move_aim = move_valid ? move_addr : 16'd0;
  genvar g;
  generate
    for (g = 3; g < 5; g = g + 1) begin : g_noise
      // The first one collides with MOVE, whatever it asks for; the other aims where a port just
      // asked, or one beat further.
      reg [15:0] aim_q;
      wire [3:0] port = random_q[20 + 4*(g-3) +: 4];
      wire [3:0] target = ({28'd0, port} < N_PORTS && (port < 3 || port > 4)) ? port : 4'd1;
      always @(posedge clk) begin
        if (rst) aim_q <= 16'd0;
        else if (req_valid[target]) aim_q <= req_addr[16*target +: 16] + {15'd0, random_q[30]};
      end
      assign req_valid[g] = random_q[8*(g-3) +: 8] < noise;
      assign req_we[g] = 1'b0;
      assign req_addr[16*g +: 16] = (g == 3) ? {6'd0, move_aim[9:0]} : {6'd0, aim_q[9:0]};
      assign req_data[W*g +: W] = {W{1'b0}};
      assign req_exps[16*g +: 16] = 16'd0;
      assign req_strb[BLOCK*g +: BLOCK] = {BLOCK{1'b0}};
    end
  endgenerate

  // Dispatcher
  wire [Q-1:0]     cmd_ready;
  wire [256*Q-1:0] cmd;
  wire [Q-1:0]     done_valid;
  wire [32*Q-1:0]  done_signature;
  wire [4*Q-1:0]   done_status;
  wire [N_CHIPLETS-1:0]    rx_valid;
  wire [N_CHIPLETS-1:0]    rx_ready;
  wire [4*N_CHIPLETS-1:0]  rx_first;
  wire [4*N_CHIPLETS-1:0]  rx_count;
  wire [32*N_CHIPLETS-1:0] rx_signature;
  wire [4*N_CHIPLETS-1:0]  rx_status;
  dispatcher #(.N_MACROS(N_MACROS), .N_CHIPLETS(N_CHIPLETS)) dispatcher (
    .clk(clk), .rst(rst), .chiplet_id(3'd0), .watchdog_limit(32'd20000), .list_busy(1'b0),
    .s_cmd_valid(push_valid), .s_cmd_ready(push_ready), .s_cmd(push_cmd),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd), .done_valid(done_valid),
    .done_signature(done_signature), .done_status(done_status),
    .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_first(rx_first), .rx_count(rx_count),
    .rx_signature(rx_signature), .rx_status(rx_status),
    .trace_valid(trace_valid), .trace_queue(trace_queue), .trace_opcode(trace_opcode),
    .trace_sequence(trace_sequence), .trace_signature(trace_signature), .notify(),
    .signature_clear(1'b0), .signature_sum(),
    .ext_error_valid(1'b0), .ext_error_code(4'd0), .ext_error_queue(5'd0),
    .queue_idle(queue_idle), .stop(), .error_valid(error_valid), .error_code(error_code),
    .error_queue(error_queue), .error_producer(), .error_opcode(), .error_sequence(error_sequence)
  );
  // Queues without an engine here take `sync` only.
  assign cmd_ready[1:0] = 2'b00;
  assign done_valid[1:0] = 2'b00;
  assign done_signature[63:0] = 64'd0;
  assign done_status[7:0] = 8'd0;

  // MOVE
  assign req_valid[1] = move_valid;
  assign req_addr[16 +: 16] = move_addr;
  wire           mw_valid;
  wire           mw_ready;
  wire [3:0]     mw_macro;
  wire           mw_row;
  wire [11:0]    mw_set;
  wire [7:0]     mw_index;
  wire [W-1:0]   mw_data;
  wire [15:0]    mw_exps;
  wire [N_MACROS-1:0] wr_ready;
  wire [N_MACROS-1:0] wr_conflict;
  assign mw_ready = wr_ready[mw_macro[$clog2(N_MACROS)-1:0]];
  move_engine #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS)
  ) move (
    .clk(clk), .rst(rst), .cmd_valid(cmd_valid[2]), .cmd_ready(cmd_ready[2]),
    .cmd(cmd[2*256 +: 256]), .done_valid(done_valid[2]), .done_signature(done_signature[64 +: 32]),
    .done_status(done_status[8 +: 4]),
    .req_valid(move_valid), .req_ready(req_ready[1]), .req_we(req_we[1]),
    .req_addr(move_addr), .req_data(req_data[W +: W]), .req_exps(req_exps[16 +: 16]),
    .req_strb(req_strb[BLOCK +: BLOCK]), .rsp_valid(rsp_valid[1]), .rsp_data(rsp_data[W +: W]),
    .rsp_exps(rsp_exps[16 +: 16]),
    .mw_valid(mw_valid), .mw_ready(mw_ready), .mw_macro(mw_macro), .mw_row(mw_row),
    .mw_set(mw_set), .mw_index(mw_index), .mw_data(mw_data), .mw_exps(mw_exps),
    .mw_conflict(wr_conflict != {N_MACROS{1'b0}})
  );

  // SEND and its loops
  wire [N_CHIPLETS-1:0] tx_valid;
  wire [N_CHIPLETS-1:0] tx_ready;
  wire [15:0]           tx_addr;
  wire [W-1:0]          tx_data;
  wire [15:0]           tx_exps;
  wire                  tx_first;
  wire                  tx_last;
  wire                  tx_empty;
  wire [15:0]           tx_meta;
  assign req_we[2] = 1'b0;
  assign req_data[2*W +: W] = {W{1'b0}};
  assign req_exps[32 +: 16] = 16'd0;
  assign req_strb[2*BLOCK +: BLOCK] = {BLOCK{1'b0}};
  send_engine #(
    .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_CHIPLETS(N_CHIPLETS), .N_QUEUES(Q)
  ) send (
    .clk(clk), .rst(rst), .chiplet_id(3'd0), .cmd_valid(cmd_valid[3]), .cmd_ready(cmd_ready[3]),
    .cmd(cmd[3*256 +: 256]), .done_valid(done_valid[3]), .done_signature(done_signature[96 +: 32]),
    .done_status(done_status[12 +: 4]),
    .req_valid(req_valid[2]), .req_ready(req_ready[2]), .req_addr(req_addr[32 +: 16]),
    .rsp_valid(rsp_valid[2]), .rsp_data(rsp_data[2*W +: W]), .rsp_exps(rsp_exps[32 +: 16]),
    .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr), .tx_data(tx_data),
    .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
    .tx_meta(tx_meta)
  );
  localparam BEAT = W + 16 + 16 + 3 + 16;
  wire [BEAT-1:0] tx_beat = {tx_addr, tx_exps, tx_first, tx_last, tx_empty, tx_meta,
                             tx_empty ? {W{1'b0}} : tx_data};
  assign rx_valid[0] = 1'b0;
  assign rx_first[3:0] = 4'd0;
  assign rx_count[3:0] = 4'd0;
  assign rx_signature[31:0] = 32'd0;
  assign rx_status[3:0] = 4'd0;
  assign tx_ready[0] = 1'b0;
  generate
    for (g = 1; g < N_CHIPLETS; g = g + 1) begin : g_peer
      localparam P = P_RX + g - 1;
      wire          pause = random_q[12 + 3*g +: 8] < noise;
      wire          loop_ready;
      wire          beat_valid;
      wire          beat_ready;
      reg           on_offer_q;  // an offered beat stays
      wire          offer = beat_valid && (on_offer_q || !pause);
      wire [15:0]   addr;
      wire [15:0]   exps;
      wire          first;
      wire          last;
      wire          empty;
      wire [15:0]   meta;
      wire [W-1:0]  data;
      assign tx_ready[g] = loop_ready && !pause;
      always @(posedge clk) on_offer_q <= !rst && offer && !beat_ready;
      fifo #(.WIDTH(BEAT), .DEPTH(3)) back (
        .clk(clk), .rst(rst), .s_valid(tx_valid[g] && !pause), .s_ready(loop_ready),
        .s_data(tx_beat), .m_valid(beat_valid), .m_ready(offer && beat_ready),
        .m_data({addr, exps, first, last, empty, meta, data})
      );
      assign req_we[P] = 1'b1;
      assign req_strb[P*BLOCK +: BLOCK] = {BLOCK{1'b1}};
      link_receiver #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) receiver (
        .clk(clk), .rst(rst), .rx_valid(offer), .rx_ready(beat_ready), .rx_addr(addr),
        .rx_data(data), .rx_exps(exps), .rx_first(first), .rx_last(last), .rx_empty(empty),
        .rx_meta(meta),
        .req_valid(req_valid[P]), .req_ready(req_ready[P]), .req_addr(req_addr[16*P +: 16]),
        .req_data(req_data[W*P +: W]), .req_exps(req_exps[16*P +: 16]),
        .done_valid(rx_valid[g]), .done_ready(rx_ready[g]), .done_first(rx_first[4*g +: 4]),
        .done_count(rx_count[4*g +: 4]), .done_signature(rx_signature[32*g +: 32]),
        .done_status(rx_status[4*g +: 4])
      );
      stream_checker #(.NAME("tx"), .WIDTH(BEAT)) tx_checker (
        .clk(clk), .rst(rst), .valid(tx_valid[g]), .ready(tx_ready[g]), .payload(tx_beat)
      );
    end
  endgenerate

  // Macros
  generate
    for (g = 0; g < N_MACROS; g = g + 1) begin : g_macro
      localparam A = P_MACRO + 2*g;
      localparam R = A + 1;
      localparam K = 4 + g;
      wire         lock_valid;
      wire [15:0]  lock_first;
      wire [15:0]  lock_last;
      wire         act_valid;
      wire         act_ready;
      wire [W-1:0] act_data;
      wire [7:0]   act_exp;
      wire [15:0]  act_set;
      wire         act_int4;
      wire [7:0]   act_rows;
      wire [7:0]   act_cols;
      wire         act_first;
      wire         act_preload;
      wire         act_last;
      wire         pre_valid;
      wire         pre_ready;
      wire [W-1:0] pre_data;
      wire         res_valid;
      wire         res_ready;
      wire [W-1:0] res_data;
      wire [2:0]   res_index;
      wire         res_last;
      assign act_take[g] = act_valid && act_ready;
      assign req_we[A] = 1'b0;
      assign req_data[A*W +: W] = {W{1'b0}};
      assign req_exps[A*16 +: 16] = 16'd0;
      assign req_strb[A*BLOCK +: BLOCK] = {BLOCK{1'b0}};
      assign req_exps[R*16 +: 16] = 16'd0;
      assign req_strb[R*BLOCK +: BLOCK] = {BLOCK{1'b1}};
      mac_sequencer #(.BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS)) sequencer (
        .clk(clk), .rst(rst), .cmd_valid(cmd_valid[K]), .cmd_ready(cmd_ready[K]),
        .cmd(cmd[256*K +: 256]), .done_valid(done_valid[K]),
        .done_signature(done_signature[32*K +: 32]), .done_status(done_status[4*K +: 4]),
        .act_req_valid(req_valid[A]), .act_req_ready(req_ready[A]),
        .act_req_addr(req_addr[16*A +: 16]), .act_rsp_valid(rsp_valid[A]),
        .act_rsp_data(rsp_data[W*A +: W]), .act_rsp_exps(rsp_exps[16*A +: 16]),
        .res_req_valid(req_valid[R]), .res_req_ready(req_ready[R]), .res_req_we(req_we[R]),
        .res_req_addr(req_addr[16*R +: 16]), .res_req_data(req_data[W*R +: W]),
        .res_rsp_valid(rsp_valid[R]), .res_rsp_data(rsp_data[W*R +: W]),
        .lock_valid(lock_valid), .lock_first(lock_first), .lock_last(lock_last),
        .act_valid(act_valid), .act_ready(act_ready), .act_data(act_data), .act_exp(act_exp),
        .act_set(act_set), .act_int4(act_int4), .act_rows(act_rows), .act_cols(act_cols),
        .act_first(act_first), .act_preload(act_preload), .act_last(act_last),
        .pre_valid(pre_valid), .pre_ready(pre_ready), .pre_data(pre_data),
        .res_valid(res_valid), .res_ready(res_ready), .res_data(res_data),
        .res_index(res_index), .res_last(res_last)
      );
      dimc_macro #(.ROWS(BLOCK), .COLS(BLOCK), .SETS(SETS), .TAG_BITS(1)) macro (
        .clk(clk), .rst(rst),
        .wr_valid(mw_valid && {28'd0, mw_macro} == g), .wr_ready(wr_ready[g]), .wr_row(mw_row),
        .wr_set({4'd0, mw_set}), .wr_index(mw_index), .wr_data(mw_data), .wr_exps(mw_exps),
        .wr_strb({BLOCK{1'b1}}), .wr_conflict(wr_conflict[g]),
        .lock_valid(lock_valid), .lock_first(lock_first), .lock_last(lock_last),
        .act_valid(act_valid), .act_ready(act_ready), .act_data(act_data), .act_exp(act_exp),
        .act_set(act_set), .act_int4(act_int4), .act_rows(act_rows), .act_cols(act_cols),
        .act_first(act_first), .act_preload(act_preload), .act_last(act_last), .act_tag(1'b0),
        .pre_valid(pre_valid), .pre_ready(pre_ready), .pre_data(pre_data),
        .res_valid(res_valid), .res_ready(res_ready), .res_data(res_data),
        .res_index(res_index), .res_last(res_last), .res_tag(),
        .clear(1'b0), .busy(), .seen_inf(), .seen_nan(), .count_vectors(), .count_conflicts(),
        .count_stalls()
      );
      stream_checker #(.NAME("act"), .WIDTH(W + 44)) act_checker (
        .clk(clk), .rst(rst), .valid(act_valid), .ready(act_ready),
        .payload({act_data, act_exp, act_set, act_int4, act_rows, act_cols, act_first,
                  act_preload, act_last})
      );
    end
  endgenerate

  // Engines' stash requests
  generate
    for (g = 1; g < N_PORTS; g = g + 1) begin : g_check
      if (g != 3 && g != 4) begin : g_engine
        stream_checker #(.NAME("stash request"), .WIDTH(17)) request_checker (
          .clk(clk), .rst(rst), .valid(req_valid[g]), .ready(req_ready[g]),
          .payload({req_we[g], req_addr[16*g +: 16]})
        );
      end
    end
  endgenerate
endmodule

`default_nettype wire
