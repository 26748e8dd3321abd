// SPDX-License-Identifier: Apache-2.0
//
// chiplet_tb: two chiplets with their memories and the link between them, for random command lists.
//
// `load` (a rising edge, in reset) reads memory<c>.hex and sram<c>.hex from the folder +folder=F;
//   `dump` (a rising edge) writes memory<c>.dump, stash<c>_<bank>.dump and weights<c>_<macro>.dump
//   (a column per line: exponents, then the weights from row 0 on) there. The core starts in SRAM.
// Each record of chiplet c comes with what its core shows as HOST_STATUS (which part of the script
//   it is in), and with the state of the queues: idle, and full (can take no command).
// +memory_base=B: the memories begin at beat B, a multiple of a page, and not at 0.
// Checkers watch what the engines ask of stash, macros and memory, and the way of the commands.
`default_nettype none

module chiplet_tb #(
  parameter N_MACROS = 2,
  parameter BLOCK = 16,
  parameter SETS = 96,
  parameter STASH_BEATS = 1024,
  parameter MEMORY_BEATS = 32768
) (
  input  wire         clk,
  input  wire         rst,
  input  wire         load,
  input  wire         dump,

  // how memories and link behave; may change at any time, the latency of the link in reset
  input  wire [15:0]  read_latency,
  input  wire [15:0]  write_latency,
  input  wire [8:0]   bandwidth,       // beats per 256 cycles
  input  wire [15:0]  link_latency,
  input  wire [31:0]  error_threshold,
  input  wire [31:0]  seed,

  // records, slice c of chiplet c
  output wire [1:0]   trace_valid,
  output wire [9:0]   trace_queue,
  output wire [7:0]   trace_opcode,
  output wire [31:0]  trace_sequence,
  output wire [63:0]  trace_signature,
  output wire [63:0]  host_status,
  output wire [63:0]  host_error,
  output wire [63:0]  host_error_info,
  output wire [31:0]  queue_busy,
  output wire [31:0]  queue_full,
  // the cycle before, for readers that come after the edge
  output reg  [31:0]  records,         // cycles in which there was a record
  output reg  [1:0]   last_valid,
  output reg  [9:0]   last_queue,
  output reg  [7:0]   last_opcode,
  output reg  [31:0]  last_sequence,
  output reg  [63:0]  last_signature,
  output reg  [63:0]  last_step,
  output reg  [31:0]  last_busy,
  output reg  [31:0]  last_full
);
  localparam N = 2;
  localparam DATA = 8 * BLOCK;
  localparam LANE = 4 * BLOCK + 16;
  localparam Q = 4 + N_MACROS;
  localparam OFFSET = $clog2(BLOCK);
  localparam [31:0] BEAT_SIZE = $clog2(BLOCK);
  localparam [7:0] DIGIT = "0";
  localparam BANKS = 16;

  reg [8*256-1:0] folder;
  initial begin
    if (!$value$plusargs("folder=%s", folder)) begin
      $display("chiplet_tb: no +folder=");
      $fatal;
    end
  end

  reg [31:0] memory_base;
  initial if (!$value$plusargs("memory_base=%d", memory_base)) memory_base = 32'd0;

  wire [LANE-1:0] lanes [0:N-1];

  always @(posedge clk) begin
    if (rst) records <= 32'd0;
    else if (trace_valid != 2'd0) begin
      records <= records + 32'd1;
      last_valid <= trace_valid;
      last_queue <= trace_queue;
      last_opcode <= trace_opcode;
      last_sequence <= trace_sequence;
      last_signature <= trace_signature;
      last_step <= host_status;
      last_busy <= queue_busy;
      last_full <= queue_full;
    end
  end

  genvar c, b, m;
  generate
    for (c = 0; c < N; c = c + 1) begin : g_chiplet
      localparam [7:0] NUMBER = DIGIT + c;
      wire            awvalid, awready, wvalid, wready, wlast, bvalid, bready;
      wire            arvalid, arready, rvalid, rready;
      wire [39:0]     awaddr, araddr;
      wire [31:0]     aw_beat = awaddr[OFFSET +: 32] - memory_base;
      wire [31:0]     ar_beat = araddr[OFFSET +: 32] - memory_base;
      wire [7:0]      awlen, arlen;
      wire [DATA-1:0] wdata, rdata;
      wire [1:0]      bresp, rresp;
      wire [3:0]      arid, rid;
      wire [N*LANE-1:0] lane_tx;
      wire [N*LANE-1:0] lane_rx;
      assign lanes[c] = lane_tx[LANE*(1-c) +: LANE];
      assign lane_rx[LANE*c +: LANE] = {LANE{1'b0}};

      chiplet #(
        .CHIPLET(c), .N_CHIPLETS(N), .N_MACROS(N_MACROS), .BLOCK(BLOCK), .SETS(SETS),
        .STASH_BEATS(STASH_BEATS)
      ) u_chiplet (
        .clk(clk), .rst(rst),
        .host_in_valid(1'b0), .host_in_data(32'd0), .host_in_pop(), .host_out_valid(),
        .host_out_ready(1'b0), .host_out_data(), .host_doorbell(1'b0),
        .host_status(host_status[32*c +: 32]), .host_error(host_error[32*c +: 32]),
        .host_error_info(host_error_info[32*c +: 32]),
        .m_axi_awvalid(awvalid), .m_axi_awready(awready), .m_axi_awaddr(awaddr),
        .m_axi_awlen(awlen), .m_axi_wvalid(wvalid), .m_axi_wready(wready), .m_axi_wdata(wdata),
        .m_axi_wlast(wlast), .m_axi_bvalid(bvalid), .m_axi_bready(bready), .m_axi_bresp(bresp),
        .m_axi_arvalid(arvalid), .m_axi_arready(arready), .m_axi_arid(arid),
        .m_axi_araddr(araddr), .m_axi_arlen(arlen), .m_axi_rvalid(rvalid), .m_axi_rready(rready),
        .m_axi_rid(rid), .m_axi_rdata(rdata), .m_axi_rresp(rresp),
        .lane_tx(lane_tx), .rx_clk({N{clk}}), .lane_rx(lane_rx),
        .trace_valid(trace_valid[c]), .trace_queue(trace_queue[5*c +: 5]),
        .trace_opcode(trace_opcode[4*c +: 4]), .trace_sequence(trace_sequence[16*c +: 16]),
        .trace_signature(trace_signature[32*c +: 32]),
        .engine_busy(queue_busy[16*c +: 16]), .link_replays(), .core_sleep()
      );
      assign queue_full[16*c +: 16] = {{(16-Q){1'b0}}, ~u_chiplet.u_dispatcher.queue_ready};

      wire engines_rst = rst || u_chiplet.unit_rst;
      stash_checker #(.PORTS(7 + 2 * N_MACROS + N), .STASH_BEATS(STASH_BEATS)) u_stash_checker (
        .clk(clk), .rst(engines_rst), .valid(u_chiplet.req_valid),
        .ready(u_chiplet.req_ready), .we(u_chiplet.req_we), .addr(u_chiplet.req_addr)
      );

      stream_checker #(.NAME("move to macros"), .WIDTH(25)) u_move_checker (
        .clk(clk), .rst(engines_rst), .valid(u_chiplet.move_mw_valid),
        .ready(u_chiplet.move_mw_ready),
        .payload({u_chiplet.move_mw_macro, u_chiplet.move_mw_row, u_chiplet.move_mw_set,
                  u_chiplet.move_mw_index})
      );
      stream_checker #(.NAME("dma to macros"), .WIDTH(24)) u_dma_checker (
        .clk(clk), .rst(engines_rst), .valid(u_chiplet.dma_mw_valid),
        .ready(u_chiplet.dma_mw_ready),
        .payload({u_chiplet.dma_mw_macro, u_chiplet.dma_mw_set, u_chiplet.dma_mw_index})
      );
      stream_checker #(.NAME("list"), .WIDTH(256)) u_list_checker (
        .clk(clk), .rst(engines_rst || u_chiplet.stop), .valid(u_chiplet.list_valid),
        .ready(u_chiplet.list_ready), .payload(u_chiplet.list_cmd)
      );
      stream_checker #(.NAME("front"), .WIDTH(256)) u_front_checker (
        .clk(clk), .rst(engines_rst), .valid(u_chiplet.front_valid),
        .ready(u_chiplet.front_ready), .payload(u_chiplet.front_cmd)
      );
      stream_checker #(.NAME("list reads"), .WIDTH(40)) u_fetch_checker (
        .clk(clk), .rst(rst), .valid(u_chiplet.rd_valid[0]), .ready(u_chiplet.rd_ready[0]),
        .payload({u_chiplet.rd_addr[31:0], u_chiplet.rd_beats[7:0]})
      );

      reg started_q;  // a list, in the cycle before
      always @(posedge clk) begin
        started_q <= u_chiplet.list_start && !engines_rst;
        if (started_q && !engines_rst && !u_chiplet.fetch_busy) begin
          $display("chiplet %0d: a list has started, and the fetcher is not busy", c);
          $fatal;
        end
        if (u_chiplet.stop && u_chiplet.cmd_valid != {Q{1'b0}} && !engines_rst) begin
          $display("chiplet %0d: a command is offered after an error", c);
          $fatal;
        end
      end

      link_channel #(.LANE_BITS(LANE)) u_channel (
        .clk(clk), .rst(rst), .latency(link_latency), .error_threshold(error_threshold),
        .seed(seed + c), .cut(1'b0), .lane_skew({LANE{1'b0}}), .lane_errors({4*LANE{1'b0}}),
        .lane_fault({LANE/4{1'b0}}), .burst_threshold(32'd0), .burst_length(16'd0),
        .burst_all(1'b0), .mute(1'b0), .probe(1'b0), .inject_enable(1'b0), .inject_phit(32'd0),
        .inject_bit(16'd0), .s_lanes(lanes[1-c]), .m_lanes(lane_rx[LANE*(1-c) +: LANE]),
        .count_flips(), .count_phits()
      );

      axi_memory #(
        .NAME({"mem", NUMBER}), .DATA_WIDTH(DATA), .ADDR_WIDTH(40), .ID_WIDTH(4),
        .DEPTH(MEMORY_BEATS)
      ) u_memory (
        .clk(clk), .rst(rst),
        .read_latency(read_latency), .write_latency(write_latency), .bandwidth(bandwidth),
        .s_axi_awvalid(awvalid), .s_axi_awready(awready), .s_axi_awid(4'd0),
        .s_axi_awaddr({awaddr[39:OFFSET+32], aw_beat, awaddr[OFFSET-1:0]}),
        .s_axi_awlen(awlen), .s_axi_awsize(BEAT_SIZE[2:0]),
        .s_axi_awburst(2'b01),
        .s_axi_wvalid(wvalid), .s_axi_wready(wready), .s_axi_wdata(wdata),
        .s_axi_wstrb({BLOCK{1'b1}}), .s_axi_wlast(wlast),
        .s_axi_bvalid(bvalid), .s_axi_bready(bready), .s_axi_bid(), .s_axi_bresp(bresp),
        .s_axi_arvalid(arvalid), .s_axi_arready(arready), .s_axi_arid(arid),
        .s_axi_araddr({araddr[39:OFFSET+32], ar_beat, araddr[OFFSET-1:0]}),
        .s_axi_arlen(arlen), .s_axi_arsize(BEAT_SIZE[2:0]),
        .s_axi_arburst(2'b01),
        .s_axi_rvalid(rvalid), .s_axi_rready(rready), .s_axi_rid(rid), .s_axi_rdata(rdata),
        .s_axi_rresp(rresp), .s_axi_rlast(),
        .backdoor_read(1'b0), .backdoor_write(1'b0), .backdoor_index(32'd0),
        .backdoor_wdata({DATA{1'b0}}), .backdoor_rdata(), .dump(1'b0),
        .beats_read(), .beats_written()
      );

      reg [8*300-1:0] name;
      always @(posedge load) begin
        $sformat(name, "%0s/memory%0d.hex", folder, c);
        $readmemh(name, u_memory.mem);
        $sformat(name, "%0s/sram%0d.hex", folder, c);
        $readmemh(name, u_chiplet.u_core_unit.u_memory.sram);
      end
      always @(posedge dump) begin
        $sformat(name, "%0s/memory%0d.dump", folder, c);
        $writememh(name, u_memory.mem);
      end
      for (b = 0; b < BANKS; b = b + 1) begin : g_bank
        reg [8*300-1:0] bank;
        always @(posedge dump) begin
          $sformat(bank, "%0s/stash%0d_%0d.dump", folder, c, b);
          $writememh(bank, u_chiplet.u_stash.g_bank[b].mem);
        end
      end
      for (m = 0; m < N_MACROS; m = m + 1) begin : g_macro
        reg [8*300-1:0] weights;
        integer file, i, k;
        always @(posedge dump) begin
          $sformat(weights, "%0s/weights%0d_%0d.dump", folder, c, m);
          file = $fopen(weights, "w");
          for (i = 0; i < SETS * BLOCK; i = i + 1) begin
            $fwrite(file, "%04x", u_chiplet.g_macro[m].u_macro.u_macro.g_behavioural.array.exps[i]);
            for (k = 0; k < BLOCK; k = k + 1) begin
              $fwrite(file, "%02x",
                      u_chiplet.g_macro[m].u_macro.u_macro.g_behavioural.array.mem[i][k]);
            end
            $fwrite(file, "\n");
          end
          $fclose(file);
        end
      end
    end
  endgenerate
endmodule

`default_nettype wire
