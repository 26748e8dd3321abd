// SPDX-License-Identifier: Apache-2.0
//
// memory_port_tb: memory_port with two clients on a memory.
// ar_stall and r_stall of 256 cycles the memory's side does not move.
`default_nettype none

module memory_port_tb #(
  parameter BLOCK = 16,
  parameter MEMORY_BEATS = 1024
) (
  input  wire               clk,
  input  wire               rst,
  input  wire [15:0]        read_latency,
  input  wire [7:0]         ar_stall,
  input  wire [7:0]         r_stall,

  input  wire               a_valid,
  output wire               a_ready,
  input  wire [31:0]        a_addr,
  input  wire [7:0]         a_beats,
  output wire               x_valid,
  input  wire               x_ready,
  output wire [8*BLOCK-1:0] x_data,
  output wire               x_err,

  input  wire               b_valid,
  output wire               b_ready,
  input  wire [31:0]        b_addr,
  input  wire [7:0]         b_beats,
  output wire               y_valid,
  input  wire               y_ready,
  output wire [8*BLOCK-1:0] y_data,
  output wire               y_err,

  // what the port asks of the memory
  output wire               ar_valid,
  output wire               ar_ready,
  output wire [3:0]         ar_id,
  output wire [39:0]        ar_addr,
  output wire [7:0]         ar_len,

  input  wire               t_write,
  input  wire [31:0]        t_index,
  input  wire [8*BLOCK-1:0] t_data
);
  localparam W = 8 * BLOCK;
  localparam OFFSET_BITS = $clog2(BLOCK);

  wire         rsp_err, mem_arready, mem_rvalid, rvalid, rready;
  wire [W-1:0] rsp_data, rdata;
  wire [1:0]   rresp;
  wire [3:0]   rid;
  memory_port #(.BLOCK(BLOCK), .CLIENTS(2)) u_port (
    .clk(clk), .rst(rst), .rd_valid({b_valid, a_valid}), .rd_ready({b_ready, a_ready}),
    .rd_addr({b_addr, a_addr}), .rd_beats({b_beats, a_beats}), .rsp_valid({y_valid, x_valid}),
    .rsp_ready({y_ready, x_ready}), .rsp_data(rsp_data), .rsp_err(rsp_err),
    .m_axi_arvalid(ar_valid), .m_axi_arready(ar_ready), .m_axi_arid(ar_id),
    .m_axi_araddr(ar_addr), .m_axi_arlen(ar_len), .m_axi_rvalid(rvalid), .m_axi_rready(rready),
    .m_axi_rid(rid), .m_axi_rdata(rdata), .m_axi_rresp(rresp)
  );
  assign {x_data, x_err} = {rsp_data, rsp_err};
  assign {y_data, y_err} = {rsp_data, rsp_err};

  // Gates: what has been offered stays.
  reg  [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? 32'd2463534242 : r2 ^ (r2 << 5);
  reg  ar_waits_q, r_waits_q;
  wire ar_open = random_q[7:0] >= ar_stall || ar_waits_q;
  wire r_open = random_q[15:8] >= r_stall || r_waits_q;
  assign ar_ready = mem_arready && ar_open;
  assign rvalid = mem_rvalid && r_open;
  always @(posedge clk) begin
    ar_waits_q <= !rst && ar_valid && ar_open && !mem_arready;
    r_waits_q <= !rst && mem_rvalid && r_open && !rready;
  end

  wire         unused_awready, unused_wready, unused_bvalid, unused_rlast;
  wire [3:0]   unused_bid;
  wire [1:0]   unused_bresp;
  wire [W-1:0] unused_rdata;
  wire [31:0]  unused_read, unused_written;
  axi_memory #(.NAME("memory"), .DATA_WIDTH(W), .ADDR_WIDTH(40), .DEPTH(MEMORY_BEATS)) u_memory (
    .clk(clk), .rst(rst), .read_latency(read_latency), .write_latency(16'd2),
    .bandwidth(9'd256),
    .s_axi_awvalid(1'b0), .s_axi_awready(unused_awready), .s_axi_awid(4'd0),
    .s_axi_awaddr(40'd0), .s_axi_awlen(8'd0), .s_axi_awsize(3'd0), .s_axi_awburst(2'b01),
    .s_axi_wvalid(1'b0), .s_axi_wready(unused_wready), .s_axi_wdata({W{1'b0}}),
    .s_axi_wstrb({BLOCK{1'b0}}), .s_axi_wlast(1'b0),
    .s_axi_bvalid(unused_bvalid), .s_axi_bready(1'b1), .s_axi_bid(unused_bid),
    .s_axi_bresp(unused_bresp),
    .s_axi_arvalid(ar_valid && ar_open), .s_axi_arready(mem_arready), .s_axi_arid(ar_id),
    .s_axi_araddr(ar_addr), .s_axi_arlen(ar_len), .s_axi_arsize(OFFSET_BITS[2:0]),
    .s_axi_arburst(2'b01),
    .s_axi_rvalid(mem_rvalid), .s_axi_rready(rready && r_open), .s_axi_rid(rid),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rlast(unused_rlast),
    .backdoor_read(1'b0), .backdoor_write(t_write), .backdoor_index(t_index),
    .backdoor_wdata(t_data), .backdoor_rdata(unused_rdata), .dump(1'b0),
    .beats_read(unused_read), .beats_written(unused_written)
  );

  stream_checker #(.NAME("AR"), .WIDTH(52)) check_ar (
    .clk(clk), .rst(rst), .valid(ar_valid), .ready(ar_ready), .payload({ar_id, ar_addr, ar_len})
  );
  stream_checker #(.NAME("client 0"), .WIDTH(W + 1)) check_x (
    .clk(clk), .rst(rst), .valid(x_valid), .ready(x_ready), .payload({x_err, x_data})
  );
  stream_checker #(.NAME("client 1"), .WIDTH(W + 1)) check_y (
    .clk(clk), .rst(rst), .valid(y_valid), .ready(y_ready), .payload({y_err, y_data})
  );
endmodule

`default_nettype wire
