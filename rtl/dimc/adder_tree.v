// SPDX-License-Identifier: Apache-2.0
//
// adder_tree: the sum of many equal terms and one addend.
//
// Contract: sum = (sum of all terms + addend) mod 2^SUM_WIDTH. SIGNED = 1 takes the terms as two's
//   complement, 0 as unsigned. The addend, SUM_WIDTH bits wide, has no sign of its own.
// CARRY_SAVE = 1: full adders reduce each binary place to at most two bits, oldest bits first;
//   one carry-propagate adder at the root. CARRY_SAVE = 0: a plain binary tree of `+`.
// Latency: REGISTER = 0: none. REGISTER = 1: one cycle, registers before the last addition, loaded
//   where en is high.
// Cost: about one full adder per term bit in either form; the carry-save form has one carry chain
//   of SUM_WIDTH places, the plain form one per level. REGISTER: 2 * SUM_WIDTH flip-flops.
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
    if (INPUTS < 1) begin : g_inputs
      adder_tree_INPUTS_must_be_at_least_1 rule ();
    end
    if (WIDTH < 1) begin : g_width
      adder_tree_WIDTH_must_be_at_least_1 rule ();
    end
    if (SUM_WIDTH < WIDTH) begin : g_sum_width
      adder_tree_SUM_WIDTH_must_be_at_least_WIDTH rule ();
    end
  endgenerate

  wire [SUM_WIDTH-1:0] left, right;  // their sum is the result

  generate
    if (CARRY_SAVE != 0) begin : g_carry_save
      // A sign bit s weighs -2^(WIDTH-1): as (1 - s) * 2^(WIDTH-1) - 2^(WIDTH-1) it is a bit like
      // all others and a constant, which joins the tree as one more word.
      localparam [63:0] OFFSET = -({32'd0, INPUTS[31:0]} << (WIDTH - 1));
      genvar place, t;
      for (place = 0; place < SUM_WIDTH; place = place + 1) begin : g_place
        localparam OWN = ((place < WIDTH) ? INPUTS : 0) + 1 + ((SIGNED != 0) ? 1 : 0);
        localparam BITS = OWN + adders(place - 1);  // with the carries from the place below
        localparam ADDERS = adders(place);

        wire [BITS-1:0] entering;
        reg [BITS+ADDERS-1:0] queue;
        /* verilator lint_off UNUSEDSIGNAL */  // carries out of the top place leave the sum
        reg [ADDERS:0] carries;
        /* verilator lint_on UNUSEDSIGNAL */
        integer k;

        if (place < WIDTH) begin : g_terms
          for (t = 0; t < INPUTS; t = t + 1) begin : g_term
            assign entering[t] = terms[t*WIDTH+place] ^ (SIGNED != 0 && place == WIDTH - 1);
          end
        end
        if (SIGNED != 0) begin : g_offset
          assign entering[OWN-2] = OFFSET[place];
        end
        assign entering[OWN-1] = addend[place];
        if (BITS > OWN) begin : g_carries
          assign entering[BITS-1:OWN] = g_place[place-1].carries[BITS-OWN-1:0];
        end

        always @* begin
          queue = {{ADDERS{1'b0}}, entering};
          carries = {ADDERS + 1{1'b0}};
          for (k = 0; k < ADDERS; k = k + 1) begin
            queue[BITS+k] = queue[3*k] ^ queue[3*k+1] ^ queue[3*k+2];
            carries[k] = (queue[3*k] & queue[3*k+1]) |
                         ((queue[3*k] ^ queue[3*k+1]) & queue[3*k+2]);
          end
        end

        assign left[place] = queue[3*ADDERS];
        if (BITS - 2 * ADDERS == 2) begin : g_pair
          assign right[place] = queue[3*ADDERS+1];
        end else begin : g_single
          assign right[place] = 1'b0;
        end
      end
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

  // Full adders of a place: each takes three bits and leaves one, until one or two are left; it
  // receives as many carries as the place below has full adders.
  function integer adders(input integer place);
    integer p;
    begin
      adders = 0;
      for (p = 0; p <= place; p = p + 1) begin
        adders = (((p < WIDTH) ? INPUTS : 0) + ((SIGNED != 0) ? 1 : 0) + adders) / 2;
      end
    end
  endfunction
endmodule

`default_nettype wire
