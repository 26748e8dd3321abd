// SPDX-License-Identifier: Apache-2.0
//
// chiplet: control core, dispatcher, engines, macros, stash and links of one die.
// docs/architecture.md has the drawing.
//
// Contract: runs the firmware in its boot ROM and memory image; everything else is started by
//   commands.
// Handshake: AXI4 (one ID per reader: 0 list fetcher, 1 DMA), host words valid/ready, lanes and
//   trace without.
// engine_reset (a register) empties fetcher, queues, semaphores and engines; it lasts until no
// memory access is under way. Stash, weights, registers and core keep their state.
// Counters (COUNTER_SELECT): q cycles in which queue q holds a command, for each of the 4+N_MACROS
//   queues, then replays, link errors, beats sent, beats received.
// Parameters: rtl/package/configs.toml. Cost: STASH_BEATS x (BLOCK + 2) bytes of stash, per macro
//   SETS x BLOCK x (BLOCK + 2) bytes of weights, a link per peer, 72 KiB of core memory.
`default_nettype none

module chiplet #(
  parameter CHIPLET = 0,
  parameter N_CHIPLETS = 2,
  parameter N_MACROS = 2,
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384
) (
  input  wire                          clk,
  input  wire                          rst,

  // host words (chiplet 0)
  input  wire                          host_in_valid,
  input  wire [31:0]                   host_in_data,
  output wire                          host_in_pop,
  output wire                          host_out_valid,
  input  wire                          host_out_ready,
  output wire [31:0]                   host_out_data,
  input  wire                          host_doorbell,
  output wire [31:0]                   host_status,
  output wire [31:0]                   host_error,
  output wire [31:0]                   host_error_info,

  // memory
  output wire                          m_axi_awvalid,
  input  wire                          m_axi_awready,
  output wire [39:0]                   m_axi_awaddr,
  output wire [7:0]                    m_axi_awlen,
  output wire                          m_axi_wvalid,
  input  wire                          m_axi_wready,
  output wire [8*BLOCK-1:0]            m_axi_wdata,
  output wire                          m_axi_wlast,
  input  wire                          m_axi_bvalid,
  output wire                          m_axi_bready,
  input  wire [1:0]                    m_axi_bresp,
  output wire                          m_axi_arvalid,
  input  wire                          m_axi_arready,
  output wire [3:0]                    m_axi_arid,
  output wire [39:0]                   m_axi_araddr,
  output wire [7:0]                    m_axi_arlen,
  input  wire                          m_axi_rvalid,
  output wire                          m_axi_rready,
  input  wire [3:0]                    m_axi_rid,
  input  wire [8*BLOCK-1:0]            m_axi_rdata,
  input  wire [1:0]                    m_axi_rresp,

  // lanes to each chiplet
  output wire [(4*BLOCK+16)*N_CHIPLETS-1:0] lane_tx,
  input  wire [N_CHIPLETS-1:0]              rx_clk,   // with lane_rx
  input  wire [(4*BLOCK+16)*N_CHIPLETS-1:0] lane_rx,

  // completion records
  output wire                          trace_valid,
  output wire [4:0]                    trace_queue,
  output wire [3:0]                    trace_opcode,
  output wire [15:0]                   trace_sequence,
  output wire [31:0]                   trace_signature,

  // observation
  output wire [15:0]                   engine_busy,
  output wire [31:0]                   link_replays,
  output wire                          core_sleep
);
`include "commands.vh"

  generate
    if (BLOCK != 16 && BLOCK != 32 && BLOCK != 64) begin : g_block
      chiplet_BLOCK_must_be_16_32_or_64 rule ();
    end
    if (SETS < 2 || SETS > 4096) begin : g_sets
      chiplet_SETS_must_be_2_to_4096 rule ();
    end
    if (CHIPLET < 0 || CHIPLET >= N_CHIPLETS) begin : g_chiplet
      chiplet_CHIPLET_must_be_below_N_CHIPLETS rule ();
    end
  endgenerate

  localparam DATA = 8 * BLOCK;
  localparam Q = 4 + N_MACROS;
  localparam [31:0] ID_WORD = CHIPLET;
  localparam [2:0] ID = ID_WORD[2:0];
  localparam N_COUNTERS = Q + 4;

  // Stash ports, in the order of docs/architecture.md
  localparam P_CORE = 0, P_DMA = 1, P_MOVE = 2, P_SEND = 3, P_VE_A = 4, P_VE_B = 5, P_VE_D = 6,
             P_MACRO = 7, P_RX = P_MACRO + 2 * N_MACROS, N_PORTS = P_RX + N_CHIPLETS;
  wire [N_PORTS-1:0]       req_valid, req_ready, req_we, rsp_valid;
  wire [16*N_PORTS-1:0]    req_addr, req_exps, rsp_exps;
  wire [DATA*N_PORTS-1:0]  req_data, rsp_data;
  wire [BLOCK*N_PORTS-1:0] req_strb;

  // Not reset with the engines: DMA and core wait for the answers to their reads.
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(N_PORTS), .BANKS(16)) u_stash (
    .clk(clk), .rst(rst),
    .req_valid(req_valid), .req_ready(req_ready), .req_we(req_we), .req_addr(req_addr),
    .req_data(req_data), .req_exps(req_exps), .req_strb(req_strb),
    .rsp_valid(rsp_valid), .rsp_data(rsp_data), .rsp_exps(rsp_exps)
  );
  wire unused_rsp = &{1'b0, rsp_data, rsp_exps};  // ports that only write, or read fp32 only

  // Engine reset: at least RESET_CYCLES, and until fetcher and DMA have drained.
  localparam [4:0] RESET_CYCLES = 5'd16;
  wire       engine_reset;
  wire       fetch_busy, dma_busy;
  reg        resetting_q;
  reg  [4:0] reset_count_q;
  wire       engine_rst = resetting_q;
  always @(posedge clk) begin
    if (rst) begin
      resetting_q <= 1'b0;
    end else if (engine_reset) begin
      resetting_q <= 1'b1;
      reset_count_q <= RESET_CYCLES;
    end else if (resetting_q) begin
      if (reset_count_q != 5'd0) reset_count_q <= reset_count_q - 5'd1;
      else resetting_q <= fetch_busy || dma_busy;
    end
  end
  wire unit_rst = rst || engine_rst;

  // Control core
  wire         list_start, notify_clear, signature_clear, push_valid, push_ready;
  wire [31:0]  list_address, list_limit, watchdog, signature_sum;
  wire [511:0] base;
  wire [255:0] push_cmd;
  wire         notify, error_valid, stop;
  wire [3:0]   error_code, error_opcode;
  wire [4:0]   error_queue, error_producer;
  wire [15:0]  error_sequence;
  wire [2:0]   mtx_peer, mrx_source, link_peer;
  wire [4:0]   link_index;
  wire         link_write;
  wire [31:0]  link_wdata, link_rdata;
  wire         mtx_valid, mtx_ready, mrx_valid, mrx_pop;
  wire [63:0]  mtx_data, mrx_data;
  wire [N_CHIPLETS-1:0] down;
  wire [31:0]  link_errors, beats_sent, beats_received;
  wire         front_valid, front_ready;
  wire [255:0] front_cmd;
  wire [Q-1:0] queue_idle;
  reg  [31:0]  notify_count_q;
  reg  [32*Q-1:0] busy_count_q;
  localparam [7:0] ALL_CHIPLETS = (8'd1 << N_CHIPLETS) - 8'd1;

  wire [15:0] links_down = {{(16-N_CHIPLETS){1'b0}}, down};
  wire unused_down = &{1'b0, links_down[15:8]};

  wire list_busy = fetch_busy || list_start;
  wire idle = !list_busy && !push_valid && !front_valid && (&queue_idle) && !engine_rst;

  always @(posedge clk) begin
    if (rst || notify_clear) notify_count_q <= 32'd0;
    else notify_count_q <= notify_count_q + {31'd0, notify};
  end

  core_unit #(
    .CHIPLET(CHIPLET), .N_CHIPLETS(N_CHIPLETS), .N_MACROS(N_MACROS), .BLOCK(BLOCK), .SETS(SETS),
    .STASH_BEATS(STASH_BEATS), .N_COUNTERS(N_COUNTERS)
  ) u_core_unit (
    .clk(clk), .rst(rst), .core_sleep(core_sleep),
    .stash_req_valid(req_valid[P_CORE]), .stash_req_ready(req_ready[P_CORE]),
    .stash_req_we(req_we[P_CORE]), .stash_req_addr(req_addr[16*P_CORE +: 16]),
    .stash_req_data(req_data[DATA*P_CORE +: DATA]),
    .stash_req_strb(req_strb[BLOCK*P_CORE +: BLOCK]),
    .stash_rsp_valid(rsp_valid[P_CORE]), .stash_rsp_data(rsp_data[DATA*P_CORE +: DATA]),
    .list_start(list_start), .list_address(list_address), .list_limit(list_limit),
    .engine_reset(engine_reset), .notify_clear(notify_clear),
    .signature_clear(signature_clear), .watchdog(watchdog), .base(base),
    .push_valid(push_valid), .push_ready(push_ready), .push_cmd(push_cmd),
    .list_busy(list_busy), .idle(idle), .resetting(engine_rst || engine_reset),
    .notify_count(notify_count_q), .signature_sum(signature_sum),
    .error_valid(error_valid), .error_code(error_code), .error_queue(error_queue),
    .error_producer(error_producer), .error_opcode(error_opcode),
    .error_sequence(error_sequence),
    .mtx_peer(mtx_peer), .mtx_valid(mtx_valid), .mtx_ready(mtx_ready), .mtx_data(mtx_data),
    .mrx_valid(mrx_valid), .mrx_source(mrx_source), .mrx_data(mrx_data), .mrx_pop(mrx_pop),
    .links_down(links_down[7:0]), .links_present(ALL_CHIPLETS & ~(8'd1 << ID)),
    .link_peer(link_peer), .link_index(link_index), .link_write(link_write),
    .link_wdata(link_wdata), .link_rdata(link_rdata),
    .host_in_valid(host_in_valid), .host_in_data(host_in_data), .host_in_pop(host_in_pop),
    .host_out_valid(host_out_valid), .host_out_ready(host_out_ready),
    .host_out_data(host_out_data), .host_doorbell(host_doorbell),
    .host_status(host_status), .host_error(host_error), .host_error_info(host_error_info),
    .counters({beats_received, beats_sent, link_errors, link_replays, busy_count_q})
  );
  assign req_exps[16*P_CORE +: 16] = 16'd0;

  // Command lists
  wire [1:0]      rd_valid, rd_ready, rd_rsp_valid, rd_rsp_ready;
  wire [63:0]     rd_addr;
  wire [15:0]     rd_beats;
  wire [DATA-1:0] rd_rsp_data;
  wire            rd_rsp_err;
  wire            list_valid, list_ready, fetch_error;
  wire [255:0]    list_cmd;
  wire [3:0]      fetch_error_code;

  memory_port #(.BLOCK(BLOCK), .CLIENTS(2)) u_memory_port (
    .clk(clk), .rst(rst),
    .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr), .rd_beats(rd_beats),
    .rsp_valid(rd_rsp_valid), .rsp_ready(rd_rsp_ready), .rsp_data(rd_rsp_data),
    .rsp_err(rd_rsp_err),
    .m_axi_arvalid(m_axi_arvalid), .m_axi_arready(m_axi_arready), .m_axi_arid(m_axi_arid),
    .m_axi_araddr(m_axi_araddr), .m_axi_arlen(m_axi_arlen),
    .m_axi_rvalid(m_axi_rvalid), .m_axi_rready(m_axi_rready), .m_axi_rid(m_axi_rid),
    .m_axi_rdata(m_axi_rdata), .m_axi_rresp(m_axi_rresp)
  );

  list_fetcher #(.BLOCK(BLOCK)) u_fetcher (
    .clk(clk), .rst(rst), .start(list_start), .address(list_address), .max_beats(list_limit),
    .cancel(engine_rst), .busy(fetch_busy),
    .rd_valid(rd_valid[0]), .rd_ready(rd_ready[0]), .rd_addr(rd_addr[31:0]),
    .rd_beats(rd_beats[7:0]), .rsp_valid(rd_rsp_valid[0]), .rsp_ready(rd_rsp_ready[0]),
    .rsp_data(rd_rsp_data), .rsp_err(rd_rsp_err),
    .m_valid(list_valid), .m_ready(list_ready), .m_cmd(list_cmd),
    .error_valid(fetch_error), .error_code(fetch_error_code)
  );

  command_front u_front (
    .clk(clk), .rst(unit_rst), .base(base),
    .list_valid(list_valid), .list_ready(list_ready), .list_cmd(list_cmd),
    .push_valid(push_valid), .push_ready(push_ready), .push_cmd(push_cmd),
    .m_valid(front_valid), .m_ready(front_ready), .m_cmd(front_cmd)
  );

  // Dispatcher
  wire [Q-1:0]     cmd_valid, cmd_ready, done_valid;
  wire [256*Q-1:0] cmd;
  wire [32*Q-1:0]  done_signature;
  wire [4*Q-1:0]   done_status;
  wire [N_CHIPLETS-1:0]    rx_done_valid, rx_done_ready;
  wire [4*N_CHIPLETS-1:0]  rx_first, rx_count, rx_status;
  wire [32*N_CHIPLETS-1:0] rx_signature;

  // A link that goes down is an error of the lowest peer concerned.
  reg  [N_CHIPLETS-1:0] down_q;
  wire [N_CHIPLETS-1:0] fell = down & ~down_q;
  reg  [4:0] fell_queue;
  integer i;
  always @* begin
    fell_queue = PRODUCER_PEER0;
    for (i = N_CHIPLETS - 1; i >= 0; i = i - 1) begin
      if (fell[i]) fell_queue = {2'b10, i[2:0]};
    end
  end
  always @(posedge clk) down_q <= unit_rst ? {N_CHIPLETS{1'b0}} : down;

  dispatcher #(.N_MACROS(N_MACROS), .N_CHIPLETS(N_CHIPLETS)) u_dispatcher (
    .clk(clk), .rst(unit_rst), .chiplet_id(ID), .watchdog_limit(watchdog),
    .list_busy(list_busy),
    .s_cmd_valid(front_valid), .s_cmd_ready(front_ready), .s_cmd(front_cmd),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd),
    .done_valid(done_valid), .done_signature(done_signature), .done_status(done_status),
    .rx_valid(rx_done_valid), .rx_ready(rx_done_ready), .rx_first(rx_first),
    .rx_count(rx_count), .rx_signature(rx_signature), .rx_status(rx_status),
    .trace_valid(trace_valid), .trace_queue(trace_queue), .trace_opcode(trace_opcode),
    .trace_sequence(trace_sequence), .trace_signature(trace_signature),
    .notify(notify), .signature_clear(signature_clear), .signature_sum(signature_sum),
    .ext_error_valid(fetch_error || (|fell)),
    .ext_error_code(fetch_error ? fetch_error_code : ERROR_LINK),
    .ext_error_queue(fetch_error ? 5'd31 : fell_queue),
    .queue_idle(queue_idle), .stop(stop),
    .error_valid(error_valid), .error_code(error_code), .error_queue(error_queue),
    .error_producer(error_producer), .error_opcode(error_opcode),
    .error_sequence(error_sequence)
  );
  wire unused_stop = stop;  // the same as error_valid

  wire [31:0] busy_queues = {{(32-Q){1'b0}}, ~queue_idle};
  wire unused_busy = &{1'b0, busy_queues[31:16]};
  assign engine_busy = busy_queues[15:0];
  always @(posedge clk) begin
    if (rst) busy_count_q <= {32*Q{1'b0}};
    else begin
      for (i = 0; i < Q; i = i + 1) begin
        if (!queue_idle[i]) busy_count_q[32*i +: 32] <= busy_count_q[32*i +: 32] + 32'd1;
      end
    end
  end

  // Vector engine
  wire        unused_nonfinite;
  wire [31:0] unused_ve_busy, unused_ve_a, unused_ve_b, unused_ve_d;
  vector_engine #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .FN_CYCLES(2)) u_vector (
    .clk(clk), .rst(unit_rst),
    .cmd_valid(cmd_valid[QUEUE_VE]), .cmd_ready(cmd_ready[QUEUE_VE]),
    .cmd(cmd[256*QUEUE_VE +: 256]),
    .done_valid(done_valid[QUEUE_VE]), .done_signature(done_signature[32*QUEUE_VE +: 32]),
    .done_status(done_status[4*QUEUE_VE +: 4]),
    .a_req_valid(req_valid[P_VE_A]), .a_req_ready(req_ready[P_VE_A]),
    .a_req_addr(req_addr[16*P_VE_A +: 16]),
    .a_rsp_valid(rsp_valid[P_VE_A]), .a_rsp_data(rsp_data[DATA*P_VE_A +: DATA]),
    .a_rsp_exps(rsp_exps[16*P_VE_A +: 16]),
    .b_req_valid(req_valid[P_VE_B]), .b_req_ready(req_ready[P_VE_B]),
    .b_req_addr(req_addr[16*P_VE_B +: 16]),
    .b_rsp_valid(rsp_valid[P_VE_B]), .b_rsp_data(rsp_data[DATA*P_VE_B +: DATA]),
    .b_rsp_exps(rsp_exps[16*P_VE_B +: 16]),
    .d_req_valid(req_valid[P_VE_D]), .d_req_ready(req_ready[P_VE_D]),
    .d_req_addr(req_addr[16*P_VE_D +: 16]), .d_req_data(req_data[DATA*P_VE_D +: DATA]),
    .d_req_exps(req_exps[16*P_VE_D +: 16]),
    .sticky_nonfinite(unused_nonfinite), .count_busy(unused_ve_busy),
    .count_stall_a(unused_ve_a), .count_stall_b(unused_ve_b), .count_stall_d(unused_ve_d)
  );
  assign req_we[P_VE_D:P_VE_A] = 3'b100;
  assign req_strb[BLOCK*P_VE_A +: 3*BLOCK] = {3*BLOCK{1'b1}};
  assign req_data[DATA*P_VE_A +: 2*DATA] = {2*DATA{1'b0}};
  assign req_exps[16*P_VE_A +: 32] = 32'd0;

  // DMA
  wire            dma_mw_valid, dma_mw_ready, dma_mw_conflict;
  wire [3:0]      dma_mw_macro;
  wire [11:0]     dma_mw_set;
  wire [7:0]      dma_mw_index;
  wire [DATA-1:0] dma_mw_data;
  wire [15:0]     dma_mw_exps;
  dma #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS)
  ) u_dma (
    .clk(clk), .rst(rst), .cancel(engine_rst), .busy(dma_busy),
    .cmd_valid(cmd_valid[QUEUE_DMA] && !engine_rst), .cmd_ready(cmd_ready[QUEUE_DMA]),
    .cmd(cmd[256*QUEUE_DMA +: 256]),
    .done_valid(done_valid[QUEUE_DMA]), .done_signature(done_signature[32*QUEUE_DMA +: 32]),
    .done_status(done_status[4*QUEUE_DMA +: 4]),
    .rd_valid(rd_valid[1]), .rd_ready(rd_ready[1]), .rd_addr(rd_addr[63:32]),
    .rd_beats(rd_beats[15:8]), .rsp_valid(rd_rsp_valid[1]), .rsp_ready(rd_rsp_ready[1]),
    .rsp_data(rd_rsp_data), .rsp_err(rd_rsp_err),
    .m_axi_awvalid(m_axi_awvalid), .m_axi_awready(m_axi_awready), .m_axi_awaddr(m_axi_awaddr),
    .m_axi_awlen(m_axi_awlen), .m_axi_wvalid(m_axi_wvalid), .m_axi_wready(m_axi_wready),
    .m_axi_wdata(m_axi_wdata), .m_axi_wlast(m_axi_wlast), .m_axi_bvalid(m_axi_bvalid),
    .m_axi_bready(m_axi_bready), .m_axi_bresp(m_axi_bresp),
    .stash_req_valid(req_valid[P_DMA]), .stash_req_ready(req_ready[P_DMA]),
    .stash_req_we(req_we[P_DMA]), .stash_req_addr(req_addr[16*P_DMA +: 16]),
    .stash_req_data(req_data[DATA*P_DMA +: DATA]),
    .stash_req_exps(req_exps[16*P_DMA +: 16]),
    .stash_rsp_valid(rsp_valid[P_DMA]), .stash_rsp_data(rsp_data[DATA*P_DMA +: DATA]),
    .stash_rsp_exps(rsp_exps[16*P_DMA +: 16]),
    .mw_valid(dma_mw_valid), .mw_ready(dma_mw_ready), .mw_macro(dma_mw_macro),
    .mw_set(dma_mw_set), .mw_index(dma_mw_index), .mw_data(dma_mw_data),
    .mw_exps(dma_mw_exps), .mw_conflict(dma_mw_conflict)
  );
  assign req_strb[BLOCK*P_DMA +: BLOCK] = {BLOCK{1'b1}};

  // MOVE
  wire            move_mw_valid, move_mw_ready, move_mw_row, move_mw_conflict;
  wire [3:0]      move_mw_macro;
  wire [11:0]     move_mw_set;
  wire [7:0]      move_mw_index;
  wire [DATA-1:0] move_mw_data;
  wire [15:0]     move_mw_exps;
  move_engine #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS)
  ) u_move (
    .clk(clk), .rst(unit_rst),
    .cmd_valid(cmd_valid[QUEUE_MOVE]), .cmd_ready(cmd_ready[QUEUE_MOVE]),
    .cmd(cmd[256*QUEUE_MOVE +: 256]),
    .done_valid(done_valid[QUEUE_MOVE]), .done_signature(done_signature[32*QUEUE_MOVE +: 32]),
    .done_status(done_status[4*QUEUE_MOVE +: 4]),
    .req_valid(req_valid[P_MOVE]), .req_ready(req_ready[P_MOVE]), .req_we(req_we[P_MOVE]),
    .req_addr(req_addr[16*P_MOVE +: 16]), .req_data(req_data[DATA*P_MOVE +: DATA]),
    .req_exps(req_exps[16*P_MOVE +: 16]), .req_strb(req_strb[BLOCK*P_MOVE +: BLOCK]),
    .rsp_valid(rsp_valid[P_MOVE]), .rsp_data(rsp_data[DATA*P_MOVE +: DATA]),
    .rsp_exps(rsp_exps[16*P_MOVE +: 16]),
    .mw_valid(move_mw_valid), .mw_ready(move_mw_ready), .mw_macro(move_mw_macro),
    .mw_row(move_mw_row), .mw_set(move_mw_set), .mw_index(move_mw_index),
    .mw_data(move_mw_data), .mw_exps(move_mw_exps), .mw_conflict(move_mw_conflict)
  );

  // SEND and links
  wire [N_CHIPLETS-1:0] tx_valid, tx_ready;
  wire [15:0]           tx_addr, tx_exps, tx_meta;
  wire [DATA-1:0]       tx_data;
  wire                  tx_first, tx_last, tx_empty;
  send_engine #(
    .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_CHIPLETS(N_CHIPLETS), .N_QUEUES(Q)
  ) u_send (
    .clk(clk), .rst(unit_rst), .chiplet_id(ID),
    .cmd_valid(cmd_valid[QUEUE_SEND]), .cmd_ready(cmd_ready[QUEUE_SEND]),
    .cmd(cmd[256*QUEUE_SEND +: 256]),
    .done_valid(done_valid[QUEUE_SEND]), .done_signature(done_signature[32*QUEUE_SEND +: 32]),
    .done_status(done_status[4*QUEUE_SEND +: 4]),
    .req_valid(req_valid[P_SEND]), .req_ready(req_ready[P_SEND]),
    .req_addr(req_addr[16*P_SEND +: 16]), .rsp_valid(rsp_valid[P_SEND]),
    .rsp_data(rsp_data[DATA*P_SEND +: DATA]), .rsp_exps(rsp_exps[16*P_SEND +: 16]),
    .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr), .tx_data(tx_data),
    .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
    .tx_meta(tx_meta)
  );
  assign req_we[P_SEND] = 1'b0;
  assign req_strb[BLOCK*P_SEND +: BLOCK] = {BLOCK{1'b1}};
  assign req_data[DATA*P_SEND +: DATA] = {DATA{1'b0}};
  assign req_exps[16*P_SEND +: 16] = 16'd0;

  link_unit #(
    .CHIPLET(CHIPLET), .N_CHIPLETS(N_CHIPLETS), .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)
  ) u_links (
    .clk(clk), .rst(rst), .engine_rst(engine_rst), .link_clear(engine_reset),
    .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_addr(tx_addr), .tx_data(tx_data),
    .tx_exps(tx_exps), .tx_first(tx_first), .tx_last(tx_last), .tx_empty(tx_empty),
    .tx_meta(tx_meta),
    .req_valid(req_valid[P_RX +: N_CHIPLETS]), .req_ready(req_ready[P_RX +: N_CHIPLETS]),
    .req_addr(req_addr[16*P_RX +: 16*N_CHIPLETS]),
    .req_data(req_data[DATA*P_RX +: DATA*N_CHIPLETS]),
    .req_exps(req_exps[16*P_RX +: 16*N_CHIPLETS]),
    .done_valid(rx_done_valid), .done_ready(rx_done_ready), .done_first(rx_first),
    .done_count(rx_count), .done_signature(rx_signature), .done_status(rx_status),
    .mtx_peer(mtx_peer), .mtx_valid(mtx_valid), .mtx_ready(mtx_ready), .mtx_data(mtx_data),
    .mrx_valid(mrx_valid), .mrx_pop(mrx_pop), .mrx_source(mrx_source), .mrx_data(mrx_data),
    .lane_tx(lane_tx), .rx_clk(rx_clk), .lane_rx(lane_rx),
    .reg_peer(link_peer), .reg_index(link_index), .reg_rdata(link_rdata),
    .reg_write(link_write), .reg_wdata(link_wdata),
    .down(down), .replays(link_replays), .errors(link_errors),
    .beats_sent(beats_sent), .beats_received(beats_received)
  );
  assign req_we[P_RX +: N_CHIPLETS] = {N_CHIPLETS{1'b1}};
  assign req_strb[BLOCK*P_RX +: BLOCK*N_CHIPLETS] = {BLOCK*N_CHIPLETS{1'b1}};

  // Macros; writes come from MOVE and DMA.
  wire [N_MACROS-1:0] macro_move_ready, macro_dma_ready, macro_move_conflict, macro_dma_conflict;
  assign move_mw_ready = |macro_move_ready;
  assign dma_mw_ready = |macro_dma_ready;
  assign move_mw_conflict = |macro_move_conflict;
  assign dma_mw_conflict = |macro_dma_conflict;

  genvar m;
  generate
    for (m = 0; m < N_MACROS; m = m + 1) begin : g_macro
      localparam PA = P_MACRO + 2 * m;
      localparam PR = PA + 1;
      localparam QM = QUEUE_MACRO0 + m;
      macro_unit #(.BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS)) u_macro (
        .clk(clk), .rst(unit_rst),
        .cmd_valid(cmd_valid[QM]), .cmd_ready(cmd_ready[QM]), .cmd(cmd[256*QM +: 256]),
        .done_valid(done_valid[QM]), .done_signature(done_signature[32*QM +: 32]),
        .done_status(done_status[4*QM +: 4]),
        .a_req_valid(req_valid[PA]), .a_req_ready(req_ready[PA]),
        .a_req_addr(req_addr[16*PA +: 16]), .a_rsp_valid(rsp_valid[PA]),
        .a_rsp_data(rsp_data[DATA*PA +: DATA]), .a_rsp_exps(rsp_exps[16*PA +: 16]),
        .r_req_valid(req_valid[PR]), .r_req_ready(req_ready[PR]), .r_req_we(req_we[PR]),
        .r_req_addr(req_addr[16*PR +: 16]), .r_req_data(req_data[DATA*PR +: DATA]),
        .r_req_exps(req_exps[16*PR +: 16]), .r_rsp_valid(rsp_valid[PR]),
        .r_rsp_data(rsp_data[DATA*PR +: DATA]),
        .move_valid(move_mw_valid && move_mw_macro == m), .move_ready(macro_move_ready[m]),
        .move_row(move_mw_row), .move_set(move_mw_set), .move_index(move_mw_index),
        .move_data(move_mw_data), .move_exps(move_mw_exps),
        .move_conflict(macro_move_conflict[m]),
        .dma_valid(dma_mw_valid && dma_mw_macro == m), .dma_ready(macro_dma_ready[m]),
        .dma_set(dma_mw_set), .dma_index(dma_mw_index), .dma_data(dma_mw_data),
        .dma_exps(dma_mw_exps), .dma_conflict(macro_dma_conflict[m])
      );
      assign req_we[PA] = 1'b0;
      assign req_strb[BLOCK*PA +: 2*BLOCK] = {2*BLOCK{1'b1}};
      assign req_data[DATA*PA +: DATA] = {DATA{1'b0}};
      assign req_exps[16*PA +: 16] = 16'd0;
    end
  endgenerate
endmodule

`default_nettype wire
