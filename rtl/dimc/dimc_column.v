// SPDX-License-Identifier: Apache-2.0
//
// dimc_column: one structural column: two nibble planes and the column's exponents.
//
// Contract: after the last step `low` and `high` hold the dot products of the activations with the
//   low and the high nibbles of the weights, and exps_held the exponent bytes. The high nibble is
//   signed; the low one is signed for INT4 weights and unsigned for INT8 (INT8 = 16*high + low).
//   Both still contain the offsets that dimc_plane describes, which are the same in all columns.
//   one, two, negative and low_top come from dimc_rows.
// Latency: 8/BITS_PER_CYCLE steps. Cost: two dimc_plane, 16 flip-flops.
`default_nettype none

module dimc_column #(
  parameter ROWS = 64,
  parameter BITS_PER_CYCLE = 1,  // 1 or 2
  parameter CARRY_SAVE = 1       // tree: 1 carry-save, 0 plain
) (
  input  wire                        clk,
  input  wire [8*ROWS-1:0]           weights,  // stable over all steps of a vector
  input  wire [15:0]                 exps,

  input  wire [ROWS-1:0]             one,
  input  wire [ROWS-1:0]             two,
  input  wire [ROWS-1:0]             negative,
  input  wire [ROWS-1:0]             low_top,  // dimc_plane's top for the low nibbles
  input  wire                        step,
  input  wire                        first,
  input  wire                        last,

  output wire [$clog2(ROWS)+12-1:0]  low,
  output wire [$clog2(ROWS)+12-1:0]  high,
  output reg  [15:0]                 exps_held
);
  wire [4*ROWS-1:0] low_nibbles, high_nibbles;

  wire [ROWS-1:0] high_top = (BITS_PER_CYCLE == 1) ? {ROWS{1'b1}} : ~negative;

  genvar r;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      assign {high_nibbles[4*r +: 4], low_nibbles[4*r +: 4]} = weights[8*r +: 8];
    end
  endgenerate

  dimc_plane #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .CARRY_SAVE(CARRY_SAVE)
  ) low_plane (
    .clk(clk),
    .nibbles(low_nibbles),
    .top(low_top),
    .one(one),
    .two(two),
    .negative(negative),
    .step(step),
    .first(first),
    .last(last),
    .held(low)
  );

  dimc_plane #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .CARRY_SAVE(CARRY_SAVE)
  ) high_plane (
    .clk(clk),
    .nibbles(high_nibbles),
    .top(high_top),
    .one(one),
    .two(two),
    .negative(negative),
    .step(step),
    .first(first),
    .last(last),
    .held(high)
  );

  always @(posedge clk) begin
    if (step && last) exps_held <= exps;
  end
endmodule

`default_nettype wire
