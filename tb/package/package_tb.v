// SPDX-License-Identifier: Apache-2.0
//
// package_tb: a package with its memories, its substrate channels and the record checker;
// everything that a test touches is a signal of this module.
`default_nettype none

module package_tb #(
  parameter N_CHIPLETS = 2,
  parameter N_MACROS = 2,
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter MEMORY_BEATS = 65536,
  parameter RECORDS = 1 << 20
) (
  input  wire        clk,
  input  wire        rst,
  output wire        irq,

  // host
  input  wire        s_axil_awvalid,
  output wire        s_axil_awready,
  input  wire [11:0] s_axil_awaddr,
  input  wire [2:0]  s_axil_awprot,
  input  wire        s_axil_wvalid,
  output wire        s_axil_wready,
  input  wire [31:0] s_axil_wdata,
  input  wire [3:0]  s_axil_wstrb,
  output wire        s_axil_bvalid,
  input  wire        s_axil_bready,
  output wire [1:0]  s_axil_bresp,
  input  wire        s_axil_arvalid,
  output wire        s_axil_arready,
  input  wire [11:0] s_axil_araddr,
  input  wire [2:0]  s_axil_arprot,
  output wire        s_axil_rvalid,
  input  wire        s_axil_rready,
  output wire [31:0] s_axil_rdata,
  output wire [1:0]  s_axil_rresp,

  // memory model settings
  input  wire [15:0] read_latency,
  input  wire [15:0] write_latency,
  input  wire [8:0]  bandwidth,

  // channel settings, as in tb/package/d2d_channel.v
  input  wire [15:0] latency,
  input  wire [31:0] error_threshold,
  input  wire [31:0] seed,
  input  wire        cut,
  input  wire        inject_enable,
  input  wire [31:0] inject_phit,
  input  wire [15:0] inject_bit,
  input  wire [7:0]  inject_index,
  input  wire [4:0]  skew,
  input  wire [31:0] burst_threshold,
  input  wire [15:0] burst_length,
  input  wire [1:0]  lane_fault,
  input  wire [7:0]  lane_fault_lane,
  input  wire [31:0] lane_fault_cycle,

  // fault injection in chiplet 0: in cycle flip_cycle, flip_target 1 turns over bit flip_bit of
  // stash beat flip_address, 2 the lowest bit of weight byte flip_address of macro 0
  input  wire [1:0]  flip_target,
  input  wire [31:0] flip_cycle,
  input  wire [31:0] flip_address,
  input  wire [15:0] flip_bit,

  // record checker
  input  wire        check_enable,
  output wire        failed,
  output wire [31:0] checked,
  output wire [31:0] mismatches,
  output wire [2:0]  failed_chiplet,
  output wire [4:0]  failed_queue,
  output wire [3:0]  failed_opcode,
  output wire [31:0] failed_number,
  output wire [31:0] failed_cycle,
  output wire [31:0] failed_signature,
  output wire [31:0] expected_signature,

  // observation
  output wire                     waves_over,
  output reg  [31:0]              cycle,
  output wire [16*N_CHIPLETS-1:0] engine_busy,
  output wire [32*N_CHIPLETS-1:0] link_replays,
  output wire [32*N_CHIPLETS-1:0] memory_reads,
  output wire [32*N_CHIPLETS-1:0] memory_writes,
  output wire [N_CHIPLETS-1:0]    core_sleep
);
  localparam DATA = 8 * BLOCK;
  localparam CHANNEL_BITS = 233;

  wire [N_CHIPLETS-1:0]      awvalid, awready, wvalid, wready, wlast, bvalid, bready;
  wire [40*N_CHIPLETS-1:0]   awaddr, araddr;
  wire [8*N_CHIPLETS-1:0]    awlen, arlen;
  wire [DATA*N_CHIPLETS-1:0] wdata, rdata;
  wire [2*N_CHIPLETS-1:0]    bresp, rresp;
  wire [N_CHIPLETS-1:0]      arvalid, arready, rvalid, rready;
  wire [4*N_CHIPLETS-1:0]    arid, rid;

  wire [N_CHIPLETS-1:0]    trace_valid;
  wire [5*N_CHIPLETS-1:0]  trace_queue;
  wire [4*N_CHIPLETS-1:0]  trace_opcode;
  wire [16*N_CHIPLETS-1:0] trace_sequence;
  wire [32*N_CHIPLETS-1:0] trace_signature;
  wire [N_CHIPLETS-1:0]    unit_rst;

  wire unused = &{1'b0, s_axil_awprot, s_axil_wstrb, s_axil_arprot};

  always @(posedge clk) cycle <= rst ? 32'd0 : cycle + 32'd1;

  tessera_package #(
    .N_CHIPLETS(N_CHIPLETS), .N_MACROS(N_MACROS), .BLOCK(BLOCK), .SETS(SETS),
    .STASH_BEATS(STASH_BEATS), .CHANNEL_BITS(CHANNEL_BITS)
  ) u_package (
    .clk(clk), .rst(rst), .irq(irq),
    .channel_control({lane_fault_cycle, lane_fault_lane, lane_fault, burst_length,
                      burst_threshold, skew, inject_index, inject_bit, inject_phit,
                      inject_enable, cut, seed, error_threshold, latency}),
    .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_awaddr(s_axil_awaddr),
    .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_wdata(s_axil_wdata),
    .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready), .s_axil_bresp(s_axil_bresp),
    .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_araddr(s_axil_araddr),
    .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready), .s_axil_rdata(s_axil_rdata),
    .s_axil_rresp(s_axil_rresp),
    .m_axi_awvalid(awvalid), .m_axi_awready(awready), .m_axi_awaddr(awaddr), .m_axi_awlen(awlen),
    .m_axi_wvalid(wvalid), .m_axi_wready(wready), .m_axi_wdata(wdata), .m_axi_wlast(wlast),
    .m_axi_bvalid(bvalid), .m_axi_bready(bready), .m_axi_bresp(bresp),
    .m_axi_arvalid(arvalid), .m_axi_arready(arready), .m_axi_arid(arid), .m_axi_araddr(araddr),
    .m_axi_arlen(arlen),
    .m_axi_rvalid(rvalid), .m_axi_rready(rready), .m_axi_rid(rid), .m_axi_rdata(rdata),
    .m_axi_rresp(rresp),
    .trace_valid(trace_valid), .trace_queue(trace_queue), .trace_opcode(trace_opcode),
    .trace_sequence(trace_sequence), .trace_signature(trace_signature),
    .engine_busy(engine_busy), .link_replays(link_replays), .core_sleep(core_sleep)
  );

  trace_checker #(.N_CHIPLETS(N_CHIPLETS), .DEPTH(RECORDS)) u_checker (
    .clk(clk), .rst(rst), .enable(check_enable), .cycle(cycle), .restart(unit_rst),
    .trace_valid(trace_valid), .trace_queue(trace_queue), .trace_opcode(trace_opcode),
    .trace_sequence(trace_sequence), .trace_signature(trace_signature),
    .checked(checked), .mismatches(mismatches), .failed(failed),
    .failed_chiplet(failed_chiplet), .failed_queue(failed_queue), .failed_opcode(failed_opcode),
    .failed_number(failed_number), .failed_cycle(failed_cycle), .failed_signature(failed_signature),
    .expected_signature(expected_signature)
  );

  // +activity=FILE
  reg [8*1024-1:0] activity_name;
  reg [31:0]       activity_file;
  initial begin
    activity_file = 32'd0;
    if ($value$plusargs("activity=%s", activity_name)) activity_file = $fopen(activity_name, "w");
  end
  genvar a;
  generate
    for (a = 0; a < N_CHIPLETS; a = a + 1) begin : g_activity
      assign unit_rst[a] = u_package.g_chiplet[a].u_chiplet.unit_rst;
      activity_trace #(.CHIPLET(a), .N_CHIPLETS(N_CHIPLETS), .Q(4 + N_MACROS)) u_activity (
        .clk(clk), .rst(unit_rst[a]), .file(activity_file),
        .cycle(cycle),
        .cmd_valid(u_package.g_chiplet[a].u_chiplet.cmd_valid),
        .cmd_ready(u_package.g_chiplet[a].u_chiplet.cmd_ready),
        .done_valid(u_package.g_chiplet[a].u_chiplet.done_valid),
        .waiting(u_package.g_chiplet[a].u_chiplet.u_dispatcher.waiting),
        .missing(u_package.g_chiplet[a].u_chiplet.u_dispatcher.missing),
        .arrived(u_package.g_chiplet[a].u_chiplet.rx_done_valid
                 & u_package.g_chiplet[a].u_chiplet.rx_done_ready),
        .idle(u_package.g_chiplet[a].u_chiplet.idle), .core_sleep(core_sleep[a]),
        .memory_reads(memory_reads[32*a +: 32]), .memory_writes(memory_writes[32*a +: 32]),
        .link_replays(link_replays[32*a +: 32])
      );
    end
  endgenerate

  localparam BANKS = 16;
  localparam [DATA+15:0] ONE = 1;
  wire flip = flip_target != 2'd0 && cycle == flip_cycle;
  genvar b;
  generate
    for (b = 0; b < BANKS; b = b + 1) begin : g_flip
      always @(posedge clk) begin
        if (flip && flip_target == 2'd1 && flip_address % BANKS == b) begin
          u_package.g_chiplet[0].u_chiplet.u_stash.g_bank[b].mem[flip_address / BANKS] <=
            u_package.g_chiplet[0].u_chiplet.u_stash.g_bank[b].mem[flip_address / BANKS]
            ^ (ONE << flip_bit);
        end
      end
    end
  endgenerate
  always @(posedge clk) begin
    if (flip && flip_target == 2'd2) begin
      u_package.g_chiplet[0].u_chiplet.g_macro[0].u_macro.u_macro
        .g_behavioural.array.mem[flip_address / BLOCK][flip_address % BLOCK] <=
        u_package.g_chiplet[0].u_chiplet.g_macro[0].u_macro.u_macro
        .g_behavioural.array.mem[flip_address / BLOCK][flip_address % BLOCK] ^ 8'd1;
    end
  end

  wave_window u_waves (.clk(clk), .cycle(cycle), .over(waves_over));

`ifdef CORE_DEBUG
  genvar w;
  genvar v;
  generate
    for (w = 0; w < N_CHIPLETS; w = w + 1) begin : g_names
      for (v = 0; v < 4 + N_MACROS; v = v + 1) begin : g_queue
        queue_names #(.QUEUE(v)) u_names (
          .clk(clk), .rst(unit_rst[w]),
          .cmd_valid(u_package.g_chiplet[w].u_chiplet.cmd_valid[v]),
          .cmd_ready(u_package.g_chiplet[w].u_chiplet.cmd_ready[v]),
          .cmd_opcode(u_package.g_chiplet[w].u_chiplet.cmd[256*v +: 4]),
          .done_valid(u_package.g_chiplet[w].u_chiplet.done_valid[v]),
          .waiting(u_package.g_chiplet[w].u_chiplet.u_dispatcher.waiting[v])
        );
      end
      for (v = 0; v < N_CHIPLETS; v = v + 1) begin : g_peer
        if (v != w) begin : g_link
          state_names u_names (
            .link_state(u_package.g_chiplet[w].u_chiplet.u_links.g_peer[v].g_link.u_link.state),
            .host_status(u_package.g_chiplet[w].u_chiplet.host_status)
          );
        end
      end
    end
  endgenerate
`endif

  // +preload=FOLDER: weights are in the macros before the first cycle. The file weights<c>_<m>.bin
  // of each macro holds entries of a column: number of set * BLOCK + column in 4 bytes, exponents
  // in 2, then BLOCK weights, all with the highest byte first (tb/package/preload.py).
  localparam ENTRY = 4 + 2 + BLOCK;
  genvar k;
  genvar n;
  generate
    for (k = 0; k < N_CHIPLETS; k = k + 1) begin : g_preload
      for (n = 0; n < N_MACROS; n = n + 1) begin : g_macro
        reg [8*1024-1:0] folder;
        reg [8*1024-1:0] path;
        reg [8*ENTRY-1:0] entry;
        integer file;
        integer got;
        integer r;
        initial if ($value$plusargs("preload=%s", folder)) begin
          $sformat(path, "%0s/weights%0d_%0d.bin", folder, k, n);
          file = $fopen(path, "rb");
          if (file == 0) begin
            $display("package_tb: cannot open %0s", path);
            $fatal;
          end
          got = $fread(entry, file);
          while (got == ENTRY) begin
            for (r = 0; r < BLOCK; r = r + 1) begin
              u_package.g_chiplet[k].u_chiplet.g_macro[n].u_macro.u_macro
                .g_behavioural.array.mem[entry[8*ENTRY-1 -: 32]][r] = entry[8*r +: 8];
            end
            u_package.g_chiplet[k].u_chiplet.g_macro[n].u_macro.u_macro
              .g_behavioural.array.exps[entry[8*ENTRY-1 -: 32]] = entry[8*BLOCK +: 16];
            got = $fread(entry, file);
          end
          $fclose(file);
        end
      end
    end
  endgenerate

  localparam [31:0] BEAT_SIZE = $clog2(BLOCK);
  localparam [7:0] DIGIT = "0";
  genvar c;
  generate
    for (c = 0; c < N_CHIPLETS; c = c + 1) begin : g_memory
      wire [3:0]      unused_bid;
      wire            unused_rlast;
      wire [DATA-1:0] unused_backdoor;
      localparam [7:0] NUMBER = DIGIT + c;
      axi_memory #(
        .NAME({"mem", NUMBER}), .DATA_WIDTH(DATA), .ADDR_WIDTH(40), .ID_WIDTH(4),
        .DEPTH(MEMORY_BEATS)
      ) u_memory (
        .clk(clk), .rst(rst),
        .read_latency(read_latency), .write_latency(write_latency), .bandwidth(bandwidth),
        .s_axi_awvalid(awvalid[c]), .s_axi_awready(awready[c]), .s_axi_awid(4'd0),
        .s_axi_awaddr(awaddr[40*c +: 40]), .s_axi_awlen(awlen[8*c +: 8]),
        .s_axi_awsize(BEAT_SIZE[2:0]), .s_axi_awburst(2'b01),
        .s_axi_wvalid(wvalid[c]), .s_axi_wready(wready[c]), .s_axi_wdata(wdata[DATA*c +: DATA]),
        .s_axi_wstrb({BLOCK{1'b1}}), .s_axi_wlast(wlast[c]),
        .s_axi_bvalid(bvalid[c]), .s_axi_bready(bready[c]), .s_axi_bid(unused_bid),
        .s_axi_bresp(bresp[2*c +: 2]),
        .s_axi_arvalid(arvalid[c]), .s_axi_arready(arready[c]), .s_axi_arid(arid[4*c +: 4]),
        .s_axi_araddr(araddr[40*c +: 40]), .s_axi_arlen(arlen[8*c +: 8]),
        .s_axi_arsize(BEAT_SIZE[2:0]), .s_axi_arburst(2'b01),
        .s_axi_rvalid(rvalid[c]), .s_axi_rready(rready[c]), .s_axi_rid(rid[4*c +: 4]),
        .s_axi_rdata(rdata[DATA*c +: DATA]), .s_axi_rresp(rresp[2*c +: 2]),
        .s_axi_rlast(unused_rlast),
        .backdoor_read(1'b0), .backdoor_write(1'b0), .backdoor_index(32'd0),
        .backdoor_wdata({DATA{1'b0}}), .backdoor_rdata(unused_backdoor), .dump(1'b0),
        .beats_read(memory_reads[32*c +: 32]), .beats_written(memory_writes[32*c +: 32])
      );
    end
  endgenerate
endmodule

`default_nettype wire
