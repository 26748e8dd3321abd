// SPDX-License-Identifier: Apache-2.0
//
// drain_props: a link_receiver at one port of the stash and one input of the dispatcher's record
//   arbiter takes every beat within a bounded time, whatever all other ports and sources do: what a
//   link delivers never waits for an engine, a command or another link.
//
// Beats, requests and records are free; a beat that is offered stays (rx_buffer_props).
`default_nettype none

module drain_props #(
  parameter PORTS = 4,     // of the stash
  parameter PORT = 1,      // the receiver's
  parameter SOURCES = 4,   // of records: queues and receivers
  parameter SOURCE = 2     // the receiver's
) (
  input wire                clk,
  input wire                rst,
  input wire                rx_valid,
  input wire [15:0]         rx_addr,
  input wire [31:0]         rx_data,
  input wire [15:0]         rx_exps,
  input wire                rx_first,
  input wire                rx_last,
  input wire                rx_empty,
  input wire [15:0]         rx_meta,
  input wire [PORTS-1:0]    others_valid,
  input wire [PORTS-1:0]    others_we,
  input wire [16*PORTS-1:0] others_addr,
  input wire [4*PORTS-1:0]  others_strb,
  input wire [SOURCES-1:0]  others_record
);
  localparam BEATS = 4;
  localparam BANKS = 2;
  localparam [PORTS-1:0] MY_PORT = 1 << PORT;
  localparam [SOURCES-1:0] MY_SOURCE = 1 << SOURCE;

  wire rx_ready, req_valid, done_valid;
  wire [15:0] req_addr;
  wire [PORTS-1:0] port_ready;
  wire [SOURCES-1:0] grant;

  link_receiver #(.BLOCK(4), .STASH_BEATS(BEATS)) dut (
    .clk(clk), .rst(rst), .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_addr(rx_addr),
    .rx_data(rx_data), .rx_exps(rx_exps), .rx_first(rx_first), .rx_last(rx_last),
    .rx_empty(rx_empty), .rx_meta(rx_meta), .req_valid(req_valid),
    .req_ready(port_ready[PORT]), .req_addr(req_addr), .done_valid(done_valid),
    .done_ready(grant[SOURCE]));

  wire [PORTS-1:0] valid = (others_valid & ~MY_PORT) | (req_valid ? MY_PORT : {PORTS{1'b0}});
  wire [16*PORTS-1:0] mask = {{(16*PORTS-16){1'b0}}, 16'hFFFF} << 16*PORT;
  wire [16*PORTS-1:0] mine = {{(16*PORTS-16){1'b0}}, req_addr} << 16*PORT;
  stash #(.BLOCK(4), .STASH_BEATS(BEATS), .N_PORTS(PORTS), .BANKS(BANKS)) memory (
    .clk(clk), .rst(rst), .req_valid(valid), .req_ready(port_ready), .req_we(others_we | MY_PORT),
    .req_addr((others_addr & ~mask) | mine), .req_data({32*PORTS{1'b0}}),
    .req_exps({16*PORTS{1'b0}}), .req_strb(others_strb));

  // As the dispatcher has it: a record leaves in every cycle in which there is one.
  arbiter #(.N(SOURCES)) records (
    .clk(clk), .rst(rst), .accept(1'b1), .grant(grant),
    .req((others_record & ~MY_SOURCE) | (done_valid ? MY_SOURCE : {SOURCES{1'b0}})));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  reg        waits;
  reg [33:0] before;
  wire [33:0] offer = {rx_addr, rx_meta, rx_last, rx_empty};
  always @(posedge clk) begin
    waits <= rx_valid && !rx_ready && !rst;
    before <= offer;
  end
  always @* if (waits) assume (rx_valid && offer == before);

  reg [7:0] waited;     // cycles that the beat has been offered
  reg [7:0] reporting;  // cycles that a report has waited
  always @(posedge clk) begin
    waited <= (rst || !rx_valid || rx_ready) ? 8'd0 : waited + 8'd1;
    reporting <= (rst || !done_valid || grant[SOURCE]) ? 8'd0 : reporting + 8'd1;
  end
  always @* if (started) begin
    // A report waits for one record of each other source, a beat for a report and for one request
    // of each other port.
    assert (reporting < SOURCES);
    assert (waited < PORTS + SOURCES);
  end

  // ---- induction: how far the round robins have come
  (* hierconn *) wire [7:0] \records.first_q ;
  (* hierconn *) wire [SOURCES-1:0] \records.held_q ;
  (* hierconn *) wire [BANKS*$clog2(PORTS)-1:0] \memory.last_q ;
  localparam PORT_BITS = $clog2(PORTS);
  wire [PORT_BITS-1:0] last = \memory.last_q [req_addr[0]*PORT_BITS +: PORT_BITS];
  // Ports, and sources, that go before the receiver at most.
  wire [7:0] ports_ahead = (PORT > last) ? PORT - last - 1 : PORT + PORTS - last - 1;
  wire [7:0] sources_ahead = (SOURCE >= \records.first_q ) ? SOURCE - \records.first_q :
                             SOURCE + SOURCES - \records.first_q ;
  always @* if (started) begin
    assert (\records.held_q == 0 && \records.first_q <= SOURCES);
    assert (\memory.last_q [0 +: PORT_BITS] < PORTS);
    assert (\memory.last_q [PORT_BITS +: PORT_BITS] < PORTS);
    assert (waits == (waited != 0) && (done_valid || reporting == 0));
    if (done_valid) assert (reporting + sources_ahead < SOURCES);
    if (waits) begin
      if (done_valid) assert (waited <= reporting);
      else assert (waited + ports_ahead < PORTS + SOURCES);
    end
  end
endmodule

`default_nettype wire
