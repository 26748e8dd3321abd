// SPDX-License-Identifier: Apache-2.0
//
// core_bus_tb: core_memory and core_registers as core_unit joins them, the test in place of the
// core. The stash window shares a stash with a port that aims at the same bank, in stash_stall of
// 256 cycles.
`default_nettype none

module core_bus_tb #(
  parameter BLOCK = 16,
  parameter SETS = 24,
  parameter STASH_BEATS = 256,
  parameter N_MACROS = 3,
  parameter N_CHIPLETS = 4,
  parameter N_COUNTERS = 11,
  parameter SRAM_WORDS = 1024
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire [7:0]               stash_stall,

  input  wire                     i_req_valid,
  output wire                     i_req_ready,
  input  wire [31:0]              i_req_addr,
  output wire                     i_rsp_valid,
  output wire [31:0]              i_rsp_data,
  output wire                     i_rsp_err,

  input  wire                     d_req_valid,
  output wire                     d_req_ready,
  input  wire                     d_req_we,
  input  wire [31:0]              d_req_addr,
  input  wire [31:0]              d_req_wdata,
  input  wire [3:0]               d_req_strb,
  output wire                     d_rsp_valid,
  output wire [31:0]              d_rsp_data,
  output wire                     d_rsp_err,

  input  wire [2:0]               chiplet_id,
  output wire                     irq_software,
  output wire                     irq_timer,
  output wire                     list_start,
  output wire [31:0]              list_address,
  output wire [31:0]              list_limit,
  output wire                     engine_reset,
  output wire                     notify_clear,
  output wire                     signature_clear,
  output wire [31:0]              watchdog,
  output wire [511:0]             base,
  output wire                     push_valid,
  input  wire                     push_ready,
  output wire [255:0]             push_cmd,
  input  wire                     list_busy,
  input  wire                     idle,
  input  wire                     resetting,
  input  wire [31:0]              notify_count,
  input  wire [31:0]              signature_sum,
  input  wire                     error_valid,
  input  wire [3:0]               error_code,
  input  wire [4:0]               error_queue,
  input  wire [4:0]               error_producer,
  input  wire [3:0]               error_opcode,
  input  wire [15:0]              error_sequence,
  output wire [2:0]               mtx_peer,
  output wire                     mtx_valid,
  input  wire                     mtx_ready,
  output wire [63:0]              mtx_data,
  input  wire                     mrx_valid,
  input  wire [2:0]               mrx_source,
  input  wire [63:0]              mrx_data,
  output wire                     mrx_pop,
  input  wire [7:0]               links_down,
  input  wire [7:0]               links_present,
  output wire [2:0]               link_peer,
  output wire [4:0]               link_index,
  output wire                     link_write,
  output wire [31:0]              link_wdata,
  input  wire [31:0]              link_rdata,  // of the cycle before
  input  wire                     host_in_valid,
  input  wire [31:0]              host_in_data,
  output wire                     host_in_pop,
  output wire                     host_out_valid,
  input  wire                     host_out_ready,
  output wire [31:0]              host_out_data,
  input  wire                     host_doorbell,
  output wire                     doorbell_pending,
  output wire [31:0]              host_status,
  output wire [31:0]              host_error,
  output wire [31:0]              host_error_info,
  input  wire [32*N_COUNTERS-1:0] counters
);
  localparam W = 8 * BLOCK;

  wire             reg_req_valid, reg_req_we;
  wire [11:0]      reg_req_addr;
  wire [31:0]      reg_req_wdata, reg_rsp_data;
  wire             stash_valid, stash_we;
  wire [15:0]      stash_addr;
  wire [W-1:0]     stash_data;
  wire [BLOCK-1:0] stash_strb;
  wire [1:0]       port_ready, port_rsp;
  wire [2*W-1:0]   port_data;
  wire [31:0]      unused_exps;

  core_memory #(
    .BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .SRAM_WORDS(SRAM_WORDS)
  ) u_memory (
    .clk(clk), .rst(rst),
    .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
    .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
    .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
    .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
    .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
    .reg_req_valid(reg_req_valid), .reg_req_we(reg_req_we), .reg_req_addr(reg_req_addr),
    .reg_req_wdata(reg_req_wdata), .reg_rsp_data(reg_rsp_data),
    .stash_req_valid(stash_valid), .stash_req_ready(port_ready[0]),
    .stash_req_we(stash_we), .stash_req_addr(stash_addr), .stash_req_data(stash_data),
    .stash_req_strb(stash_strb), .stash_rsp_valid(port_rsp[0]),
    .stash_rsp_data(port_data[W-1:0])
  );

  core_registers #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS),
    .N_CHIPLETS(N_CHIPLETS), .N_COUNTERS(N_COUNTERS)
  ) u_registers (
    .clk(clk), .rst(rst), .chiplet_id(chiplet_id),
    .req_valid(reg_req_valid), .req_we(reg_req_we), .req_addr(reg_req_addr),
    .req_wdata(reg_req_wdata), .rsp_data(reg_rsp_data),
    .irq_software(irq_software), .irq_timer(irq_timer),
    .list_start(list_start), .list_address(list_address), .list_limit(list_limit),
    .engine_reset(engine_reset), .notify_clear(notify_clear),
    .signature_clear(signature_clear), .watchdog(watchdog), .base(base),
    .push_valid(push_valid), .push_ready(push_ready), .push_cmd(push_cmd),
    .list_busy(list_busy), .idle(idle), .resetting(resetting), .notify_count(notify_count),
    .signature_sum(signature_sum), .error_valid(error_valid), .error_code(error_code),
    .error_queue(error_queue), .error_producer(error_producer), .error_opcode(error_opcode),
    .error_sequence(error_sequence),
    .mtx_peer(mtx_peer), .mtx_valid(mtx_valid), .mtx_ready(mtx_ready), .mtx_data(mtx_data),
    .mrx_valid(mrx_valid), .mrx_source(mrx_source), .mrx_data(mrx_data), .mrx_pop(mrx_pop),
    .links_down(links_down), .links_present(links_present),
    .link_peer(link_peer), .link_index(link_index), .link_write(link_write),
    .link_wdata(link_wdata), .link_rdata(link_rdata),
    .host_in_valid(host_in_valid), .host_in_data(host_in_data), .host_in_pop(host_in_pop),
    .host_out_valid(host_out_valid), .host_out_ready(host_out_ready),
    .host_out_data(host_out_data), .host_doorbell(host_doorbell),
    .doorbell_pending(doorbell_pending),
    .host_status(host_status), .host_error(host_error), .host_error_info(host_error_info),
    .counters(counters)
  );

  reg  [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? 32'd2463534242 : r2 ^ (r2 << 5);
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(2)) u_stash (
    .clk(clk), .rst(rst), .req_valid({random_q[7:0] < stash_stall && stash_valid, stash_valid}),
    .req_ready(port_ready), .req_we({1'b0, stash_we}), .req_addr({stash_addr, stash_addr}),
    .req_data({{W{1'b0}}, stash_data}), .req_exps(32'd0),
    .req_strb({{BLOCK{1'b1}}, stash_strb}), .rsp_valid(port_rsp), .rsp_data(port_data),
    .rsp_exps(unused_exps)
  );

  stream_checker #(.NAME("push"), .WIDTH(256)) check_push (
    .clk(clk), .rst(rst), .valid(push_valid), .ready(push_ready), .payload(push_cmd)
  );
  stream_checker #(.NAME("message"), .WIDTH(67)) check_message (
    .clk(clk), .rst(rst), .valid(mtx_valid), .ready(mtx_ready), .payload({mtx_peer, mtx_data})
  );
  stream_checker #(.NAME("host word"), .WIDTH(32)) check_host (
    .clk(clk), .rst(rst), .valid(host_out_valid), .ready(host_out_ready),
    .payload(host_out_data)
  );
  stream_checker #(.NAME("stash"), .WIDTH(W + BLOCK + 17)) check_stash (
    .clk(clk), .rst(rst), .valid(stash_valid), .ready(port_ready[0]),
    .payload({stash_we, stash_addr, stash_strb, stash_data})
  );
endmodule

`default_nettype wire
