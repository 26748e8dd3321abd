// SPDX-License-Identifier: Apache-2.0
//
// skid_buffer: cuts the ready path of a stream at the cost of one word of storage.
//
// Contract: words leave in the order in which they came, none lost, none repeated.
// Handshake: s_ready comes from a register. m_valid and m_data pass through combinationally while
//   the buffer is empty; the word that arrives in the cycle in which m_ready falls is kept.
// Latency: 0 cycles. Rate: one word per cycle. For a stream cut in both directions use a fifo of
//   depth 2.
// Reset: rst empties it; the word is not cleared.
// Cost: WIDTH + 1 flip-flops and a 2:1 multiplexer.
`default_nettype none

module skid_buffer #(
  parameter WIDTH = 32  // bits per word, at least 1
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
      skid_buffer_WIDTH_must_be_at_least_1 rule ();
    end
  endgenerate

  reg full_q;
  reg [WIDTH-1:0] kept_q;

  assign s_ready = !full_q;
  assign m_valid = full_q || s_valid;
  assign m_data = full_q ? kept_q : s_data;

  always @(posedge clk) begin
    if (rst) full_q <= 1'b0;
    else if (full_q) full_q <= !m_ready;
    else full_q <= s_valid && !m_ready;
  end

  always @(posedge clk) begin
    if (!full_q && s_valid && !m_ready) kept_q <= s_data;
  end
endmodule

`default_nettype wire
