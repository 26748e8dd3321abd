// SPDX-License-Identifier: Apache-2.0
//
// dispatcher_tb: list fetcher, command front and dispatcher as the chiplet joins them; Python plays
// memory, engines and peers.
`default_nettype none

module dispatcher_tb #(
  parameter BLOCK = 64,
  parameter N_MACROS = 2,
  parameter N_CHIPLETS = 3,
  parameter Q = 4 + N_MACROS
) (
  input  wire                     clk,
  input  wire                     rst,
  input  wire [2:0]               chiplet_id,
  input  wire [31:0]              watchdog_limit,
  input  wire [511:0]             base,

  input  wire                     start,
  input  wire [31:0]              address,
  input  wire [31:0]              max_beats,
  input  wire                     cancel,
  output wire                     list_busy,
  output wire                     rd_valid,
  input  wire                     rd_ready,
  output wire [31:0]              rd_addr,
  output wire [7:0]               rd_beats,
  input  wire                     rsp_valid,
  output wire                     rsp_ready,
  input  wire [8*BLOCK-1:0]       rsp_data,
  input  wire                     rsp_err,

  input  wire                     push_valid,
  output wire                     push_ready,
  input  wire [255:0]             push_cmd,

  output wire [Q-1:0]             cmd_valid,
  input  wire [Q-1:0]             cmd_ready,
  output wire [256*Q-1:0]         cmd,
  input  wire [Q-1:0]             done_valid,
  input  wire [32*Q-1:0]          done_signature,
  input  wire [4*Q-1:0]           done_status,

  input  wire [N_CHIPLETS-1:0]    rx_valid,
  output wire [N_CHIPLETS-1:0]    rx_ready,
  input  wire [4*N_CHIPLETS-1:0]  rx_first,
  input  wire [4*N_CHIPLETS-1:0]  rx_count,
  input  wire [32*N_CHIPLETS-1:0] rx_signature,
  input  wire [4*N_CHIPLETS-1:0]  rx_status,

  output wire                     trace_valid,
  output wire [4:0]               trace_queue,
  output wire [3:0]               trace_opcode,
  output wire [15:0]              trace_sequence,
  output wire [31:0]              trace_signature,
  output wire                     notify,
  output wire [31:0]              signature_sum,
  output wire [Q-1:0]             queue_idle,
  output wire                     stop,
  output wire                     error_valid,
  output wire [3:0]               error_code,
  output wire [4:0]               error_queue,
  output wire [4:0]               error_producer,
  output wire [3:0]               error_opcode,
  output wire [15:0]              error_sequence
);
  wire         list_valid;
  wire         list_ready;
  wire [255:0] list_cmd;
  wire         list_error;
  wire [3:0]   list_error_code;
  wire         front_valid;
  wire         front_ready;
  wire [255:0] front_cmd;

  list_fetcher #(.BLOCK(BLOCK)) fetcher (
    .clk(clk), .rst(rst), .start(start), .address(address), .max_beats(max_beats),
    .cancel(cancel || stop), .busy(list_busy),
    .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr), .rd_beats(rd_beats),
    .rsp_valid(rsp_valid), .rsp_ready(rsp_ready), .rsp_data(rsp_data), .rsp_err(rsp_err),
    .m_valid(list_valid), .m_ready(list_ready), .m_cmd(list_cmd),
    .error_valid(list_error), .error_code(list_error_code)
  );

  command_front front (
    .clk(clk), .rst(rst), .base(base),
    .list_valid(list_valid), .list_ready(list_ready), .list_cmd(list_cmd),
    .push_valid(push_valid), .push_ready(push_ready), .push_cmd(push_cmd),
    .m_valid(front_valid), .m_ready(front_ready), .m_cmd(front_cmd)
  );

  dispatcher #(.N_MACROS(N_MACROS), .N_CHIPLETS(N_CHIPLETS)) dut (
    .clk(clk), .rst(rst), .chiplet_id(chiplet_id), .watchdog_limit(watchdog_limit),
    .list_busy(list_busy),
    .s_cmd_valid(front_valid), .s_cmd_ready(front_ready), .s_cmd(front_cmd),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd), .done_valid(done_valid),
    .done_signature(done_signature), .done_status(done_status),
    .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_first(rx_first), .rx_count(rx_count),
    .rx_signature(rx_signature), .rx_status(rx_status),
    .trace_valid(trace_valid), .trace_queue(trace_queue), .trace_opcode(trace_opcode),
    .trace_sequence(trace_sequence), .trace_signature(trace_signature), .notify(notify),
    .signature_clear(1'b0), .signature_sum(signature_sum),
    .ext_error_valid(list_error), .ext_error_code(list_error_code), .ext_error_queue(5'd31),
    .queue_idle(queue_idle), .stop(stop),
    .error_valid(error_valid), .error_code(error_code), .error_queue(error_queue),
    .error_producer(error_producer), .error_opcode(error_opcode), .error_sequence(error_sequence)
  );

  always @(posedge clk) begin
    if (!rst && stop && cmd_valid != {Q{1'b0}}) begin
      $display("a command is offered after an error");
      $fatal;
    end
  end
  stream_checker #(.NAME("rd"), .WIDTH(40)) rd_checker (
    .clk(clk), .rst(rst), .valid(rd_valid), .ready(rd_ready), .payload({rd_addr, rd_beats})
  );
  genvar q;
  generate
    for (q = 0; q < Q; q = q + 1) begin : g_check
      stream_checker #(.NAME("cmd"), .WIDTH(256)) cmd_checker (
        .clk(clk), .rst(rst || stop), .valid(cmd_valid[q]), .ready(cmd_ready[q]),
        .payload(cmd[256*q +: 256])
      );
    end
  endgenerate
endmodule

`default_nettype wire
