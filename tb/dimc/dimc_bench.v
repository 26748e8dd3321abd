// SPDX-License-Identifier: Apache-2.0
//
// dimc_bench: one macro at full rate, for the simulation speed and the utilization of
// `make bench BLOCK=dimc`.
// First all sets are filled (SETS x COLS cycles, until `filled`). Then a vector is always offered,
// sets in turn, in tiles as short as the result port allows; results are always taken; every fourth
// cycle a column write is due to a set that is not being read. Counted are cycles and useful
// multiplications from the first vector to the last. checksum makes runs comparable.
`default_nettype none

module dimc_bench #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 64,  // a power of two, at least 8
  parameter BITS_PER_CYCLE = 1,
  parameter IMPLEMENTATION = 0
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        int4,
  output reg         filled,
  output reg  [63:0] span,       // cycles from the first vector to the last one so far
  output reg  [63:0] macs,       // of the vectors before the last one
  output reg  [31:0] vectors,
  output reg  [31:0] writes,     // since the first vector
  output wire [31:0] conflicts,
  output wire [31:0] stalls,
  output reg  [31:0] checksum
);
  localparam LANES = ROWS / 4;
  localparam CYCLES = 8 / BITS_PER_CYCLE;

  reg [31:0] lfsr_q;
  reg [15:0] set_q;
  reg [7:0] column_q;
  reg [1:0] phase_q;
  reg due_q;
  reg first_q;      // the next vector starts a tile
  reg [63:0] cycle_q;
  reg [63:0] macs_q;

  wire act_ready, wr_ready, res_valid;
  wire [8*ROWS-1:0] res_data;
  wire [8*ROWS-1:0] pattern = {ROWS / 4{lfsr_q}} ^ {{(8*ROWS-16){1'b0}}, set_q};
  wire [15:0] ahead = (set_q + 16'd7) & (SETS[15:0] - 16'd1);
  wire [7:0] rows = ROWS[7:0];
  wire [7:0] cols = int4 ? {COLS[6:0], 1'b0} : COLS[7:0];

  wire accepted = filled && act_ready;
  wire written = wr_ready && (!filled || due_q);
  wire long = {24'd0, cols} > CYCLES * LANES;  // a tile has more beats than a vector has cycles
  wire last_column = column_q == COLS[7:0] - 8'd1;
  wire last_set = set_q == SETS[15:0] - 16'd1;

  /* verilator lint_off PINCONNECTEMPTY */  // not looked at here
  dimc_macro #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(SETS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .IMPLEMENTATION(IMPLEMENTATION)
  ) macro (
    .clk(clk),
    .rst(rst),
    .wr_valid(!filled || due_q),
    .wr_ready(wr_ready),
    .wr_row(1'b0),
    .wr_set(filled ? ahead : set_q),
    .wr_index(column_q),
    .wr_data(pattern),
    .wr_exps(16'h7F7F),
    .wr_strb({ROWS{1'b1}}),
    .wr_conflict(),
    .lock_valid(1'b0),
    .lock_first(16'd0),
    .lock_last(16'd0),
    .act_valid(filled),
    .act_ready(act_ready),
    .act_data(pattern),
    .act_exp(8'd127),
    .act_set(set_q),
    .act_int4(int4),
    .act_rows(rows),
    .act_cols(cols),
    .act_first(first_q),
    .act_preload(1'b0),
    .act_last(!first_q || !long),
    .act_tag(8'd0),
    .pre_valid(1'b0),
    .pre_ready(),
    .pre_data({8*ROWS{1'b0}}),
    .res_valid(res_valid),
    .res_ready(1'b1),
    .res_data(res_data),
    .res_index(),
    .res_last(),
    .res_tag(),
    .clear(1'b0),
    .busy(),
    .seen_inf(),
    .seen_nan(),
    .count_vectors(),
    .count_conflicts(conflicts),
    .count_stalls(stalls)
  );
  /* verilator lint_on PINCONNECTEMPTY */

  always @(posedge clk) begin
    if (rst) begin
      lfsr_q <= 32'h12345678;
      set_q <= 16'd0;
      column_q <= 8'd0;
      phase_q <= 2'd0;
      due_q <= 1'b0;
      first_q <= 1'b1;
      filled <= 1'b0;
      cycle_q <= 64'd0;
      macs_q <= 64'd0;
      span <= 64'd0;
      macs <= 64'd0;
      vectors <= 32'd0;
      writes <= 32'd0;
      checksum <= 32'd0;
    end else begin
      lfsr_q <= {lfsr_q[30:0], lfsr_q[31] ^ lfsr_q[21] ^ lfsr_q[1] ^ lfsr_q[0]};
      phase_q <= phase_q + 2'd1;
      due_q <= phase_q == 2'd0 || (due_q && !wr_ready);
      if (written) column_q <= last_column ? 8'd0 : column_q + 8'd1;
      if (filled ? accepted : last_column) set_q <= last_set ? 16'd0 : set_q + 16'd1;
      if (last_column && last_set) filled <= 1'b1;
      if (accepted || vectors != 32'd0) begin
        cycle_q <= cycle_q + 64'd1;
        if (written) writes <= writes + 32'd1;
      end
      if (accepted) begin
        first_q <= !first_q || !long;
        vectors <= vectors + 32'd1;
        span <= cycle_q;
        macs <= macs_q;
        macs_q <= macs_q + {48'd0, rows * {8'd0, cols}};
      end
      if (res_valid) checksum <= {checksum[30:0], checksum[31]} ^ {31'd0, ^res_data};
    end
  end
endmodule

`default_nettype wire
