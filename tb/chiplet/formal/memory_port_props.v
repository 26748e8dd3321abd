// SPDX-License-Identifier: Apache-2.0
//
// memory_port_props: what memory_port promises, for any requests, stalls and answers, answers that
//   nobody asked for included.
`default_nettype none

module memory_port_props #(
  parameter BLOCK = 16,
  parameter CLIENTS = 2
) (
  input wire                  clk,
  input wire                  rst,
  input wire [CLIENTS-1:0]    rd_valid,
  input wire [32*CLIENTS-1:0] rd_addr,
  input wire [8*CLIENTS-1:0]  rd_beats,
  input wire [CLIENTS-1:0]    rsp_ready,
  input wire                  arready,
  input wire                  rvalid,
  input wire [3:0]            rid,
  input wire [8*BLOCK-1:0]    rdata,
  input wire [1:0]            rresp
);
  wire [CLIENTS-1:0] rd_ready, rsp_valid;
  wire [8*BLOCK-1:0] rsp_data;
  wire               rsp_err, arvalid, rready;
  wire [3:0]         arid;
  wire [39:0]        araddr;
  wire [7:0]         arlen;
  memory_port #(.BLOCK(BLOCK), .CLIENTS(CLIENTS)) dut (
    .clk(clk), .rst(rst), .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr),
    .rd_beats(rd_beats), .rsp_valid(rsp_valid), .rsp_ready(rsp_ready), .rsp_data(rsp_data),
    .rsp_err(rsp_err), .m_axi_arvalid(arvalid), .m_axi_arready(arready), .m_axi_arid(arid),
    .m_axi_araddr(araddr), .m_axi_arlen(arlen), .m_axi_rvalid(rvalid), .m_axi_rready(rready),
    .m_axi_rid(rid), .m_axi_rdata(rdata), .m_axi_rresp(rresp));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  wire [12:0] beats = {5'd0, arlen} + 13'd1;
  wire [13:0] to = {2'd0, araddr[11:0]} + beats * BLOCK;  // in the page, first byte behind the burst

  // The request of which bursts are on their way: client, next beat, beats left (0: none).
  reg [3:0]  client;
  reg [31:0] next;
  reg [7:0]  left;
  reg        waited;
  reg [51:0] shown;
  wire [51:0] burst = {arid, araddr, arlen};
  integer    c;
  always @* for (c = 0; c < CLIENTS; c = c + 1)
    if (rd_valid[c]) assume (rd_beats[8*c +: 8] >= 8'd1 && rd_beats[8*c +: 8] <= 8'd128);
  always @(posedge clk) begin
    if (rst) left <= 8'd0;
    for (c = 0; c < CLIENTS; c = c + 1) begin
      if (!rst && rd_valid[c] && rd_ready[c]) begin
        client <= c[3:0];
        next <= rd_addr[32*c +: 32];
        left <= rd_beats[8*c +: 8];
      end
    end
    if (!rst && arvalid && arready) begin
      next <= next + {19'd0, beats};
      left <= left - arlen - 8'd1;
    end
    waited <= arvalid && !arready && !rst;
    shown <= burst;
  end

  integer a;
  integer b;
  always @* if (started) begin
    // A request is taken just when none is on its way; of several that of the lowest client.
    for (a = 0; a < CLIENTS; a = a + 1) begin
      if (rd_valid[a] && rd_ready[a]) begin
        assert (left == 8'd0);
        for (b = 0; b < a; b = b + 1) assert (!rd_valid[b]);
      end
    end
    if (left == 8'd0 && |rd_valid) assert (|(rd_valid & rd_ready));
    // Bursts are offered until all beats were asked for, never more of them; one after the other,
    // with the number of the client. Only the end of a 4 KiB page cuts them, and it always does.
    assert (arvalid == (left != 8'd0));
    if (arvalid) begin
      assert (arid == client && araddr == {8'd0, next} * BLOCK);
      assert (arlen < left && to <= 14'd4096);
      assert (arlen + 8'd1 == left || to == 14'd4096);
    end
    if (waited) assert (arvalid && burst == shown);
    // An answer goes to the client whose number it has, as it came, and moves when that takes it.
    for (a = 0; a < CLIENTS; a = a + 1) assert (rsp_valid[a] == (rvalid && rid == a));
    if (rvalid && rid < CLIENTS) assert (rready == rsp_ready[rid]);
    assert (rsp_data == rdata && rsp_err == rresp[1]);
  end

  // ---- what the induction needs
  (* hierconn *) wire [3:0]  \dut.client_q ;
  (* hierconn *) wire [31:0] \dut.addr_q ;
  (* hierconn *) wire [7:0]  \dut.beats_q ;
  always @* if (started && left != 8'd0) begin
    assert (\dut.client_q == client && \dut.addr_q == next && \dut.beats_q == left);
    assert (left <= 8'd128);
  end
endmodule

`default_nettype wire
