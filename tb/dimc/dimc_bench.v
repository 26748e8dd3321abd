// SPDX-License-Identifier: Apache-2.0
//
// dimc_bench: one macro at full rate, for the simulation speed of `make bench BLOCK=dimc`.
// First all sets are filled (SETS x COLS cycles, until `filled`). Then a vector every 8 cycles,
// sets in turn, tiles of 4 vectors, results always taken, and column writes in two of eight cycles
// to sets that are not being read. checksum keeps results alive and makes runs comparable.
`default_nettype none

module dimc_bench #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 4096  // a power of two
) (
  input  wire        clk,
  input  wire        rst,
  input  wire        int4,
  output reg         filled,
  output wire [31:0] vectors,
  output wire [31:0] conflicts,
  output reg  [31:0] checksum
);
  reg [31:0] lfsr_q;
  reg [15:0] set_q;
  reg [7:0] column_q;
  reg [2:0] phase_q;

  wire act_ready, res_valid;
  wire [8*ROWS-1:0] res_data;
  wire [8*ROWS-1:0] pattern = {ROWS / 4{lfsr_q}} ^ {{(8*ROWS-16){1'b0}}, set_q};
  wire [15:0] ahead = (set_q + 16'd7) & (SETS[15:0] - 16'd1);

  wire last_column = column_q == COLS[7:0] - 8'd1;
  wire last_set = set_q == SETS[15:0] - 16'd1;

  /* verilator lint_off PINCONNECTEMPTY */  // not looked at here
  dimc_macro #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(SETS)
  ) macro (
    .clk(clk),
    .rst(rst),
    .wr_valid(!filled || phase_q < 3'd2),
    .wr_ready(),
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
    .act_rows(ROWS[7:0]),
    .act_cols(int4 ? {COLS[6:0], 1'b0} : COLS[7:0]),
    .act_first(set_q[1:0] == 2'd0),
    .act_preload(1'b0),
    .act_last(set_q[1:0] == 2'd3),
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
    .count_vectors(vectors),
    .count_conflicts(conflicts),
    .count_stalls()
  );
  /* verilator lint_on PINCONNECTEMPTY */

  always @(posedge clk) begin
    if (rst) begin
      lfsr_q <= 32'h12345678;
      set_q <= 16'd0;
      column_q <= 8'd0;
      phase_q <= 3'd0;
      filled <= 1'b0;
      checksum <= 32'd0;
    end else begin
      phase_q <= phase_q + 3'd1;
      column_q <= last_column ? 8'd0 : column_q + 8'd1;
      lfsr_q <= {lfsr_q[30:0], lfsr_q[31] ^ lfsr_q[21] ^ lfsr_q[1] ^ lfsr_q[0]};
      if (filled ? act_ready : last_column) set_q <= last_set ? 16'd0 : set_q + 16'd1;
      if (last_column && last_set) filled <= 1'b1;
      if (res_valid) checksum <= {checksum[30:0], checksum[31]} ^ {31'd0, ^res_data};
    end
  end
endmodule

`default_nettype wire
