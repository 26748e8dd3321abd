// SPDX-License-Identifier: Apache-2.0
//
// dimc_array: weight memory and integer dot products of one DIMC macro, behavioural.
//
// Contract: `load` takes an activation block and its set. Each `step` is one bit plane; with `last`
//   it completes the dot products of all columns with the valid rows (d = sum of x[r] * w[r][c],
//   exact) and moves them, with the columns' exponents, to the holding registers. `load` may come
//   together with the last step of the vector before.
//   `group_en` fetches ADDERS = BITS_PER_CYCLE * ROWS/4 logical columns of the held vector, from
//   column ADDERS*group on, to group_dots and group_exps, where they stay until the next fetch.
//   Lanes beyond the last column are undefined.
// dimc_array_structural has the same ports and the same timing.
// Writes: the caller lets no write come together with `load`, and none touch the set of the vector
//   whose planes are being processed; see docs/dimc/dimc_macro.md for the meaning of the fields.
// Latency: dots are held from the cycle after the last step; a group comes a cycle after group_en.
// Cost in simulation: COLS x ROWS multiplications per vector, nothing in other cycles. The inner
//   loops read memories and unsigned locals only, so that C++ compilers make vector code of them.
`default_nettype none

module dimc_array #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 16,
  parameter BITS_PER_CYCLE = 1   // 1 or 2; here it only says how many columns are fetched at once
) (
  input  wire                 clk,

  // writes, already checked
  input  wire                 write,
  input  wire                 write_row,
  input  wire [15:0]          write_set,
  input  wire [7:0]           write_index,
  input  wire [8*ROWS-1:0]    write_data,
  input  wire [ROWS-1:0]      write_strb,
  input  wire [15:0]          write_exps,

  // vectors
  input  wire                 load,
  input  wire [15:0]          load_set,
  input  wire [8*ROWS-1:0]    load_data,
  input  wire [7:0]           load_rows,
  input  wire                 load_int4,
  input  wire                 step,
  input  wire                 last,

  // dot products
  input  wire                 group_en,
  input  wire [2:0]           group,
  output reg  [22*BITS_PER_CYCLE*ROWS/4-1:0] group_dots,
  output reg  [8*BITS_PER_CYCLE*ROWS/4-1:0]  group_exps
);
  generate
    if (ROWS != 8 && ROWS != 16 && ROWS != 32 && ROWS != 64) begin : g_rows
      dimc_array_ROWS_must_be_8_16_32_or_64 rule ();
    end
    if (COLS < 4 || COLS > ROWS) begin : g_cols
      dimc_array_COLS_must_be_4_to_ROWS rule ();
    end
    if (SETS < 2 || SETS > 4096) begin : g_sets
      dimc_array_SETS_must_be_2_to_4096 rule ();
    end
    if (BITS_PER_CYCLE != 1 && BITS_PER_CYCLE != 2) begin : g_bits
      dimc_array_BITS_PER_CYCLE_must_be_1_or_2 rule ();
    end
  endgenerate

  localparam ADDERS = BITS_PER_CYCLE * ROWS / 4;
  localparam SLOTS = 2 * ROWS;         // columns that `group` can name, at least 2*COLS

  // by set*COLS + column
  reg [7:0] mem [0:SETS*COLS-1][0:ROWS-1];
  reg [15:0] exps [0:SETS*COLS-1];

  // vector in flight
  reg [31:0] x [0:ROWS-1];             // activations of the valid rows, sign-extended
  reg [31:0] rows;
  reg [31:0] base;                     // set*COLS
  reg int4;

  // vector that is held, by logical column
  reg [21:0] dots [0:SLOTS-1];
  reg [7:0] scales [0:SLOTS-1];

  reg [31:0] r, c, l, at;
  reg [21:0] high, low;
  reg [7:0] scale_high, scale_low;

  // {high, low}: dot products with the signed high and the low nibbles of column i, modulo 2^22;
  // low nibbles are signed if INT4, else unsigned
  function automatic [43:0] dot(input [31:0] i);
    reg [31:0] k, w, sum_low, sum_high, bias;
    begin
      sum_low = 32'd0;
      sum_high = 32'd0;
      bias = int4 ? 32'd8 : 32'd0;
      for (k = 0; k < ROWS; k = k + 1) begin
        w = (k < rows) ? {24'd0, mem[base + i][k]} : 32'd0;
        sum_low = sum_low + x[k] * (((w & 32'd15) ^ bias) - bias);
        sum_high = sum_high + x[k] * (((w >> 4) ^ 32'd8) - 32'd8);
      end
      dot = {sum_high[21:0], sum_low[21:0]};
    end
  endfunction

  // One process in program order: the fetch sees the vector before, the last step the vector in
  // flight, then write and load make their changes. Nothing but the outputs leaves the process,
  // which is why blocking assignments are safe here.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (group_en) begin
      for (l = 0; l < ADDERS; l = l + 1) begin
        group_dots[22*l +: 22] <= dots[{29'd0, group} * ADDERS + l];
        group_exps[8*l +: 8] <= scales[{29'd0, group} * ADDERS + l];
      end
    end

    if (step && last) begin
      for (c = 0; c < COLS; c = c + 1) begin
        {high, low} = dot(c);
        {scale_high, scale_low} = exps[base + c];
        if (int4) begin
          dots[2*c] = low;
          dots[2*c+1] = high;
          scales[2*c] = scale_low;
          scales[2*c+1] = scale_high;
        end else begin
          dots[c] = (high << 4) + low;
          scales[c] = scale_low;
        end
      end
    end

    if (write) begin
      at = {24'd0, write_index};
      if (write_row) begin
        for (c = 0; c < COLS; c = c + 1) begin
          if (write_strb[c]) mem[write_set * COLS + c][at] = write_data[8*c +: 8];
          exps[write_set * COLS + c] = 16'h7F7F;
        end
      end else begin
        for (r = 0; r < ROWS; r = r + 1) begin
          if (write_strb[r]) mem[write_set * COLS + at][r] = write_data[8*r +: 8];
        end
        exps[write_set * COLS + at] = write_exps;
      end
    end

    if (load) begin
      base = load_set * COLS;
      int4 = load_int4;
      rows = {24'd0, load_rows};
      for (r = 0; r < ROWS; r = r + 1) begin
        x[r] = (r < rows) ? {{24{load_data[8*r+7]}}, load_data[8*r +: 8]} : 32'd0;
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
