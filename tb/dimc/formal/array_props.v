// SPDX-License-Identifier: Apache-2.0
//
// array_props: dimc_array_structural gives the plain dot product over the weights that were
// written. A column is written, one more write of any kind follows, a vector is loaded and
// processed from any state with up to PAUSES pauses between its steps, and a word is fetched.
//
// Activations, weights, masks, exponents and places of the second write are free; VALID rows are
// valid, the others hold whatever was written.
`default_nettype none

module array_props #(
  parameter ROWS = 8,
  parameter COLS = 4,
  parameter BITS_PER_CYCLE = 1,
  parameter CARRY_SAVE = 1,
  parameter INT4 = 0,
  parameter VALID = 2,           // valid rows
  parameter PAUSES = 0
) (
  input wire              clk,
  input wire              write_row,
  input wire              write_set,
  input wire [7:0]        write_index,
  input wire [8*ROWS-1:0] write_data,
  input wire [ROWS-1:0]   write_strb,
  input wire [15:0]       write_exps,
  input wire [8*ROWS-1:0] load_data,
  input wire              pause
);
  localparam ADDERS = BITS_PER_CYCLE * ROWS / 4;
  localparam STEPS = 8 / BITS_PER_CYCLE;

  // ---- two writes, load, steps, fetch; column 0 of set 0 is looked at
  reg [7:0] at = 8'd0;
  reg [7:0] pauses = 8'd0;
  wire write = at <= 1;
  wire load = at == 2;
  wire stepping = at > 2 && at <= 2 + STEPS;
  wire step = stepping && !pause;
  wire last = at == 2 + STEPS;
  wire group_en = at == 3 + STEPS;
  wire compare = at == 4 + STEPS;
  reg [8*ROWS-1:0] x;

  always @(posedge clk) begin
    if (!compare && !(stepping && pause)) at <= at + 8'd1;
    if (stepping && pause) pauses <= pauses + 8'd1;
    if (load) x <= load_data;
  end

  always @* begin
    assume (write_index < (write_row ? ROWS : COLS));
    if (at == 0) assume (!write_row && write_set == 0 && write_index == 0 && &write_strb);
    if (stepping && pause) assume (pauses < PAUSES);
  end

  // ---- the column as it was written
  reg [8*ROWS-1:0] weights;
  reg [15:0] exps;
  integer r;

  always @(posedge clk) begin
    if (write && write_set == 0) begin
      if (write_row) begin
        if (write_strb[0]) weights[8*write_index +: 8] <= write_data[7:0];
        exps <= 16'h7F7F;
      end else if (write_index == 0) begin
        for (r = 0; r < ROWS; r = r + 1) begin
          if (write_strb[r]) weights[8*r +: 8] <= write_data[8*r +: 8];
        end
        exps <= write_exps;
      end
    end
  end

  // ---- the array
  wire [22*ADDERS-1:0] dots;
  wire [8*ADDERS-1:0] fetched_exps;

  dimc_array_structural #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(2),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .CARRY_SAVE(CARRY_SAVE)
  ) dut (
    .clk(clk),
    .write(write),
    .write_row(write_row),
    .write_set({15'd0, write_set}),
    .write_index(write_index),
    .write_data(write_data),
    .write_strb(write_strb),
    .write_exps(write_exps),
    .load(load),
    .load_set(16'd0),
    .load_data(load_data),
    .load_rows(VALID[7:0]),
    .load_int4(INT4 != 0),
    .step(step),
    .last(last),
    .group_en(group_en),
    .group(3'd0),
    .group_dots(dots),
    .group_exps(fetched_exps)
  );

  // ---- the plain dot products: activations shifted and added, the top bit of a weight negative
  function [21:0] product(input [7:0] f_x, input [7:0] f_w, input integer bits);
    integer k;
    reg [21:0] f_wide;
    begin
      f_wide = {{14{f_x[7]}}, f_x};
      product = 22'd0;
      for (k = 0; k < bits; k = k + 1) begin
        if (f_w[k]) product = (k == bits - 1) ? product - (f_wide << k) : product + (f_wide << k);
      end
    end
  endfunction

  reg [21:0] bytes, low, high;

  always @* begin
    bytes = 22'd0;
    low = 22'd0;
    high = 22'd0;
    for (r = 0; r < VALID; r = r + 1) begin
      bytes = bytes + product(x[8*r +: 8], weights[8*r +: 8], 8);
      low = low + product(x[8*r +: 8], {4'd0, weights[8*r +: 4]}, 4);
      high = high + product(x[8*r +: 8], {4'd0, weights[8*r+4 +: 4]}, 4);
    end
  end

  always @* if (compare) begin
    // INT8: the dot product with the bytes; INT4: those with the low and the high nibbles.
    assert (dots[21:0] == ((INT4 != 0) ? low : bytes));
    // The exponent is the one that was written, or that of a row write.
    assert (fetched_exps[7:0] == exps[7:0]);
  end

  generate
    if (ADDERS > 1) begin : g_second
      always @* if (compare && INT4 != 0) begin
        assert (dots[43:22] == high);
        assert (fetched_exps[15:8] == exps[15:8]);
      end
    end
  endgenerate
endmodule

`default_nettype wire
