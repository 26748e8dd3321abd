// SPDX-License-Identifier: Apache-2.0
//
// dimc_results: sums of a tile, from the GROUPS beats that the adders give at once to the result
//   port's one beat per cycle.
//
// Contract: each word holds GROUPS beats, or with s_full = 0 only one, in its lower bits. Beats
//   leave in order, numbered by s_word * GROUPS and their place in the word; m_last marks the final
//   beat of a word with s_last.
// Handshake: s_ready comes from registers. m_valid and the payload pass through combinationally
//   while nothing is stored; a word that does not leave at once is stored.
// Latency: 0 cycles. Rate: GROUPS beats per cycle in until the storage is full, one out.
// Cost: one word of storage for one group (a skid buffer), three for two: a tile of 8 beats comes
//   in 4 cycles, in which 4 of its beats leave.
`default_nettype none

module dimc_results #(
  parameter WIDTH = 512,  // bits per beat
  parameter TAG_BITS = 8,
  parameter GROUPS = 1    // 1 or 2
) (
  input  wire                    clk,
  input  wire                    rst,

  input  wire                    s_valid,
  output wire                    s_ready,
  input  wire [GROUPS*WIDTH-1:0] s_data,
  input  wire                    s_full,
  input  wire [2:0]              s_word,
  input  wire                    s_last,
  input  wire [TAG_BITS-1:0]     s_tag,

  output wire                    m_valid,
  input  wire                    m_ready,
  output wire [WIDTH-1:0]        m_data,
  output wire [2:0]              m_index,
  output wire                    m_last,
  output wire [TAG_BITS-1:0]     m_tag
);
  generate
    if (GROUPS != 1 && GROUPS != 2) begin : g_groups
      dimc_results_GROUPS_must_be_1_or_2 rule ();
    end
    if (WIDTH < 1) begin : g_width
      dimc_results_WIDTH_must_be_at_least_1 rule ();
    end
    if (TAG_BITS < 1) begin : g_tag
      dimc_results_TAG_BITS_must_be_at_least_1 rule ();
    end
  endgenerate

  localparam WORD = TAG_BITS + 5 + GROUPS * WIDTH;

  wire stored;
  wire [WORD-1:0] stored_word;
  wire [WORD-1:0] new_word = {s_tag, s_last, s_full, s_word, s_data};

  wire [GROUPS*WIDTH-1:0] data;
  wire [2:0] word;
  wire full, last;
  assign {m_tag, last, full, word, data} = stored ? stored_word : new_word;

  wire word_done;  // this beat is the last of its word
  wire taken = m_valid && m_ready && word_done;

  assign m_valid = stored || s_valid;
  assign m_last = last && word_done;

  fifo #(
    .WIDTH(WORD),
    .DEPTH((GROUPS == 1) ? 1 : 3)
  ) words (
    .clk(clk),
    .rst(rst),
    .s_valid(s_valid && (stored || !taken)),
    .s_ready(s_ready),
    .s_data(new_word),
    .m_valid(stored),
    .m_ready(taken),
    .m_data(stored_word)
  );

  generate
    if (GROUPS == 1) begin : g_one
      wire unused = &{1'b0, full};
      assign word_done = 1'b1;
      assign m_data = data;
      assign m_index = word;
    end else begin : g_two
      reg second_q;  // the word's first beat has left

      assign word_done = second_q || !full;
      assign m_data = second_q ? data[2*WIDTH-1:WIDTH] : data[WIDTH-1:0];
      assign m_index = {word[1:0], second_q};
      wire unused = &{1'b0, word[2]};

      always @(posedge clk) begin
        if (rst) second_q <= 1'b0;
        else if (m_valid && m_ready) second_q <= !word_done;
      end
    end
  endgenerate
endmodule

`default_nettype wire
