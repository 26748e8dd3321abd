// SPDX-License-Identifier: Apache-2.0
//
// vector_delay: a word delayed by a fixed number of steps.
//
// Contract: m_data in a step is the s_data of LATENCY steps earlier. It stands still without step.
//   The words of the first LATENCY steps are undefined; the user carries validity beside it.
// Cost: LATENCY x WIDTH bits as a ring in a register file, so that nothing shifts.
`default_nettype none

module vector_delay #(
  parameter WIDTH = 32,
  parameter LATENCY = 2  // steps, >= 2
) (
  input  wire             clk,
  input  wire             rst,
  input  wire             step,
  input  wire             s_valid,  // a word that nobody will ask for need not be stored
  input  wire [WIDTH-1:0] s_data,
  output reg  [WIDTH-1:0] m_data
);
  generate
    if (LATENCY < 2) begin : g_latency
      vector_delay_LATENCY_must_be_at_least_2 rule ();
    end
  endgenerate

  // The ring delays by LATENCY - 1 steps, the output register by one more.
  localparam WORDS = LATENCY - 1;
  localparam BITS = (WORDS > 1) ? $clog2(WORDS) : 1;
  localparam [31:0] LAST_WORD = WORDS - 1;
  localparam [BITS-1:0] LAST = LAST_WORD[BITS-1:0];

  reg [WIDTH-1:0] ring [0:WORDS-1];
  reg [BITS-1:0] at_q;

  always @(posedge clk) begin
    if (step) begin
      m_data <= ring[at_q];
      if (s_valid) ring[at_q] <= s_data;
    end
  end

  always @(posedge clk) begin
    if (rst) at_q <= 0;
    else if (step) at_q <= (at_q == LAST) ? {BITS{1'b0}} : at_q + 1'b1;
  end
endmodule

`default_nettype wire
