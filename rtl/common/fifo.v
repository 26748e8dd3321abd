// SPDX-License-Identifier: Apache-2.0
//
// fifo: synchronous first-word fall-through FIFO.
//
// Contract: words leave in the order in which they came, none lost, none repeated.
// Handshake: a word moves where valid and ready are both high at a rising edge. s_ready and
//   m_valid come from registers only: no combinational path crosses the FIFO, so s_ready is low
//   while it is full even when a word leaves in that cycle. m_data is stable while m_valid waits.
// Latency: a word pushed in cycle t is on m_data in cycle t+1. Rate: one word per cycle in and out
//   for DEPTH >= 2; DEPTH 1 alternates.
// Reset: rst empties it; words are not cleared.
// Cost: DEPTH x WIDTH flip-flops (or a small register file) and a DEPTH:1 read multiplexer of WIDTH
//   bits; two pointers and a counter of log2(DEPTH) bits each, rounded up.
`default_nettype none

module fifo #(
  parameter WIDTH = 32,  // bits per word, at least 1
  parameter DEPTH = 2    // words, at least 1, any integer
) (
  input  wire             clk,
  input  wire             rst,

  // in: valid may not wait for ready
  input  wire             s_valid,
  output wire             s_ready,
  input  wire [WIDTH-1:0] s_data,

  // out: payload is stable while stalled
  output wire             m_valid,
  input  wire             m_ready,
  output wire [WIDTH-1:0] m_data
);
  generate
    if (WIDTH < 1) begin : g_width
      fifo_WIDTH_must_be_at_least_1 rule ();
    end
    if (DEPTH < 1) begin : g_depth
      fifo_DEPTH_must_be_at_least_1 rule ();
    end
  endgenerate

  localparam INDEX_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
  localparam COUNT_BITS = $clog2(DEPTH + 1);
  // Truncated on purpose: the constants fit the registers that they meet.
  localparam [31:0] LAST_WORD = DEPTH - 1;
  localparam [31:0] FULL_WORD = DEPTH;
  localparam [INDEX_BITS-1:0] LAST = LAST_WORD[INDEX_BITS-1:0];
  localparam [COUNT_BITS-1:0] FULL = FULL_WORD[COUNT_BITS-1:0];
  localparam [INDEX_BITS-1:0] INDEX_ONE = 1;
  localparam [COUNT_BITS-1:0] COUNT_ONE = 1;

  reg [WIDTH-1:0] mem [0:DEPTH-1];
  reg [INDEX_BITS-1:0] write_q;
  reg [INDEX_BITS-1:0] read_q;
  reg [COUNT_BITS-1:0] count_q;

  wire push = s_valid && s_ready;
  wire pop = m_valid && m_ready;

  assign s_ready = count_q != FULL;
  assign m_valid = count_q != 0;
  assign m_data = mem[read_q];

  always @(posedge clk) begin
    if (push) mem[write_q] <= s_data;
  end

  always @(posedge clk) begin
    if (rst) begin
      write_q <= 0;
      read_q <= 0;
      count_q <= 0;
    end else begin
      if (push) write_q <= (write_q == LAST) ? {INDEX_BITS{1'b0}} : write_q + INDEX_ONE;
      if (pop) read_q <= (read_q == LAST) ? {INDEX_BITS{1'b0}} : read_q + INDEX_ONE;
      if (push && !pop) count_q <= count_q + COUNT_ONE;
      if (pop && !push) count_q <= count_q - COUNT_ONE;
    end
  end
endmodule

`default_nettype wire
