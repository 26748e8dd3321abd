// SPDX-License-Identifier: Apache-2.0
//
// adder_tree: the sum of many equal terms and one addend.
//
// Contract: sum = (sum of all terms + addend) mod 2^SUM_WIDTH. SIGNED = 1 takes the terms as two's
//   complement, 0 as unsigned. The addend, SUM_WIDTH bits wide, has no sign of its own.
// CARRY_SAVE = 1: words of full adders, oldest words first, down to two words and one
//   carry-propagate adder of WIDTH places or so. CARRY_SAVE = 0: a plain binary tree of `+`.
// Latency: REGISTER = 0: none. REGISTER = 1: one cycle, registers before the last addition, loaded
//   where en is high.
// Cost: one full adder per term bit in either form. The carry-save form has as many as the count of
//   bits demands if INPUTS is a power of two; another number costs as much as the next one. The
//   plain form has a carry chain per level. REGISTER: 2 * SUM_WIDTH flip-flops.
`default_nettype none

module adder_tree #(
  parameter INPUTS = 64,     // at least 1
  parameter WIDTH = 8,       // bits of a term, at least 1
  parameter SIGNED = 0,      // 0 or 1
  parameter CARRY_SAVE = 1,  // 0 or 1
  parameter REGISTER = 0,    // 0 or 1
  parameter SUM_WIDTH = 14   // at least WIDTH
) (
  input  wire                    clk,
  input  wire                    en,
  input  wire [INPUTS*WIDTH-1:0] terms,
  input  wire [SUM_WIDTH-1:0]    addend,
  output wire [SUM_WIDTH-1:0]    sum
);
  generate
    if (SUM_WIDTH < WIDTH) begin : g_sum_width
      adder_tree_SUM_WIDTH_must_be_at_least_WIDTH rule ();
    end
    if ((SIGNED | CARRY_SAVE | REGISTER) >> 1 != 0) begin : g_flags
      adder_tree_SIGNED_CARRY_SAVE_REGISTER_must_be_0_or_1 rule ();
    end
  endgenerate

  wire [SUM_WIDTH-1:0] left, right;  // their sum is the result

  generate
    if (INPUTS < 1) begin : g_inputs
      adder_tree_INPUTS_must_be_at_least_1 rule ();
    end else if (WIDTH < 1) begin : g_width
      adder_tree_WIDTH_must_be_at_least_1 rule ();
    end else if (CARRY_SAVE != 0) begin : g_carry_save
      // Group g holds words whose bits weigh 2^g and up. Three words of a group, oldest first,
      // enter full adders and leave one; the carries are a word of the next group. An odd number of
      // words enters a group, so one is left: its lowest bit is final, its others with the next bit
      // of the addend are the youngest word of the next group. The last group has two words.
      // Words of even groups are inverted, because full_adders inverts its carries.
      // A sign bit s weighs -2^(WIDTH-1): as (1 - s) * 2^(WIDTH-1), and a constant in the addend.
      localparam DEPTH = $clog2(INPUTS);
      localparam PADDED = 1 << DEPTH;
      localparam FULL = DEPTH + WIDTH;
      localparam [SUM_WIDTH+31:0] SIGN = (SIGNED != 0) ? 1 << (WIDTH - 1) : 0;
      localparam [SUM_WIDTH+31:0] OFFSET = -({{SUM_WIDTH{1'b0}}, INPUTS[31:0]} * SIGN);

      wire [SUM_WIDTH-1:0] corrected = addend + OFFSET[SUM_WIDTH-1:0];
      wire [SUM_WIDTH+FULL-1:0] base = {{FULL{1'b0}}, corrected};
      /* verilator lint_off UNUSEDSIGNAL */  // places from SUM_WIDTH on leave the sum
      wire [SUM_WIDTH+FULL-1:0] first, second;
      /* verilator lint_on UNUSEDSIGNAL */
      genvar g, i;
      for (g = 0; g <= DEPTH; g = g + 1) begin : g_group
        localparam WORDS = (PADDED >> g) + 1;
        localparam ADDERS = PADDED >> (g + 1);
        localparam BELOW = 2 * PADDED / (1 << g) + 1;  // words that enter the group below
        localparam INVERTED = (g + 1) % 2;

        for (i = 0; i < WORDS + ADDERS; i = i + 1) begin : g_word
          wire [WIDTH-1:0] word;
          if (i >= WORDS) begin : g_adder
            wire [WIDTH-1:0] carry;
            full_adders #(
              .WIDTH(WIDTH),
              .SUM_INVERTED((i == WORDS + ADDERS - 1) ? 1 : 0)
            ) adders (
              .a(g_word[3*(i-WORDS)].word),
              .b(g_word[3*(i-WORDS)+1].word),
              .c(g_word[3*(i-WORDS)+2].word),
              .sum(word),
              .carry_n(carry)
            );
          end else if (g == 0 && i < INPUTS) begin : g_term
            assign word = ~(terms[i*WIDTH +: WIDTH] ^ SIGN[WIDTH-1:0]);
          end else if (g == 0 && i < PADDED) begin : g_padding
            assign word = {WIDTH{1'b1}};
          end else if (g == 0) begin : g_addend
            assign word = ~base[WIDTH-1:0];
          end else if (i < WORDS - 1) begin : g_carry
            assign word = g_group[g-1].g_word[BELOW+i].g_adder.carry;
          end else begin : g_rest
            wire [WIDTH-1:0] left_over = g_group[g-1].g_word[BELOW+i-1].word;
            /* verilator lint_off UNUSEDSIGNAL */  // its lowest bit goes to `first`
            wire [WIDTH:0] extended = {base[g+WIDTH-1] ^ (INVERTED != 0), left_over};
            /* verilator lint_on UNUSEDSIGNAL */
            assign word = extended[WIDTH:1];
            assign first[g-1] = left_over[0] ^ (INVERTED != 0);
          end
        end
      end

      wire [WIDTH-1:0] final_0 = g_group[DEPTH].g_word[0].word;
      wire [WIDTH-1:0] final_1 = g_group[DEPTH].g_word[1].word;
      localparam INVERTED = (DEPTH + 1) % 2;
      assign first[SUM_WIDTH+FULL-1:DEPTH] = {base[SUM_WIDTH+FULL-1:FULL],
                                              (INVERTED != 0) ? ~final_1 : final_1};
      assign second = {{SUM_WIDTH + DEPTH{1'b0}},
                       (INVERTED != 0) ? ~final_0 : final_0} << DEPTH;
      assign left = first[SUM_WIDTH-1:0];
      assign right = second[SUM_WIDTH-1:0];
    end else begin : g_plain
      genvar level, i;
      for (level = 0; level <= $clog2(INPUTS); level = level + 1) begin : g_level
        localparam WORDS = (INPUTS + (1 << level) - 1) >> level;
        localparam BITS = WIDTH + level;
        wire [WORDS*BITS-1:0] words;
        if (level == 0) begin : g_terms
          assign words = terms;
        end else begin : g_sums
          localparam BELOW = (INPUTS + (1 << (level - 1)) - 1) >> (level - 1);
          for (i = 0; i < WORDS; i = i + 1) begin : g_sum
            wire [BITS-2:0] a = g_level[level-1].words[2*i*(BITS-1) +: BITS-1];
            if (2 * i + 1 < BELOW) begin : g_two
              wire [BITS-2:0] b = g_level[level-1].words[(2*i+1)*(BITS-1) +: BITS-1];
              assign words[i*BITS +: BITS] = {SIGNED != 0 && a[BITS-2], a} +
                                             {SIGNED != 0 && b[BITS-2], b};
            end else begin : g_one
              assign words[i*BITS +: BITS] = {SIGNED != 0 && a[BITS-2], a};
            end
          end
        end
      end
      localparam ROOT = WIDTH + $clog2(INPUTS);
      if (SUM_WIDTH > ROOT) begin : g_extend
        wire top = SIGNED != 0 && g_level[$clog2(INPUTS)].words[ROOT-1];
        assign left = {{SUM_WIDTH - ROOT{top}}, g_level[$clog2(INPUTS)].words};
      end else begin : g_cut
        assign left = g_level[$clog2(INPUTS)].words[SUM_WIDTH-1:0];
      end
      assign right = addend;
    end

    if (REGISTER != 0) begin : g_register
      reg [SUM_WIDTH-1:0] left_q, right_q;
      always @(posedge clk) begin
        if (en) begin
          left_q <= left;
          right_q <= right;
        end
      end
      assign sum = left_q + right_q;
    end else begin : g_direct
      wire unused = &{1'b0, clk, en};
      assign sum = left + right;
    end
  endgenerate
endmodule

`default_nettype wire
