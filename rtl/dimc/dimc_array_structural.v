// SPDX-License-Identifier: Apache-2.0
//
// dimc_array_structural: the array as hardware: an SRAM and an adder column per physical column.
//
// Contract: that of dimc_array, port by port and cycle by cycle.
// Memory: one sram_1p of SETS words of 8*ROWS + 16 bits per column, read by `load`. The read word
//   stays at the SRAM's output while its vector is in flight, so the caller lets no `load` come
//   before the last step, and no write together with it.
// Cost: COLS x (SRAM, dimc_column), one dimc_rows, ADDERS selections with an adder of 22 bits.
`default_nettype none

module dimc_array_structural #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 16,
  parameter BITS_PER_CYCLE = 1,
  parameter CARRY_SAVE = 1
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
      dimc_array_structural_ROWS_must_be_8_16_32_or_64 rule ();
    end
    if (COLS < 4 || COLS > ROWS) begin : g_cols
      dimc_array_structural_COLS_must_be_4_to_ROWS rule ();
    end
    if (SETS < 2 || SETS > 4096) begin : g_sets
      dimc_array_structural_SETS_must_be_2_to_4096 rule ();
    end
    if (BITS_PER_CYCLE != 1 && BITS_PER_CYCLE != 2) begin : g_bits
      dimc_array_structural_BITS_PER_CYCLE_must_be_1_or_2 rule ();
    end
    if (CARRY_SAVE != 0 && CARRY_SAVE != 1) begin : g_carry_save
      dimc_array_structural_CARRY_SAVE_must_be_0_or_1 rule ();
    end
  endgenerate

  localparam ADDERS = BITS_PER_CYCLE * ROWS / 4;  // columns fetched at once
  localparam HELD = $clog2(ROWS) + 12;
  localparam ADDRESS = $clog2(SETS);

  wire [ROWS-1:0] one, two, negative, low_top;
  wire first, held_int4;
  wire [21:0] held_offset;

  wire [HELD*COLS-1:0] lows, highs;
  wire [16*COLS-1:0] exps;

  dimc_rows #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .CARRY_SAVE(CARRY_SAVE)
  ) rows (
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

  // ---- columns
  wire [15:0] set = load ? load_set : write_set;
  wire unused = &{1'b0, set[15:ADDRESS], one, two, negative};

  genvar c;
  generate
    for (c = 0; c < COLS; c = c + 1) begin : g_column
      wire mine = write && (write_row || {24'd0, write_index} == c);
      wire [ROWS-1:0] row_mask;
      wire [8*ROWS+15:0] word;

      genvar r;
      for (r = 0; r < ROWS; r = r + 1) begin : g_mask
        assign row_mask[r] = {24'd0, write_index} == r && write_strb[c];
      end

      sram_1p #(
        .WIDTH(8 * ROWS + 16),
        .DEPTH(SETS)
      ) sram (
        .clk(clk),
        .en(load || mine),
        .we(!load),
        .addr(set[ADDRESS-1:0]),
        .wdata(write_row ? {16'h7F7F, {ROWS{write_data[8*c +: 8]}}} : {write_exps, write_data}),
        .wmask({2'b11, write_row ? row_mask : write_strb}),
        .rdata(word)
      );

      dimc_column #(
        .ROWS(ROWS),
        .BITS_PER_CYCLE(BITS_PER_CYCLE),
        .CARRY_SAVE(CARRY_SAVE)
      ) column (
        .clk(clk),
        .weights(word[8*ROWS-1:0]),
        .exps(word[8*ROWS +: 16]),
        .one(one),
        .two(two),
        .negative(negative),
        .low_top(low_top),
        .step(step),
        .first(first),
        .last(last),
        .low(lows[HELD*c +: HELD]),
        .high(highs[HELD*c +: HELD]),
        .exps_held(exps[16*c +: 16])
      );
    end
  endgenerate

  // ---- fetch: planes become dot products
  integer l, logical, column;
  reg odd;
  reg [HELD-1:0] low, high;

  function [21:0] wide(input [HELD-1:0] value);  // radix 2: unsigned, the offset is still in
    wide = {{22 - HELD{BITS_PER_CYCLE == 1 && value[HELD-1]}}, value};
  endfunction

  /* verilator lint_off BLKSEQ */  // temporaries of the loop
  always @(posedge clk) begin
    if (group_en) begin
      for (l = 0; l < ADDERS; l = l + 1) begin
        logical = {29'd0, group} * ADDERS + l;
        column = held_int4 ? logical / 2 : logical;
        odd = held_int4 && logical[0];
        if (column < COLS) begin
          low = lows[HELD*column +: HELD];
          high = highs[HELD*column +: HELD];
          group_dots[22*l +: 22] <= (odd ? wide(high) : wide(low)) +
                                    (held_int4 ? 22'd0 : wide(high) << 4) + held_offset;
          group_exps[8*l +: 8] <= exps[16*column+(odd ? 8 : 0) +: 8];
        end
      end
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
