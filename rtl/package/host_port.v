// SPDX-License-Identifier: Apache-2.0
//
// host_port: the package's AXI4-Lite slave: host registers (rtl/chiplet/registers.rdl) and two
//   word queues between host and chiplet 0.
//
// Contract: one read and one write at a time, each answered OKAY; an address without a register
//   reads 0 and ignores writes. A word written to IN_DATA while IN_SPACE is 0 is dropped.
//   Ringing the doorbell empties both queues, so that nothing of an earlier request is left.
// Handshake: AXI4-Lite; AW and W are taken together. Write strobes are ignored: write whole words.
// Latency: 1 cycle. Cost: two FIFOs of QUEUE_WORDS words.
`default_nettype none

module host_port #(
  parameter BLOCK = 64,
  parameter N_MACROS = 2,
  parameter N_CHIPLETS = 2,
  parameter QUEUE_WORDS = 1024
) (
  input  wire        clk,
  input  wire        rst,
  output wire        irq,

  // AXI4-Lite
  input  wire        s_axil_awvalid,
  output wire        s_axil_awready,
  input  wire [11:0] s_axil_awaddr,
  input  wire        s_axil_wvalid,
  output wire        s_axil_wready,
  input  wire [31:0] s_axil_wdata,
  output reg         s_axil_bvalid,
  input  wire        s_axil_bready,
  output wire [1:0]  s_axil_bresp,
  input  wire        s_axil_arvalid,
  output wire        s_axil_arready,
  input  wire [11:0] s_axil_araddr,
  output reg         s_axil_rvalid,
  input  wire        s_axil_rready,
  output reg  [31:0] s_axil_rdata,
  output wire [1:0]  s_axil_rresp,

  // chiplet 0
  output wire        in_valid,
  output wire [31:0] in_data,
  input  wire        in_pop,
  input  wire        out_valid,
  output wire        out_ready,
  input  wire [31:0] out_data,
  output reg         doorbell,
  input  wire [31:0] status,
  input  wire [31:0] error,
  input  wire [31:0] error_info
);
`include "registers.vh"

  localparam [15:0] STATUS_ERROR = 16'd15;

  reg  [63:0] cycles_q;
  reg  [1:0]  enable_q;
  reg  [15:0] in_count_q;
  reg  [15:0] out_count_q;

  wire        write = s_axil_awvalid && s_axil_wvalid && !s_axil_bvalid;
  wire        read = s_axil_arvalid && !s_axil_rvalid;
  wire        in_space;
  wire        host_out_valid;
  wire [31:0] host_out_data;
  wire        push = write && s_axil_awaddr == HOST_IN_DATA;
  wire        pop = write && s_axil_awaddr == HOST_OUT_POP;
  wire [1:0]  cause = {status == {16'd0, STATUS_ERROR}, host_out_valid};

  wire        clear = rst || doorbell;

  assign s_axil_awready = write;
  assign s_axil_wready = write;
  assign s_axil_bresp = 2'b00;
  assign s_axil_arready = read;
  assign s_axil_rresp = 2'b00;
  assign irq = |(cause & enable_q);

  fifo #(.WIDTH(32), .DEPTH(QUEUE_WORDS)) u_in (
    .clk(clk), .rst(clear), .s_valid(push), .s_ready(in_space), .s_data(s_axil_wdata),
    .m_valid(in_valid), .m_ready(in_pop), .m_data(in_data)
  );
  fifo #(.WIDTH(32), .DEPTH(QUEUE_WORDS)) u_out (
    .clk(clk), .rst(clear), .s_valid(out_valid), .s_ready(out_ready), .s_data(out_data),
    .m_valid(host_out_valid), .m_ready(pop), .m_data(host_out_data)
  );

  localparam [31:0] CAPABILITY_VALUE = (BLOCK << 16) | (N_MACROS << 8) | N_CHIPLETS;
  localparam [31:0] SPACE_WORDS = QUEUE_WORDS;

  always @(posedge clk) begin
    doorbell <= 1'b0;
    if (rst) begin
      cycles_q <= 64'd0;
      enable_q <= 2'd0;
      in_count_q <= 16'd0;
      out_count_q <= 16'd0;
      s_axil_bvalid <= 1'b0;
      s_axil_rvalid <= 1'b0;
    end else begin
      cycles_q <= cycles_q + 64'd1;
      in_count_q <= in_count_q + {15'd0, push && in_space} - {15'd0, in_pop && in_valid};
      out_count_q <= out_count_q + {15'd0, out_valid && out_ready}
                     - {15'd0, pop && host_out_valid};
      if (doorbell) begin
        in_count_q <= 16'd0;
        out_count_q <= 16'd0;
      end
      if (s_axil_bready) s_axil_bvalid <= 1'b0;
      if (s_axil_rready) s_axil_rvalid <= 1'b0;
      if (write) begin
        s_axil_bvalid <= 1'b1;
        if (s_axil_awaddr == HOST_DOORBELL) doorbell <= s_axil_wdata[0];
        if (s_axil_awaddr == HOST_IRQ_ENABLE) enable_q <= s_axil_wdata[1:0];
      end
      if (read) begin
        s_axil_rvalid <= 1'b1;
        case (s_axil_araddr)
          HOST_ID: s_axil_rdata <= 32'h41525354;
          HOST_VERSION: s_axil_rdata <= 32'd1;
          HOST_CAPABILITY: s_axil_rdata <= CAPABILITY_VALUE;
          HOST_STATUS: s_axil_rdata <= status;
          HOST_ERROR: s_axil_rdata <= error;
          HOST_ERROR_INFO: s_axil_rdata <= error_info;
          HOST_IRQ_STATUS: s_axil_rdata <= {30'd0, cause};
          HOST_IRQ_ENABLE: s_axil_rdata <= {30'd0, enable_q};
          HOST_IN_SPACE: s_axil_rdata <= SPACE_WORDS - {16'd0, in_count_q};
          HOST_OUT_DATA: s_axil_rdata <= host_out_valid ? host_out_data : 32'd0;
          HOST_OUT_COUNT: s_axil_rdata <= {16'd0, out_count_q};
          HOST_CYCLES_LO: s_axil_rdata <= cycles_q[31:0];
          HOST_CYCLES_HI: s_axil_rdata <= cycles_q[63:32];
          default: s_axil_rdata <= 32'd0;
        endcase
      end
    end
  end
endmodule

`default_nettype wire
