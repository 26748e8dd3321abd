// SPDX-License-Identifier: Apache-2.0
//
// dma_tb: dma behind memory_port, with memory, stash and macro columns, which all stall at random.
// Settings say how often: `*_stall` of 256 cycles. A second reader shares the memory port, another
// port the stash; it aims at the bank that the DMA wants. A write to conflict_set is dropped and
// reported, as a macro does. The access port reads or writes entry t_index of stash, memory and
// columns at once; answers come a cycle later; it needs the engine idle and no stalls.
`default_nettype none

module dma_tb #(
  parameter BLOCK = 16,
  parameter SETS = 8,
  parameter STASH_BEATS = 256,
  parameter N_MACROS = 2,
  parameter MEMORY_BASE = 32,   // first beat that exists
  parameter MEMORY_BEATS = 992
) (
  input  wire               clk,
  input  wire               rst,

  input  wire               cancel,
  output wire               busy,
  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd,
  output wire               done_valid,
  output wire [31:0]        done_signature,
  output wire [3:0]         done_status,
  output reg  [31:0]        done_count,
  output reg  [31:0]        write_count,   // beats written to stash or macros

  input  wire [15:0]        read_latency,
  input  wire [15:0]        write_latency,
  input  wire [8:0]         bandwidth,
  input  wire [7:0]         axi_stall,
  input  wire [7:0]         stash_stall,
  input  wire [7:0]         macro_stall,
  input  wire [7:0]         reader_load,   // of the other client of the memory port
  input  wire               conflict_enable,
  input  wire [11:0]        conflict_set,

  input  wire               t_read,
  input  wire [2:0]         t_write,       // columns, memory, stash
  input  wire [31:0]        t_index,
  input  wire [8*BLOCK-1:0] t_stash_data,
  input  wire [15:0]        t_stash_exps,
  input  wire [8*BLOCK-1:0] t_memory_data,
  input  wire [8*BLOCK-1:0] t_column_data,
  input  wire [15:0]        t_column_exps,
  output wire [8*BLOCK-1:0] a_stash_data,
  output wire [15:0]        a_stash_exps,
  output wire [8*BLOCK-1:0] a_memory_data,
  output reg  [8*BLOCK-1:0] a_column_data,
  output reg  [15:0]        a_column_exps
);
  localparam W = 8 * BLOCK;
  localparam OFFSET_BITS = $clog2(BLOCK);
  localparam [39:0] BASE_BYTE = MEMORY_BASE * BLOCK;

  // Random numbers
  reg  [31:0] random_q;
  wire [31:0] r1 = random_q ^ (random_q << 13);
  wire [31:0] r2 = r1 ^ (r1 >> 17);
  always @(posedge clk) random_q <= rst ? 32'd2463534242 : r2 ^ (r2 << 5);

  // The engine
  wire [1:0]   rd_valid, rd_ready, rsp_valid, rsp_ready;
  wire [63:0]  rd_addr;
  wire [15:0]  rd_beats;
  wire [W-1:0] rsp_data;
  wire         rsp_err;
  wire         awvalid, awready, wvalid, wready, wlast, bvalid, bready, arvalid, arready;
  wire         rvalid, rready;
  wire [39:0]  awaddr, araddr;
  wire [7:0]   awlen, arlen;
  wire [W-1:0] wdata, rdata;
  wire [1:0]   bresp, rresp;
  wire [3:0]   arid, rid;
  wire         stash_valid, stash_ready, stash_we, stash_rsp;
  wire [15:0]  stash_addr, stash_exps, stash_rsp_exps;
  wire [W-1:0] stash_data, stash_rsp_data;
  wire         mw_valid, mw_ready;
  wire [3:0]   mw_macro;
  wire [11:0]  mw_set;
  wire [7:0]   mw_index;
  wire [W-1:0] mw_data;
  wire [15:0]  mw_exps;
  reg          mw_conflict;

  dma #(
    .BLOCK(BLOCK), .SETS(SETS), .STASH_BEATS(STASH_BEATS), .N_MACROS(N_MACROS)
  ) u_dma (
    .clk(clk), .rst(rst), .cancel(cancel), .busy(busy),
    .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd),
    .done_valid(done_valid), .done_signature(done_signature), .done_status(done_status),
    .rd_valid(rd_valid[1]), .rd_ready(rd_ready[1]), .rd_addr(rd_addr[63:32]),
    .rd_beats(rd_beats[15:8]), .rsp_valid(rsp_valid[1]), .rsp_ready(rsp_ready[1]),
    .rsp_data(rsp_data), .rsp_err(rsp_err),
    .m_axi_awvalid(awvalid), .m_axi_awready(awready), .m_axi_awaddr(awaddr),
    .m_axi_awlen(awlen), .m_axi_wvalid(wvalid), .m_axi_wready(wready), .m_axi_wdata(wdata),
    .m_axi_wlast(wlast), .m_axi_bvalid(bvalid), .m_axi_bready(bready), .m_axi_bresp(bresp),
    .stash_req_valid(stash_valid), .stash_req_ready(stash_ready), .stash_req_we(stash_we),
    .stash_req_addr(stash_addr), .stash_req_data(stash_data), .stash_req_exps(stash_exps),
    .stash_rsp_valid(stash_rsp), .stash_rsp_data(stash_rsp_data),
    .stash_rsp_exps(stash_rsp_exps),
    .mw_valid(mw_valid), .mw_ready(mw_ready), .mw_macro(mw_macro), .mw_set(mw_set),
    .mw_index(mw_index), .mw_data(mw_data), .mw_exps(mw_exps), .mw_conflict(mw_conflict)
  );
  always @(posedge clk) begin
    if (rst) done_count <= 32'd0;
    else if (done_valid) done_count <= done_count + 32'd1;
    if (rst) write_count <= 32'd0;
    else if (stash_valid && stash_we && stash_ready || mw_valid && mw_ready)
      write_count <= write_count + 32'd1;
  end

  memory_port #(.BLOCK(BLOCK), .CLIENTS(2)) u_port (
    .clk(clk), .rst(rst), .rd_valid(rd_valid), .rd_ready(rd_ready), .rd_addr(rd_addr),
    .rd_beats(rd_beats), .rsp_valid(rsp_valid), .rsp_ready(rsp_ready), .rsp_data(rsp_data),
    .rsp_err(rsp_err),
    .m_axi_arvalid(arvalid), .m_axi_arready(arready), .m_axi_arid(arid), .m_axi_araddr(araddr),
    .m_axi_arlen(arlen), .m_axi_rvalid(rvalid), .m_axi_rready(rready), .m_axi_rid(rid),
    .m_axi_rdata(rdata), .m_axi_rresp(rresp)
  );

  // The other reader
  reg        other_q;
  reg [15:0] other_at_q;
  assign rd_valid[0] = other_q;
  assign rd_addr[31:0] = {22'd0, other_at_q[9:0]};
  assign rd_beats[7:0] = {6'd0, other_at_q[11:10]} + 8'd1;
  assign rsp_ready[0] = 1'b1;
  always @(posedge clk) begin
    if (rst) other_q <= 1'b0;
    else if (!other_q || rd_ready[0]) begin
      other_q <= random_q[7:0] < reader_load;
      other_at_q <= random_q[31:16];
    end
  end

  // Memory: what has been offered to it stays.
  wire [4:0] open, offered, taken, moved;
  reg  [4:0] waits_q;
  wire       aw_mem, w_mem, ar_mem, b_mem, r_mem;
  genvar g;
  generate
    for (g = 0; g < 5; g = g + 1) begin : g_open
      assign open[g] = random_q[5*g +: 8] >= axi_stall || waits_q[g];
    end
  endgenerate
  assign offered = {r_mem, b_mem, arvalid, wvalid, awvalid};
  assign taken = {rready, bready, ar_mem, w_mem, aw_mem};
  assign moved = offered & taken & open;
  always @(posedge clk) waits_q <= rst ? 5'd0 : offered & open & ~taken;
  assign {arready, wready, awready} = moved[2:0];
  assign bvalid = b_mem && open[3];
  assign rvalid = r_mem && open[4];

  wire [3:0]  unused_bid;
  wire        unused_rlast;
  wire [31:0] unused_read, unused_written;
  axi_memory #(
    .NAME("memory"), .DATA_WIDTH(W), .ADDR_WIDTH(40), .DEPTH(MEMORY_BEATS), .BASE(BASE_BYTE)
  ) u_memory (
    .clk(clk), .rst(rst), .read_latency(read_latency), .write_latency(write_latency),
    .bandwidth(bandwidth),
    .s_axi_awvalid(awvalid && open[0]), .s_axi_awready(aw_mem), .s_axi_awid(4'd1),
    .s_axi_awaddr(awaddr), .s_axi_awlen(awlen), .s_axi_awsize(OFFSET_BITS[2:0]),
    .s_axi_awburst(2'b01),
    .s_axi_wvalid(wvalid && open[1]), .s_axi_wready(w_mem), .s_axi_wdata(wdata),
    .s_axi_wstrb({BLOCK{1'b1}}), .s_axi_wlast(wlast),
    .s_axi_bvalid(b_mem), .s_axi_bready(bready && open[3]), .s_axi_bid(unused_bid),
    .s_axi_bresp(bresp),
    .s_axi_arvalid(arvalid && open[2]), .s_axi_arready(ar_mem), .s_axi_arid(arid),
    .s_axi_araddr(araddr), .s_axi_arlen(arlen), .s_axi_arsize(OFFSET_BITS[2:0]),
    .s_axi_arburst(2'b01),
    .s_axi_rvalid(r_mem), .s_axi_rready(rready && open[4]), .s_axi_rid(rid),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rlast(unused_rlast),
    .backdoor_read(t_read), .backdoor_write(t_write[1]), .backdoor_index(t_index),
    .backdoor_wdata(t_memory_data), .backdoor_rdata(a_memory_data), .dump(1'b0),
    .beats_read(unused_read), .beats_written(unused_written)
  );

  // Stash: access port, DMA, noise
  wire [2:0]     port_valid, port_ready, port_rsp;
  wire [3*W-1:0] port_data;
  wire [47:0]    port_exps;
  assign port_valid = {random_q[31:24] < stash_stall && stash_valid, stash_valid,
                       (t_read || t_write[0]) && t_index < STASH_BEATS};
  stash #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS), .N_PORTS(3)) u_stash (
    .clk(clk), .rst(rst), .req_valid(port_valid), .req_ready(port_ready),
    .req_we({1'b0, stash_we, t_write[0]}), .req_addr({stash_addr, stash_addr, t_index[15:0]}),
    .req_data({{W{1'b0}}, stash_data, t_stash_data}),
    .req_exps({16'd0, stash_exps, t_stash_exps}), .req_strb({3*BLOCK{1'b1}}),
    .rsp_valid(port_rsp), .rsp_data(port_data), .rsp_exps(port_exps)
  );
  assign stash_ready = port_ready[1];
  assign stash_rsp = port_rsp[1];
  assign stash_rsp_data = port_data[W +: W];
  assign stash_rsp_exps = port_exps[31:16];
  assign a_stash_data = port_data[0 +: W];
  assign a_stash_exps = port_exps[15:0];

  // Columns of all macros: (macro, set, column)
  localparam COLUMNS = N_MACROS * SETS * BLOCK;
  reg  [W+15:0] column [0:COLUMNS-1];
  wire [31:0]   at = ({28'd0, mw_macro} * SETS + {20'd0, mw_set}) * BLOCK + {24'd0, mw_index};
  wire          dropped = conflict_enable && mw_set == conflict_set;
  assign mw_ready = mw_valid && random_q[15:8] >= macro_stall;
  always @(posedge clk) begin
    mw_conflict <= !rst && mw_valid && mw_ready && dropped;
    if (!rst && mw_valid && mw_ready) begin
      if (mw_macro >= N_MACROS || {20'd0, mw_set} >= SETS || {24'd0, mw_index} >= BLOCK) begin
        $display("%0t dma_tb: write to macro %0d set %0d column %0d", $time, mw_macro, mw_set,
                 mw_index);
        $fatal;
      end
      if (!dropped) column[at] <= {mw_exps, mw_data};
    end
    if (t_write[2] && t_index < COLUMNS) column[t_index] <= {t_column_exps, t_column_data};
    if (t_read && t_index < COLUMNS) {a_column_exps, a_column_data} <= column[t_index];
  end

  // Handshakes. Cancel withdraws what waits for stash or macro.
  reg cancel_q;
  always @(posedge clk) cancel_q <= cancel;
  wire off = rst || cancel || cancel_q;
  stream_checker #(.NAME("stash"), .WIDTH(W + 33)) check_stash (
    .clk(clk), .rst(off), .valid(stash_valid), .ready(stash_ready),
    .payload({stash_we, stash_addr, stash_we ? {stash_exps, stash_data} : {(W+16){1'b0}}})
  );
  stream_checker #(.NAME("macro"), .WIDTH(W + 40)) check_macro (
    .clk(clk), .rst(off), .valid(mw_valid), .ready(mw_ready),
    .payload({mw_macro, mw_set, mw_index, mw_exps, mw_data})
  );
  stream_checker #(.NAME("read"), .WIDTH(40)) check_read (
    .clk(clk), .rst(rst), .valid(rd_valid[1]), .ready(rd_ready[1]),
    .payload({rd_addr[63:32], rd_beats[15:8]})
  );
endmodule

`default_nettype wire
