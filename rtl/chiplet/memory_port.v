// SPDX-License-Identifier: Apache-2.0
//
// memory_port: shares a chiplet's AXI4 read channel between the list fetcher and the DMA.
//
// Contract: a client asks for rd_beats (1 to 128) consecutive beats and gets them in order;
//   requests of one client are answered in order. A request that crosses a 4 KiB boundary is cut
//   into bursts here. Client c uses AXI ID c. AXI byte address = beat address x BLOCK.
// Handshake: rd_valid may not wait for rd_ready, payload stable while stalled; responses may be
//   stalled.
// Latency: 1 cycle from request to AR; responses pass through combinationally.
// Cost: one request register and a burst splitter; the clients hold all the data.
`default_nettype none

module memory_port #(
  parameter BLOCK = 64,  // bytes per beat
  parameter CLIENTS = 2  // request ports, fixed priority to the lowest
) (
  input  wire                   clk,
  input  wire                   rst,

  // clients
  input  wire [CLIENTS-1:0]     rd_valid,
  output wire [CLIENTS-1:0]     rd_ready,
  input  wire [32*CLIENTS-1:0]  rd_addr,
  input  wire [8*CLIENTS-1:0]   rd_beats,
  output wire [CLIENTS-1:0]     rsp_valid,
  input  wire [CLIENTS-1:0]     rsp_ready,
  output wire [8*BLOCK-1:0]     rsp_data,
  output wire                   rsp_err,

  // AXI4 read channel
  output wire                   m_axi_arvalid,
  input  wire                   m_axi_arready,
  output wire [3:0]             m_axi_arid,
  output wire [39:0]            m_axi_araddr,
  output wire [7:0]             m_axi_arlen,
  input  wire                   m_axi_rvalid,
  output wire                   m_axi_rready,
  input  wire [3:0]             m_axi_rid,
  input  wire [8*BLOCK-1:0]     m_axi_rdata,
  input  wire [1:0]             m_axi_rresp
);
  localparam OFFSET_BITS = $clog2(BLOCK);
  localparam PAGE_BITS = 12 - OFFSET_BITS;  // beats of a 4 KiB page, as a power of two
  generate
    if (BLOCK < 16 || BLOCK > 64 || (1 << OFFSET_BITS) != BLOCK) begin : g_block
      memory_port_BLOCK_must_be_a_power_of_two_from_16_to_64 rule ();
    end
    if (CLIENTS < 1 || CLIENTS > 16) begin : g_clients
      memory_port_CLIENTS_must_be_1_to_16 rule ();
    end
  endgenerate

  reg               busy_q;
  reg [3:0]         client_q;
  reg [31:0]        addr_q;
  reg [7:0]         beats_q;

  wire [8:0] to_boundary = (9'd1 << PAGE_BITS) - {{(9-PAGE_BITS){1'b0}}, addr_q[PAGE_BITS-1:0]};
  wire [7:0] burst = ({1'b0, beats_q} > to_boundary) ? to_boundary[7:0] : beats_q;

  reg [3:0]         pick;
  reg               any;
  reg [31:0]        pick_addr;
  reg [7:0]         pick_beats;
  integer i;
  always @* begin
    pick = 0;
    any = 1'b0;
    pick_addr = 0;
    pick_beats = 0;
    for (i = CLIENTS - 1; i >= 0; i = i - 1) begin
      if (rd_valid[i]) begin
        pick = i[3:0];
        any = 1'b1;
        pick_addr = rd_addr[32*i +: 32];
        pick_beats = rd_beats[8*i +: 8];
      end
    end
  end

  genvar c;
  generate
    for (c = 0; c < CLIENTS; c = c + 1) begin : g_client
      assign rd_ready[c] = !busy_q && any && pick == c;
      assign rsp_valid[c] = m_axi_rvalid && m_axi_rid == c;
    end
  endgenerate

  assign m_axi_arvalid = busy_q;
  assign m_axi_arid = client_q;
  assign m_axi_araddr = {{(8-OFFSET_BITS){1'b0}}, addr_q, {OFFSET_BITS{1'b0}}};
  assign m_axi_arlen = burst - 8'd1;
  assign m_axi_rready = |(rsp_valid & rsp_ready);
  assign rsp_data = m_axi_rdata;
  assign rsp_err = m_axi_rresp[1];
  wire unused_rresp = m_axi_rresp[0];  // OKAY and EXOKAY, SLVERR and DECERR are one to us

  always @(posedge clk) begin
    if (rst) begin
      busy_q <= 1'b0;
    end else if (!busy_q) begin
      busy_q <= any;
      client_q <= pick;
      addr_q <= pick_addr;
      beats_q <= pick_beats;
    end else if (m_axi_arready) begin
      busy_q <= beats_q != burst;
      beats_q <= beats_q - burst;
      addr_q <= addr_q + {24'd0, burst};
    end
  end
endmodule

`default_nettype wire
