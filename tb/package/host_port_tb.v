// SPDX-License-Identifier: Apache-2.0
//
// host_port_tb: host_port with the ports that an AXI4-Lite initiator has beyond it.
`default_nettype none

module host_port_tb #(
  parameter BLOCK = 32,
  parameter N_MACROS = 3,
  parameter N_CHIPLETS = 5,
  parameter QUEUE_WORDS = 8
) (
  input  wire        clk,
  input  wire        rst,
  output wire        irq,

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

  output wire        in_valid,
  output wire [31:0] in_data,
  input  wire        in_ready,
  input  wire        out_valid,
  output wire        out_ready,
  input  wire [31:0] out_data,
  output wire        doorbell,
  input  wire [31:0] status,
  input  wire [31:0] error,
  input  wire [31:0] error_info
);
  host_port #(
    .BLOCK(BLOCK), .N_MACROS(N_MACROS), .N_CHIPLETS(N_CHIPLETS), .QUEUE_WORDS(QUEUE_WORDS)
  ) u_port (
    .clk(clk), .rst(rst), .irq(irq),
    .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_awaddr(s_axil_awaddr), .s_axil_wvalid(s_axil_wvalid),
    .s_axil_wready(s_axil_wready), .s_axil_wdata(s_axil_wdata), .s_axil_bvalid(s_axil_bvalid),
    .s_axil_bready(s_axil_bready), .s_axil_bresp(s_axil_bresp),
    .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_araddr(s_axil_araddr), .s_axil_rvalid(s_axil_rvalid),
    .s_axil_rready(s_axil_rready), .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp),
    .in_valid(in_valid), .in_data(in_data), .in_pop(in_ready),
    .out_valid(out_valid), .out_ready(out_ready), .out_data(out_data), .doorbell(doorbell),
    .status(status), .error(error), .error_info(error_info)
  );
  wire unused = &{1'b0, s_axil_awprot, s_axil_wstrb, s_axil_arprot};

  stream_checker #(.NAME("B"), .WIDTH(2)) check_b (
    .clk(clk), .rst(rst), .valid(s_axil_bvalid), .ready(s_axil_bready), .payload(s_axil_bresp)
  );
  stream_checker #(.NAME("R"), .WIDTH(34)) check_r (
    .clk(clk), .rst(rst), .valid(s_axil_rvalid), .ready(s_axil_rready),
    .payload({s_axil_rresp, s_axil_rdata})
  );
  // The doorbell takes away what waits.
  stream_checker #(.NAME("words in"), .WIDTH(32)) check_in (
    .clk(clk), .rst(rst || doorbell), .valid(in_valid), .ready(in_ready), .payload(in_data)
  );
endmodule

`default_nettype wire
