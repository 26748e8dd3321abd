// SPDX-License-Identifier: Apache-2.0
//
// plane_props: dimc_plane adds, step by step, the digits times the nibbles at their weight, for any
// digits, nibbles and pauses. The adder tree is left out (stub/): assumed is that it adds the
// terms, which are at most 15 (two bits per cycle: 30) each, to the addend.
//
// By hand from here: the digits of row r at their weights are x[r] (rows_props), so what is held is
// the sum of x[r] * n[r], and 15 times the size of each negative digit at its weight.
`default_nettype none

module plane_props #(
  parameter ROWS = 8,
  parameter BITS_PER_CYCLE = 1
) (
  input wire              clk,
  input wire [4*ROWS-1:0] nibbles,
  input wire              bias,
  input wire [ROWS-1:0]   one,
  input wire [ROWS-1:0]   two,
  input wire [ROWS-1:0]   negative,
  input wire              step
);
  localparam STEPS = 8 / BITS_PER_CYCLE;
  localparam HELD = $clog2(ROWS) + 12;
  localparam SUM = $clog2(ROWS) + 4 + BITS_PER_CYCLE;
  localparam LOW = 8 - BITS_PER_CYCLE;
  localparam TERM = 3 + BITS_PER_CYCLE;

  // A digit is 0, 1 or 2; with one bit per cycle there are no others than 0 and 1.
  always @* assume ((one & two) == 0 && (BITS_PER_CYCLE == 2 || (two == 0 && negative == 0)));

  reg [3:0] k = 4'd0;  // step of the vector
  wire first = k == 0;
  wire last = k == STEPS - 1;
  wire [HELD-1:0] held;

  dimc_plane #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE)
  ) dut (
    .clk(clk),
    .nibbles(nibbles),
    .top(negative ^ {ROWS{bias}}),
    .one(one),
    .two(two),
    .negative(negative),
    .step(step),
    .first(first),
    .last(last),
    .held(held)
  );

  // ---- a row's term is its digit's size times its nibble, or times 15 - nibble if negative
  (* hierconn *) wire [TERM*ROWS-1:0] \dut.terms ;
  reg [4:0] n;
  integer r;

  always @* begin
    for (r = 0; r < ROWS; r = r + 1) begin
      n = {1'b0, nibbles[4*r +: 4] ^ {bias, 3'b000}};
      if (negative[r]) n = 5'd15 - n;
      assert (\dut.terms [TERM*r +: TERM] == (one[r] ? n : two[r] ? 2 * n : 0));
    end
  end

  // ---- the sum of the terms, and the sum of the steps
  (* hierconn *) wire [SUM-1:0] \dut.sum ;
  (* hierconn *) wire [SUM-1:0] \dut.addend ;
  wire [SUM-1:0] digits = \dut.sum - \dut.addend ;
  always @* assume (digits <= ROWS * 15 * BITS_PER_CYCLE);

  wire [HELD-1:0] weighted = {{HELD - SUM{1'b0}}, digits} << (BITS_PER_CYCLE * k);
  reg [HELD-1:0] value, total;
  wire [HELD-1:0] before = first ? {HELD{1'b0}} : value;
  wire [HELD-1:0] after = (BITS_PER_CYCLE == 1 && last) ? before - weighted : before + weighted;
  reg known = 1'b0;  // a vector has been completed

  always @(posedge clk) begin
    if (step) begin
      k <= last ? 4'd0 : k + 4'd1;
      value <= after;
      if (last) begin
        total <= after;
        known <= 1'b1;
      end
    end
  end

  // From its last step on, until the next last step, what is held is the sum of a vector's steps;
  // with one bit per cycle the last one weighs negative.
  always @* if (known) assert (held == total);

  // ---- induction: the value so far is in the running sum and in the places that are final
  (* hierconn *) wire [SUM-1:0] \dut.sum_q ;
  (* hierconn *) wire [LOW-BITS_PER_CYCLE-1:0] \dut.low_q ;
  wire [HELD-1:0] high_part = {{HELD - SUM{1'b0}}, \dut.sum_q } << (BITS_PER_CYCLE * (k - 4'd1));
  wire [LOW-BITS_PER_CYCLE-1:0] low_part = \dut.low_q >> (LOW - BITS_PER_CYCLE * k);

  always @* begin
    assert (k < STEPS);
    if (k != 0) assert (value == high_part + low_part);
  end
endmodule

`default_nettype wire
