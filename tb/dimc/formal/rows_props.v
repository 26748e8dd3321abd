// SPDX-License-Identifier: Apache-2.0
//
// rows_props: dimc_rows drives the digits of the loaded activations and the offset that belongs to
// them, for any activations, numbers of rows and pauses. The adder trees are left out (stub/): what
// they give in the first step is taken as the sums of their terms.
`default_nettype none

module rows_props #(
  parameter ROWS = 8,
  parameter BITS_PER_CYCLE = 1
) (
  input wire              clk,
  input wire              load,
  input wire [8*ROWS-1:0] load_data,
  input wire [7:0]        load_rows,
  input wire              load_int4,
  input wire              step
);
  localparam STEPS = 8 / BITS_PER_CYCLE;

  // ---- the vector in flight: a load comes while there is none, or with the last step
  reg busy = 1'b0;
  reg [3:0] k;               // its step
  reg [8*ROWS-1:0] x;        // its valid activations
  reg int4;
  wire last = k == STEPS - 1;

  always @* begin
    assume (busy || !step);
    assume (!load || !busy || (step && last));
  end

  wire [ROWS-1:0] one, two, negative, low_top;
  wire first, held_int4;
  wire [21:0] held_offset;

  dimc_rows #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE)
  ) dut (
    .clk(clk),
    .load(load),
    .load_data(load_data),
    .load_rows(load_rows),
    .load_int4(load_int4),
    .step(step),
    .last(last),
    .one(one),
    .two(two),
    .negative(negative),
    .low_top(low_top),
    .first(first),
    .held_int4(held_int4),
    .held_offset(held_offset)
  );

  integer r, j;
  always @(posedge clk) begin
    if (load) begin
      for (r = 0; r < ROWS; r = r + 1) begin
        x[8*r +: 8] <= (r < load_rows) ? load_data[8*r +: 8] : 8'd0;
      end
      int4 <= load_int4;
      busy <= 1'b1;
      k <= 4'd0;
    end else if (step) begin
      busy <= !last;
      k <= k + 4'd1;
    end
  end

  // ---- digit j of an activation: a bit, or -2*bit(2j+1) + bit(2j) + bit(2j-1)
  function signed [2:0] digit(input [7:0] f_x, input [3:0] f_j);
    reg [8:0] f_bits;
    begin
      f_bits = {f_x, 1'b0} >> (BITS_PER_CYCLE * f_j);
      if (BITS_PER_CYCLE == 1) digit = {2'b00, f_bits[1]};
      else digit = -$signed({1'b0, f_bits[2], 1'b0}) + $signed({2'b00, f_bits[1]})
                   + $signed({2'b00, f_bits[0]});
    end
  endfunction

  function [7:0] negative_sizes(input [7:0] f_x);  // at their weights
    integer i;
    reg signed [2:0] f_d;
    begin
      negative_sizes = 8'd0;
      for (i = 0; i < STEPS; i = i + 1) begin
        f_d = digit(f_x, i[3:0]);
        if (f_d < 0) negative_sizes = negative_sizes + ({6'd0, -f_d[1:0]} << (2 * i));
      end
    end
  endfunction

  // The digits of an activation at their weights add up to it; a last single bit weighs negative.
  reg signed [21:0] sum_of_digits, term;
  (* anyconst *) wire [7:0] any;
  always @* begin
    sum_of_digits = 22'sd0;
    for (j = 0; j < STEPS; j = j + 1) begin
      term = digit(any, j[3:0]);
      term = term <<< (BITS_PER_CYCLE * j);
      if (BITS_PER_CYCLE == 1 && j == 7) sum_of_digits = sum_of_digits - term;
      else sum_of_digits = sum_of_digits + term;
    end
    assert (sum_of_digits == {{14{any[7]}}, any});
  end

  // ---- the sums that the trees give in the first step
  (* hierconn *) wire [8*ROWS-1:0] \dut.x_q ;
  (* hierconn *) wire [8*ROWS-1:0] \dut.g_digits.sizes ;
  (* hierconn *) wire [21:0] \dut.sum_x ;
  (* hierconn *) wire [21:0] \dut.sum_negative ;
  wire [21:0] sum_x = \dut.sum_x ;
  wire [21:0] sum_negative = \dut.sum_negative ;

  // Their terms are then the activations, and the sizes of the negative digits at their weights.
  always @* if (busy && k == 0) begin
    assert (\dut.x_q == x);
    for (r = 0; r < ROWS; r = r + 1) begin
      if (BITS_PER_CYCLE == 2) begin
        assert (\dut.g_digits.sizes [8*r +: 8] == negative_sizes(x[8*r +: 8]));
      end
    end
    if (BITS_PER_CYCLE == 1) assert (sum_negative == 0);
  end

  // ---- what the planes have too much: 8 per biased nibble, 15 per negative digit
  // One biased plane of INT4 has 8 and 15; an unbiased low and 16 biased high ones of INT8 have
  // 16 * 8 and 15 + 16 * 15.
  reg [21:0] offset;
  always @(posedge clk) if (step && k == 0) begin
    offset <= int4 ? -(sum_x << 3) - 22'd15 * sum_negative
                   : -(sum_x << 7) - 22'd255 * sum_negative;
  end

  reg known = 1'b0;  // a vector has been completed
  reg was_int4;
  reg [21:0] expected;
  reg signed [2:0] d;

  always @(posedge clk) if (step && last) begin
    known <= 1'b1;
    was_int4 <= int4;
    expected <= offset;
  end

  always @* begin
    if (busy) begin
      // In each step each row has its digit, and the first step is marked.
      assert (first == (k == 0));
      for (r = 0; r < ROWS; r = r + 1) begin
        d = digit(x[8*r +: 8], k);
        assert (one[r] == (d == 1 || d == -1) && two[r] == (d == 2 || d == -2));
        assert (negative[r] == (d < 0));
        // The low nibbles' top bits are inverted for a bias (INT4) or a complement, not for both.
        assert (low_top[r] == (int4 ^ (d < 0)));
      end
    end
    // From the last step on the offset is minus what the planes of that vector have too much.
    if (known) assert (held_int4 == was_int4 && held_offset == expected);
  end

  // ---- induction
  (* hierconn *) wire [21:0] \dut.offset_q ;
  (* hierconn *) wire \dut.int4 ;
  reg [7:0] left;
  always @* if (busy) begin
    assert (k < STEPS);
    assert (\dut.int4 == int4);
    for (r = 0; r < ROWS; r = r + 1) begin
      left = x[8*r +: 8] >> (BITS_PER_CYCLE * k);
      assert (\dut.x_q [8*r +: 8] == left);
    end
    if (k != 0) assert (\dut.offset_q == offset);
  end
endmodule

`default_nettype wire
