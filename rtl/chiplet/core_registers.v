// SPDX-License-Identifier: Apache-2.0
//
// core_registers: the control core's register file of the chiplet (rtl/chiplet/registers.rdl).
//
// Contract: one 32-bit access at a time; every access is answered in the next cycle; an address
//   without a register reads 0 and ignores writes. Pulses (list_start, push, pops) last one cycle.
//   The pops come with the write itself, so that the next access sees the next word.
// Handshake: valid without ready: the register file is always ready.
// Latency: 1 cycle. Cost: 16 base registers, an 8-word command register, a read multiplexer.
`default_nettype none

module core_registers #(
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter N_MACROS = 2,
  parameter N_CHIPLETS = 2,
  parameter N_COUNTERS = 8
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire [2:0]               chiplet_id,

  // core's access
  input  wire                     req_valid,
  input  wire                     req_we,
  input  wire [11:0]              req_addr,
  input  wire [31:0]              req_wdata,
  output reg  [31:0]              rsp_data,

  // interrupts to the core
  output wire                     irq_software,
  output wire                     irq_timer,

  // dispatcher and fetcher
  output reg                      list_start,
  output wire [31:0]              list_address,
  output wire [31:0]              list_limit,
  output reg                      engine_reset,
  output reg                      notify_clear,
  output reg                      signature_clear,
  output wire [31:0]              watchdog,
  output wire [511:0]             base,
  output reg                      push_valid,
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
  output reg                      mtx_valid,
  input  wire                     mtx_ready,
  output wire [63:0]              mtx_data,
  input  wire                     mrx_valid,
  input  wire [2:0]               mrx_source,
  input  wire [63:0]              mrx_data,
  output wire                     mrx_pop,
  input  wire [7:0]               links_down,
  input  wire [7:0]               links_present,

  // registers of the links
  output wire [2:0]               link_peer,
  output wire [4:0]               link_index,
  output wire                     link_write,
  output wire [31:0]              link_wdata,
  input  wire [31:0]              link_rdata,  // of the cycle before

  // host (chiplet 0)
  input  wire                     host_in_valid,
  input  wire [31:0]              host_in_data,
  output wire                     host_in_pop,
  output reg                      host_out_valid,
  input  wire                     host_out_ready,
  output wire [31:0]              host_out_data,
  input  wire                     host_doorbell,  // pulse
  output wire                     doorbell_pending,
  output wire [31:0]              host_status,
  output wire [31:0]              host_error,
  output wire [31:0]              host_error_info,

  // counters
  input  wire [32*N_COUNTERS-1:0] counters
);
`include "registers.vh"

  reg [63:0] time_q;
  reg [63:0] compare_q;
  reg        software_q;
  reg [31:0] list_address_q, list_limit_q, watchdog_q;
  reg [31:0] base_q [1:15];
  reg [31:0] push_q [0:7];
  reg [2:0]  peer_q;
  reg [63:0] message_q;
  reg        doorbell_q;
  reg [31:0] host_out_q, host_status_q, host_error_q, host_error_info_q;
  reg [7:0]  select_q;
  reg [8:0]  link_q;

  assign irq_software = software_q;
  assign irq_timer = time_q >= compare_q;
  assign list_address = list_address_q;
  assign list_limit = list_limit_q;
  assign watchdog = watchdog_q;
  assign mtx_peer = peer_q;
  assign link_peer = link_q[2:0];
  assign link_index = link_q[8:4];
  assign link_write = write && req_addr == CORE_LINK_VALUE;
  assign link_wdata = req_wdata;
  assign mtx_data = message_q;
  assign host_out_data = host_out_q;
  assign doorbell_pending = doorbell_q;
  assign host_status = host_status_q;
  assign host_error = host_error_q;
  assign host_error_info = host_error_info_q;
  assign push_cmd = {push_q[7], push_q[6], push_q[5], push_q[4],
                     push_q[3], push_q[2], push_q[1], push_q[0]};

  assign base[31:0] = 32'd0;
  genvar g;
  generate
    for (g = 1; g < 16; g = g + 1) begin : g_base
      assign base[32*g +: 32] = base_q[g];
    end
  endgenerate

  localparam [31:0] SHAPE_SIZES = (BLOCK << 24) | (N_MACROS << 16) | (N_CHIPLETS << 8);

  wire        write = req_valid && req_we;
  wire        is_base = req_addr[11:6] == CORE_BASE[11:6];
  wire        is_push = req_addr[11:5] == CORE_PUSH[11:5];
  wire [3:0]  base_index = req_addr[5:2];
  wire [2:0]  push_index = req_addr[4:2];

  assign mrx_pop = write && req_addr == CORE_MRX_POP;
  assign host_in_pop = write && req_addr == CORE_HOST_IN_POP && !doorbell_q;

  integer i;
  always @(posedge clk) begin
    list_start <= 1'b0;
    engine_reset <= 1'b0;
    notify_clear <= 1'b0;
    signature_clear <= 1'b0;
    if (rst) begin
      time_q <= 64'd0;
      compare_q <= {64{1'b1}};
      software_q <= 1'b0;
      list_address_q <= 32'd0;
      list_limit_q <= 32'd0;
      watchdog_q <= 32'd0;
      push_valid <= 1'b0;
      mtx_valid <= 1'b0;
      host_out_valid <= 1'b0;
      doorbell_q <= 1'b0;
      host_status_q <= 32'd0;
      host_error_q <= 32'd0;
      host_error_info_q <= 32'd0;
      select_q <= 8'd0;
      link_q <= 9'd0;
      peer_q <= 3'd0;
      message_q <= 64'd0;
      for (i = 1; i < 16; i = i + 1) base_q[i] <= 32'd0;
      for (i = 0; i < 8; i = i + 1) push_q[i] <= 32'd0;
    end else begin
      time_q <= time_q + 64'd1;
      if (push_ready || engine_reset) push_valid <= 1'b0;
      if (mtx_ready) mtx_valid <= 1'b0;
      if (host_out_ready) host_out_valid <= 1'b0;
      if (write && is_base) begin
        if (base_index != 0) base_q[base_index] <= req_wdata;
      end else if (write && is_push) begin
        push_q[push_index] <= req_wdata;
        if (push_index == 3'd7) push_valid <= 1'b1;
      end else if (write) begin
        case (req_addr)
          CORE_MTIMECMP_LO: compare_q[31:0] <= req_wdata;
          CORE_MTIMECMP_HI: compare_q[63:32] <= req_wdata;
          CORE_MSIP: software_q <= req_wdata[0];
          CORE_LIST_ADDRESS: list_address_q <= req_wdata;
          CORE_LIST_LIMIT: list_limit_q <= req_wdata;
          CORE_CONTROL: begin
            list_start <= req_wdata[CORE_CONTROL_LIST_START_LSB];
            engine_reset <= req_wdata[CORE_CONTROL_ENGINE_RESET_LSB];
            notify_clear <= req_wdata[CORE_CONTROL_NOTIFY_CLEAR_LSB];
            signature_clear <= req_wdata[CORE_CONTROL_SIGNATURE_CLEAR_LSB];
          end
          CORE_WATCHDOG: watchdog_q <= req_wdata;
          CORE_MTX_PEER: peer_q <= req_wdata[2:0];
          CORE_MTX_LO: message_q[31:0] <= req_wdata;
          CORE_MTX_HI: begin
            message_q[63:32] <= req_wdata;
            mtx_valid <= 1'b1;
          end
          CORE_LINK_SELECT: link_q <= {req_wdata[8:4], 1'b0, req_wdata[2:0]};
          CORE_HOST_OUT: begin
            host_out_q <= req_wdata;
            host_out_valid <= 1'b1;
          end
          CORE_DOORBELL_CLEAR: doorbell_q <= 1'b0;
          CORE_HOST_STATUS: host_status_q <= req_wdata;
          CORE_HOST_ERROR: host_error_q <= req_wdata;
          CORE_HOST_ERROR_INFO: host_error_info_q <= req_wdata;
          CORE_COUNTER_SELECT: select_q <= req_wdata[7:0];
          default: ;
        endcase
      end
      if (host_doorbell) doorbell_q <= 1'b1;  // a ring in the cycle of a clear is a new one
    end
  end

  reg [31:0] counter;
  always @* begin
    counter = 32'd0;
    for (i = 0; i < N_COUNTERS; i = i + 1) begin
      if (select_q == i[7:0]) counter = counters[32*i +: 32];
    end
  end

  always @(posedge clk) begin
    if (req_valid) begin
      rsp_data <= 32'd0;
      if (is_base) rsp_data <= (base_index == 0) ? 32'd0 : base_q[base_index];
      else begin
        case (req_addr)
          CORE_ID: rsp_data <= 32'h41525354;
          CORE_VERSION: rsp_data <= 32'd1;
          CORE_SHAPE: rsp_data <= SHAPE_SIZES | {29'd0, chiplet_id};
          CORE_SETS: rsp_data <= SETS;
          CORE_STASH_BEATS: rsp_data <= STASH_BEATS;
          CORE_MTIME_LO: rsp_data <= time_q[31:0];
          CORE_MTIME_HI: rsp_data <= time_q[63:32];
          CORE_MTIMECMP_LO: rsp_data <= compare_q[31:0];
          CORE_MTIMECMP_HI: rsp_data <= compare_q[63:32];
          CORE_MSIP: rsp_data <= {31'd0, software_q};
          CORE_LIST_ADDRESS: rsp_data <= list_address_q;
          CORE_LIST_LIMIT: rsp_data <= list_limit_q;
          CORE_DISPATCH: rsp_data <= {27'd0, resetting, !push_valid, error_valid, idle, list_busy};
          CORE_NOTIFY_COUNT: rsp_data <= notify_count;
          CORE_SIGNATURE_SUM: rsp_data <= signature_sum;
          CORE_WATCHDOG: rsp_data <= watchdog_q;
          CORE_ERROR: rsp_data <= error_valid
            ? {14'd0, error_opcode, error_producer, error_queue, error_code} : 32'd0;
          CORE_ERROR_SEQUENCE: rsp_data <= {16'd0, error_sequence};
          CORE_MTX_PEER: rsp_data <= {29'd0, peer_q};
          CORE_MTX_LO: rsp_data <= message_q[31:0];
          CORE_MTX_STATUS: rsp_data <= {31'd0, !mtx_valid};
          CORE_MRX_STATUS: rsp_data <= {25'd0, mrx_source, 3'd0, mrx_valid};
          CORE_MRX_LO: rsp_data <= mrx_data[31:0];
          CORE_MRX_HI: rsp_data <= mrx_data[63:32];
          CORE_LINKS: rsp_data <= {16'd0, links_present, links_down};
          CORE_LINK_SELECT: rsp_data <= {23'd0, link_q};
          CORE_LINK_VALUE: rsp_data <= link_rdata;
          CORE_HOST: rsp_data <= {29'd0, doorbell_q, !host_out_valid,
                                  host_in_valid};
          CORE_HOST_IN: rsp_data <= host_in_data;
          CORE_HOST_STATUS: rsp_data <= host_status_q;
          CORE_HOST_ERROR: rsp_data <= host_error_q;
          CORE_HOST_ERROR_INFO: rsp_data <= host_error_info_q;
          CORE_COUNTER_SELECT: rsp_data <= {24'd0, select_q};
          CORE_COUNTER_VALUE: rsp_data <= counter;
          default: rsp_data <= 32'd0;
        endcase
      end
    end
  end
endmodule

`default_nettype wire
