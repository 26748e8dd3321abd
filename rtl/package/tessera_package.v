// SPDX-License-Identifier: Apache-2.0
//
// tessera_package: N_CHIPLETS chiplets, every pair joined by a die-to-die link.
//
// Contract: docs/package.md. One AXI4-Lite host port with a level interrupt (chiplet 0 serves it),
//   one AXI4 memory port per chiplet, flattened with chiplet 0 in the lowest bits. The trace ports
//   show the completion record of every command (docs/architecture.md).
// Handshake: AXI4 and AXI4-Lite; trace has none.
// channel_control goes to every d2d_channel: simulation settings, unused by the wires that are
// synthesised.
// Cost: see rtl/package/configs.toml for the parameters.
`default_nettype none

module tessera_package #(
  parameter N_CHIPLETS = 2,
  parameter N_MACROS = 2,
  parameter BLOCK = 64,
  parameter SETS = 64,
  parameter STASH_BEATS = 16384,
  parameter CHANNEL_BITS = 1
) (
  input  wire                          clk,
  input  wire                          rst,
  output wire                          irq,
  input  wire [CHANNEL_BITS-1:0]       channel_control,

  // host
  input  wire                          s_axil_awvalid,
  output wire                          s_axil_awready,
  input  wire [11:0]                   s_axil_awaddr,
  input  wire                          s_axil_wvalid,
  output wire                          s_axil_wready,
  input  wire [31:0]                   s_axil_wdata,
  output wire                          s_axil_bvalid,
  input  wire                          s_axil_bready,
  output wire [1:0]                    s_axil_bresp,
  input  wire                          s_axil_arvalid,
  output wire                          s_axil_arready,
  input  wire [11:0]                   s_axil_araddr,
  output wire                          s_axil_rvalid,
  input  wire                          s_axil_rready,
  output wire [31:0]                   s_axil_rdata,
  output wire [1:0]                    s_axil_rresp,

  // memory
  output wire [N_CHIPLETS-1:0]         m_axi_awvalid,
  input  wire [N_CHIPLETS-1:0]         m_axi_awready,
  output wire [40*N_CHIPLETS-1:0]      m_axi_awaddr,
  output wire [8*N_CHIPLETS-1:0]       m_axi_awlen,
  output wire [N_CHIPLETS-1:0]         m_axi_wvalid,
  input  wire [N_CHIPLETS-1:0]         m_axi_wready,
  output wire [8*BLOCK*N_CHIPLETS-1:0] m_axi_wdata,
  output wire [N_CHIPLETS-1:0]         m_axi_wlast,
  input  wire [N_CHIPLETS-1:0]         m_axi_bvalid,
  output wire [N_CHIPLETS-1:0]         m_axi_bready,
  input  wire [2*N_CHIPLETS-1:0]       m_axi_bresp,
  output wire [N_CHIPLETS-1:0]         m_axi_arvalid,
  input  wire [N_CHIPLETS-1:0]         m_axi_arready,
  output wire [4*N_CHIPLETS-1:0]       m_axi_arid,
  output wire [40*N_CHIPLETS-1:0]      m_axi_araddr,
  output wire [8*N_CHIPLETS-1:0]       m_axi_arlen,
  input  wire [N_CHIPLETS-1:0]         m_axi_rvalid,
  output wire [N_CHIPLETS-1:0]         m_axi_rready,
  input  wire [4*N_CHIPLETS-1:0]       m_axi_rid,
  input  wire [8*BLOCK*N_CHIPLETS-1:0] m_axi_rdata,
  input  wire [2*N_CHIPLETS-1:0]       m_axi_rresp,

  // completion records
  output wire [N_CHIPLETS-1:0]         trace_valid,
  output wire [5*N_CHIPLETS-1:0]       trace_queue,
  output wire [4*N_CHIPLETS-1:0]       trace_opcode,
  output wire [16*N_CHIPLETS-1:0]      trace_sequence,
  output wire [32*N_CHIPLETS-1:0]      trace_signature,

  // observation: engines at work (queue order), flits replayed, control core asleep
  output wire [16*N_CHIPLETS-1:0]      engine_busy,
  output wire [32*N_CHIPLETS-1:0]      link_replays,
  output wire [N_CHIPLETS-1:0]         core_sleep
);
  generate
    if (N_CHIPLETS < 1 || N_CHIPLETS > 8) begin : g_chiplets
      tessera_package_N_CHIPLETS_must_be_1_to_8 rule ();
    end
  endgenerate

  localparam LANE = 4 * BLOCK + 16;

  // Words between host and chiplet 0; other chiplets have no host.
  wire        in_valid, in_pop, out_valid, out_ready, doorbell;
  wire [31:0] in_data, out_data, status, error, error_info;

  host_port #(.BLOCK(BLOCK), .N_MACROS(N_MACROS), .N_CHIPLETS(N_CHIPLETS)) u_host (
    .clk(clk), .rst(rst), .irq(irq),
    .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_awaddr(s_axil_awaddr),
    .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_wdata(s_axil_wdata),
    .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready), .s_axil_bresp(s_axil_bresp),
    .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_araddr(s_axil_araddr),
    .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready), .s_axil_rdata(s_axil_rdata),
    .s_axil_rresp(s_axil_rresp),
    .in_valid(in_valid), .in_data(in_data), .in_pop(in_pop),
    .out_valid(out_valid), .out_ready(out_ready), .out_data(out_data),
    .doorbell(doorbell), .status(status), .error(error), .error_info(error_info)
  );

  // lane_tx[c*N_CHIPLETS + p]: from chiplet c to chiplet p, with the clock of chiplet c.
  wire [LANE-1:0] lane_tx [0:N_CHIPLETS*N_CHIPLETS-1];
  wire [LANE-1:0] lane_rx [0:N_CHIPLETS*N_CHIPLETS-1];

  genvar c, p;
  generate
    for (c = 0; c < N_CHIPLETS; c = c + 1) begin : g_chiplet
      wire [LANE*N_CHIPLETS-1:0] tx_lanes, rx_lanes;
      wire        c_in_pop, c_out_valid;
      wire [31:0] c_out_data, c_status, c_error, c_error_info;

      chiplet #(
        .CHIPLET(c), .N_CHIPLETS(N_CHIPLETS), .N_MACROS(N_MACROS), .BLOCK(BLOCK), .SETS(SETS),
        .STASH_BEATS(STASH_BEATS)
      ) u_chiplet (
        .clk(clk), .rst(rst),
        .host_in_valid(c == 0 && in_valid), .host_in_data(in_data), .host_in_pop(c_in_pop),
        .host_out_valid(c_out_valid), .host_out_ready(c == 0 && out_ready),
        .host_out_data(c_out_data), .host_doorbell(c == 0 && doorbell),
        .host_status(c_status), .host_error(c_error), .host_error_info(c_error_info),
        .m_axi_awvalid(m_axi_awvalid[c]), .m_axi_awready(m_axi_awready[c]),
        .m_axi_awaddr(m_axi_awaddr[40*c +: 40]), .m_axi_awlen(m_axi_awlen[8*c +: 8]),
        .m_axi_wvalid(m_axi_wvalid[c]), .m_axi_wready(m_axi_wready[c]),
        .m_axi_wdata(m_axi_wdata[8*BLOCK*c +: 8*BLOCK]), .m_axi_wlast(m_axi_wlast[c]),
        .m_axi_bvalid(m_axi_bvalid[c]), .m_axi_bready(m_axi_bready[c]),
        .m_axi_bresp(m_axi_bresp[2*c +: 2]),
        .m_axi_arvalid(m_axi_arvalid[c]), .m_axi_arready(m_axi_arready[c]),
        .m_axi_arid(m_axi_arid[4*c +: 4]), .m_axi_araddr(m_axi_araddr[40*c +: 40]),
        .m_axi_arlen(m_axi_arlen[8*c +: 8]),
        .m_axi_rvalid(m_axi_rvalid[c]), .m_axi_rready(m_axi_rready[c]),
        .m_axi_rid(m_axi_rid[4*c +: 4]), .m_axi_rdata(m_axi_rdata[8*BLOCK*c +: 8*BLOCK]),
        .m_axi_rresp(m_axi_rresp[2*c +: 2]),
        .lane_tx(tx_lanes), .rx_clk({N_CHIPLETS{clk}}), .lane_rx(rx_lanes),
        .trace_valid(trace_valid[c]), .trace_queue(trace_queue[5*c +: 5]),
        .trace_opcode(trace_opcode[4*c +: 4]), .trace_sequence(trace_sequence[16*c +: 16]),
        .trace_signature(trace_signature[32*c +: 32]),
        .engine_busy(engine_busy[16*c +: 16]), .link_replays(link_replays[32*c +: 32]),
        .core_sleep(core_sleep[c])
      );

      if (c == 0) begin : g_host
        assign in_pop = c_in_pop;
        assign out_valid = c_out_valid;
        assign out_data = c_out_data;
        assign status = c_status;
        assign error = c_error;
        assign error_info = c_error_info;
      end else begin : g_no_host
        wire unused_host = &{1'b0, c_in_pop, c_out_valid, c_out_data, c_status, c_error,
                             c_error_info};
      end

      for (p = 0; p < N_CHIPLETS; p = p + 1) begin : g_lanes
        assign lane_tx[c*N_CHIPLETS + p] = tx_lanes[LANE*p +: LANE];
        if (p == c) begin : g_self
          assign rx_lanes[LANE*p +: LANE] = {LANE{1'b0}};
          assign lane_rx[c*N_CHIPLETS + p] = {LANE{1'b0}};
          wire unused_self = &{1'b0, channel_control, lane_tx[c*N_CHIPLETS + p],
                               lane_rx[c*N_CHIPLETS + p]};
        end else begin : g_peer
          assign rx_lanes[LANE*p +: LANE] = lane_rx[p*N_CHIPLETS + c];
          d2d_channel #(
            .LANE_BITS(LANE), .INDEX(c*N_CHIPLETS + p), .CONTROL_BITS(CHANNEL_BITS)
          ) u_channel (
            .clk(clk), .rst(rst), .control(channel_control),
            .tx(lane_tx[c*N_CHIPLETS + p]), .rx(lane_rx[c*N_CHIPLETS + p])
          );
        end
      end
    end
  endgenerate
endmodule

`default_nettype wire
