// SPDX-License-Identifier: Apache-2.0
//
// stash: the chiplet's scratch memory, BANKS single-port banks interleaved by beat.
//
// Contract: beat a lies in bank a mod BANKS. Each bank serves one request per cycle, chosen round
//   robin among the ports that ask for it, so a port waits for at most N_PORTS-1 others. A write is
//   visible to every request accepted in a later cycle. req_strb enables data bytes; the exponents
//   are written when all bits are set. Address bits beyond the memory are ignored: clients check.
// Handshake: a request moves where req_valid and req_ready are high; req_ready is combinational in
//   req_valid and req_addr. Responses to reads come in order and cannot be stalled; rsp_data and
//   rsp_exps are zero in other cycles.
// Latency: a read accepted in cycle t answers in cycle t+1. `rst` forgets outstanding responses and
//   leaves the memory as it is.
// Cost: BANKS memories of STASH_BEATS/BANKS x (8*BLOCK+16) bits, a request multiplexer of N_PORTS
//   inputs per bank and a response multiplexer of BANKS inputs per port.
`default_nettype none

module stash #(
  parameter BLOCK = 64,           // data bytes per beat
  parameter STASH_BEATS = 16384,  // a power of two
  parameter N_PORTS = 4,          // 1 to 64
  parameter BANKS = 16            // a power of two, 2 to STASH_BEATS/2
) (
  input  wire                       clk,
  input  wire                       rst,

  // requests, port p in slice p of each vector
  input  wire [N_PORTS-1:0]         req_valid,
  output reg  [N_PORTS-1:0]         req_ready,
  input  wire [N_PORTS-1:0]         req_we,
  input  wire [16*N_PORTS-1:0]      req_addr,
  input  wire [8*BLOCK*N_PORTS-1:0] req_data,
  input  wire [16*N_PORTS-1:0]      req_exps,
  input  wire [BLOCK*N_PORTS-1:0]   req_strb,

  // responses to reads
  output wire [N_PORTS-1:0]         rsp_valid,
  output reg  [8*BLOCK*N_PORTS-1:0] rsp_data,
  output reg  [16*N_PORTS-1:0]      rsp_exps
);
  localparam BANK_BITS = $clog2(BANKS);
  localparam ADDR_BITS = $clog2(STASH_BEATS);
  localparam ROWS = STASH_BEATS / BANKS;
  localparam ROW_BITS = ADDR_BITS - BANK_BITS;
  localparam PORT_BITS = (N_PORTS > 1) ? $clog2(N_PORTS) : 1;
  localparam WIDTH = 8 * BLOCK;

  generate
    if (BANKS < 2 || (1 << BANK_BITS) != BANKS) begin : g_banks
      stash_BANKS_must_be_a_power_of_two_from_2 rule ();
    end
    if (STASH_BEATS < 2 * BANKS || STASH_BEATS > 65536) begin : g_beats
      stash_STASH_BEATS_must_be_2_BANKS_to_65536 rule ();
    end
    if ((1 << ADDR_BITS) != STASH_BEATS) begin : g_power
      stash_STASH_BEATS_must_be_a_power_of_two rule ();
    end
    if (N_PORTS < 1 || N_PORTS > 64) begin : g_ports
      stash_N_PORTS_must_be_1_to_64 rule ();
    end
  endgenerate

  // Arbitration: per bank the first requester after the last winner, else the first of all.
  reg [BANKS*PORT_BITS-1:0]   last_q;    // last winner of each bank
  reg [BANKS-1:0]             busy;      // bank has a requester
  reg [BANKS-1:0]             after;     // its winner comes after the last one
  reg [BANKS*PORT_BITS-1:0]   winner;
  reg [BANK_BITS-1:0]         bank;
  integer p;
  always @* begin
    busy = {BANKS{1'b0}};
    after = {BANKS{1'b0}};
    winner = last_q;
    bank = {BANK_BITS{1'b0}};
    req_ready = {N_PORTS{1'b0}};
    for (p = 0; p < N_PORTS; p = p + 1) begin
      if (req_valid[p]) begin
        bank = req_addr[16*p +: BANK_BITS];
        if (!after[bank]) begin
          if (p[PORT_BITS-1:0] > last_q[bank*PORT_BITS +: PORT_BITS]) begin
            after[bank] = 1'b1;
            winner[bank*PORT_BITS +: PORT_BITS] = p[PORT_BITS-1:0];
          end else if (!busy[bank]) begin
            winner[bank*PORT_BITS +: PORT_BITS] = p[PORT_BITS-1:0];
          end
        end
        busy[bank] = 1'b1;
      end
    end
    for (p = 0; p < N_PORTS; p = p + 1) begin
      if (req_valid[p]) begin
        req_ready[p] = winner[req_addr[16*p +: BANK_BITS]*PORT_BITS +: PORT_BITS]
                       == p[PORT_BITS-1:0];
      end
    end
  end

  always @(posedge clk) begin
    if (rst) last_q <= {(BANKS*PORT_BITS){1'b0}};
    else last_q <= winner;
  end

  // Banks: the output register changes with reads only.
  wire [BANKS*WIDTH-1:0] bank_data;
  wire [BANKS*16-1:0]    bank_exps;
  genvar b;
  generate
    for (b = 0; b < BANKS; b = b + 1) begin : g_bank
      reg [WIDTH+15:0] mem [0:ROWS-1];
      reg [WIDTH+15:0] out_q;
      wire [PORT_BITS-1:0] port = winner[b*PORT_BITS +: PORT_BITS];
      wire [ROW_BITS-1:0] row = req_addr[16*port + BANK_BITS +: ROW_BITS];
      wire [BLOCK-1:0] strb = req_strb[BLOCK*port +: BLOCK];
      assign {bank_exps[16*b +: 16], bank_data[WIDTH*b +: WIDTH]} = out_q;
      reg [WIDTH-1:0] data;
      integer i;
      /* verilator lint_off BLKSEQ */  // data: one multiplexer, evaluated for writes only
      always @(posedge clk) begin
        if (busy[b]) begin
          if (!req_we[port]) begin
            out_q <= mem[row];
          end else begin
            data = req_data[WIDTH*port +: WIDTH];
            if (&strb) begin
              mem[row] <= {req_exps[16*port +: 16], data};
            end else begin
              for (i = 0; i < BLOCK; i = i + 1) begin
                if (strb[i]) mem[row][8*i +: 8] <= data[8*i +: 8];
              end
            end
          end
        end
      end
      /* verilator lint_on BLKSEQ */
    end
  endgenerate

  // Responses
  reg [N_PORTS-1:0]           rsp_valid_q;
  reg [N_PORTS*BANK_BITS-1:0] rsp_bank_q;
  assign rsp_valid = rsp_valid_q;
  integer q;
  always @(posedge clk) begin
    if (rst) rsp_valid_q <= {N_PORTS{1'b0}};
    else rsp_valid_q <= req_valid & req_ready & ~req_we;
    for (q = 0; q < N_PORTS; q = q + 1) begin
      if (req_valid[q]) rsp_bank_q[q*BANK_BITS +: BANK_BITS] <= req_addr[16*q +: BANK_BITS];
    end
  end

  reg [BANK_BITS-1:0] from;
  integer r;
  always @* begin
    from = {BANK_BITS{1'b0}};
    rsp_data = 0;
    rsp_exps = {(16*N_PORTS){1'b0}};
    for (r = 0; r < N_PORTS; r = r + 1) begin
      if (rsp_valid_q[r]) begin
        from = rsp_bank_q[r*BANK_BITS +: BANK_BITS];
        rsp_data[WIDTH*r +: WIDTH] = bank_data[WIDTH*from +: WIDTH];
        rsp_exps[16*r +: 16] = bank_exps[16*from +: 16];
      end
    end
  end
endmodule

`default_nettype wire
