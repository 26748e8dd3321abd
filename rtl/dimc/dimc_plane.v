// SPDX-License-Identifier: Apache-2.0
//
// dimc_plane: bit-serial dot product of one column's nibbles with the activations in flight.
//
// Contract: over the steps from `first` to `last` the plane computes, modulo 2^(log2(ROWS) + 12),
//   the sum over all rows of x[r] * n[r], n[r] an unsigned nibble; `held` shows it from the cycle
//   after the last step until the next last step.
//   BITS_PER_CYCLE = 1: one[r] is bit k of x[r] in step k; the last one weighs negative.
//   BITS_PER_CYCLE = 2: one, two, negative are the digit -2..2 of x[r] (dimc_rows). A negative
//   digit multiplies the complement 15 - n, so `held` is the sum plus 15 times the size of each
//   negative digit at its weight; the caller takes that off, once for all columns.
//   n[r] is nibbles[4r +: 4], its top bit inverted where top[r] is 1: the unsigned form s + 8 of a
//   signed nibble s. What it adds, 8 * (sum of x), is the caller's to take off as well. With two
//   bits per cycle the two inversions of the top bit are one: the caller gives their XOR as top[r].
// Latency: 8/BITS_PER_CYCLE steps. Cost: ROWS selections and a tree of ROWS terms of 4 bits (2:
//   5 bits), which adds the running sum too; 5*log2(ROWS) flip-flops or so.
`default_nettype none

module dimc_plane #(
  parameter ROWS = 64,
  parameter BITS_PER_CYCLE = 1,  // 1 or 2
  parameter CARRY_SAVE = 1       // tree: 1 carry-save, 0 plain
) (
  input  wire                        clk,
  input  wire [4*ROWS-1:0]           nibbles,
  input  wire [ROWS-1:0]             top,
  input  wire [ROWS-1:0]             one,
  input  wire [ROWS-1:0]             two,
  input  wire [ROWS-1:0]             negative,
  input  wire                        step,
  input  wire                        first,
  input  wire                        last,
  output wire [$clog2(ROWS)+12-1:0]  held
);
  generate
    if (BITS_PER_CYCLE != 1 && BITS_PER_CYCLE != 2) begin : g_bits_per_cycle
      dimc_plane_BITS_PER_CYCLE_must_be_1_or_2 rule ();
    end
  endgenerate

  localparam TERM = 3 + BITS_PER_CYCLE;
  localparam SUM = $clog2(ROWS) + 4 + BITS_PER_CYCLE;  // a step's sum and the steps before it
  localparam LOW = 8 - BITS_PER_CYCLE;                 // places that are final before the last step
  localparam SHIFT = BITS_PER_CYCLE;

  wire [ROWS*TERM-1:0] terms;
  reg [SUM-1:0] sum_q;
  reg [LOW-1:SHIFT] low_q;
  reg [SUM+LOW-1:0] held_q;

  wire [SUM-1:0] prior = first ? {SUM{1'b0}} : {{SHIFT{1'b0}}, sum_q[SUM-1:SHIFT]};
  wire [LOW-1:0] low = {sum_q[SHIFT-1:0], low_q};
  wire [SUM-1:0] addend, sum, total;

  genvar r;
  generate
    if (BITS_PER_CYCLE == 1) begin : g_bits
      wire unused = &{1'b0, two, negative};
      for (r = 0; r < ROWS; r = r + 1) begin : g_row
        assign terms[TERM*r +: TERM] = (nibbles[4*r +: 4] ^ {top[r], 3'b000}) & {4{one[r]}};
      end
      // prior - terms = ~(~prior + terms)
      assign addend = prior ^ {SUM{last}};
      assign total = sum ^ {SUM{last}};
    end else begin : g_digits
      for (r = 0; r < ROWS; r = r + 1) begin : g_row
        wire [3:0] n = nibbles[4*r +: 4] ^ {top[r], {3{negative[r]}}};
        assign terms[TERM*r +: TERM] = ({1'b0, n} & {5{one[r]}}) | ({n, 1'b0} & {5{two[r]}});
      end
      assign addend = prior;
      assign total = sum;
    end
  endgenerate

  adder_tree #(
    .INPUTS(ROWS),
    .WIDTH(TERM),
    .SIGNED(0),
    .CARRY_SAVE(CARRY_SAVE),
    .REGISTER(0),
    .SUM_WIDTH(SUM)
  ) tree (
    .clk(clk),
    .en(step),
    .terms(terms),
    .addend(addend),
    .sum(sum)
  );

  always @(posedge clk) begin
    if (step && !last) begin
      sum_q <= total;
      low_q <= low[LOW-1:SHIFT];
    end
    if (step && last) held_q <= {total, low};
  end

  assign held = held_q;
endmodule

`default_nettype wire
