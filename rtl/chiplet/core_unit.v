// SPDX-License-Identifier: Apache-2.0
//
// core_unit: the control core with its memories and registers.
//
// Contract: docs/chiplet.md. The ports are those of core_registers and of core_memory's stash
//   window.
// Interrupt lines of the core (irq_local): 0 NOTIFY_COUNT is not 0, 1 dispatcher error, 2
//   management message, 3 host word or doorbell, 4 engines idle. Levels; software masks them.
`default_nettype none

module core_unit #(
  parameter CHIPLET = 0,
  parameter N_CHIPLETS = 2,
  parameter N_MACROS = 2,
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter N_COUNTERS = 8
) (
  input  wire                     clk,
  input  wire                     rst,
  output wire                     core_sleep,

  // stash window
  output wire                     stash_req_valid,
  input  wire                     stash_req_ready,
  output wire                     stash_req_we,
  output wire [15:0]              stash_req_addr,
  output wire [8*BLOCK-1:0]       stash_req_data,
  output wire [BLOCK-1:0]         stash_req_strb,
  input  wire                     stash_rsp_valid,
  input  wire [8*BLOCK-1:0]       stash_rsp_data,

  // dispatcher and fetcher
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

  // management messages
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

  // host (chiplet 0)
  input  wire                     host_in_valid,
  input  wire [31:0]              host_in_data,
  output wire                     host_in_pop,
  output wire                     host_out_valid,
  input  wire                     host_out_ready,
  output wire [31:0]              host_out_data,
  input  wire                     host_doorbell,
  output wire [31:0]              host_status,
  output wire [31:0]              host_error,
  output wire [31:0]              host_error_info,

  input  wire [32*N_COUNTERS-1:0] counters
);
  localparam [31:0] ID_WORD = CHIPLET;

  wire        i_req_valid, i_req_ready, i_rsp_valid, i_rsp_err;
  wire [31:0] i_req_addr, i_rsp_data;
  wire        d_req_valid, d_req_ready, d_req_we, d_rsp_valid, d_rsp_err;
  wire [31:0] d_req_addr, d_req_wdata, d_rsp_data;
  wire [3:0]  d_req_strb;
  wire        reg_req_valid, reg_req_we;
  wire [11:0] reg_req_addr;
  wire [31:0] reg_req_wdata, reg_rsp_data;
  wire        irq_software, irq_timer;
  wire        doorbell_pending;

  core #(.RESET_PC(32'h0000_0000), .HART_ID(ID_WORD)) u_core (
    .clk(clk), .rst(rst),
    .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
    .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
    .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
    .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
    .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
    .irq_software(irq_software), .irq_timer(irq_timer), .irq_external(1'b0),
    .irq_local({11'd0, idle, host_in_valid || doorbell_pending, mrx_valid, error_valid,
                notify_count != 32'd0}),
    .core_sleep(core_sleep)
  );

  core_memory #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) u_memory (
    .clk(clk), .rst(rst),
    .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
    .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
    .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
    .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
    .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
    .reg_req_valid(reg_req_valid), .reg_req_we(reg_req_we), .reg_req_addr(reg_req_addr),
    .reg_req_wdata(reg_req_wdata), .reg_rsp_data(reg_rsp_data),
    .stash_req_valid(stash_req_valid), .stash_req_ready(stash_req_ready),
    .stash_req_we(stash_req_we), .stash_req_addr(stash_req_addr),
    .stash_req_data(stash_req_data), .stash_req_strb(stash_req_strb),
    .stash_rsp_valid(stash_rsp_valid), .stash_rsp_data(stash_rsp_data)
  );

  core_registers #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS),
    .N_CHIPLETS(N_CHIPLETS), .N_COUNTERS(N_COUNTERS)
  ) u_registers (
    .clk(clk), .rst(rst), .chiplet_id(ID_WORD[2:0]),
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
endmodule

`default_nettype wire
