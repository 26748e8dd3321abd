// SPDX-License-Identifier: Apache-2.0
//
// macro_alone: a DIMC macro as it is instanced outside Tessera.
//
// Contract: the ports are those of dimc_macro (docs/dimc/dimc_macro.md); what this design does not
//   use is tied off: INT8 weights, no preload, no row writes, no lock beyond the macro's own (the
//   writer keeps away from sets that later vectors still read).
`default_nettype none

module macro_alone #(
  parameter ROWS = 16,
  parameter COLS = 16,
  parameter SETS = 4,
  parameter IMPLEMENTATION = 0
) (
  input  wire              clk,
  input  wire              rst,

  // a column of weights and its exponent byte per beat
  input  wire              wr_valid,
  output wire              wr_ready,
  input  wire [15:0]       wr_set,
  input  wire [7:0]        wr_column,
  input  wire [8*ROWS-1:0] wr_data,
  input  wire [7:0]        wr_exp,

  // a block of activations per beat
  input  wire              act_valid,
  output wire              act_ready,
  input  wire [8*ROWS-1:0] act_data,
  input  wire [7:0]        act_exp,
  input  wire [15:0]       act_set,
  input  wire              act_first,
  input  wire              act_last,

  // ROWS/4 sums in fp32 per beat
  output wire              res_valid,
  input  wire              res_ready,
  output wire [8*ROWS-1:0] res_data,
  output wire              res_last,

  output wire              error  // a write was dropped, or a sum became infinite or NaN
);
  wire seen_inf, seen_nan, busy, pre_ready, wr_conflict;
  wire [2:0] res_index;
  wire [0:0] res_tag;
  wire [31:0] count_vectors, count_conflicts, count_stalls;
  wire unused = &{1'b0, busy, pre_ready, wr_conflict, res_index, res_tag, count_vectors,
                  count_stalls};

  assign error = count_conflicts != 32'd0 || seen_inf || seen_nan;

  dimc_macro #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(SETS),
    .BITS_PER_CYCLE(1),
    .TAG_BITS(1),
    .IMPLEMENTATION(IMPLEMENTATION)
  ) macro (
    .clk(clk),
    .rst(rst),
    .wr_valid(wr_valid),
    .wr_ready(wr_ready),
    .wr_row(1'b0),
    .wr_set(wr_set),
    .wr_index(wr_column),
    .wr_data(wr_data),
    .wr_exps({8'd0, wr_exp}),
    .wr_strb({ROWS{1'b1}}),
    .wr_conflict(wr_conflict),
    .lock_valid(1'b0),
    .lock_first(16'd0),
    .lock_last(16'd0),
    .act_valid(act_valid),
    .act_ready(act_ready),
    .act_data(act_data),
    .act_exp(act_exp),
    .act_set(act_set),
    .act_int4(1'b0),
    .act_rows(ROWS[7:0]),
    .act_cols(COLS[7:0]),
    .act_first(act_first),
    .act_preload(1'b0),
    .act_last(act_last),
    .act_tag(1'b0),
    .pre_valid(1'b0),
    .pre_ready(pre_ready),
    .pre_data({8*ROWS{1'b0}}),
    .res_valid(res_valid),
    .res_ready(res_ready),
    .res_data(res_data),
    .res_index(res_index),
    .res_last(res_last),
    .res_tag(res_tag),
    .clear(1'b0),
    .busy(busy),
    .seen_inf(seen_inf),
    .seen_nan(seen_nan),
    .count_vectors(count_vectors),
    .count_conflicts(count_conflicts),
    .count_stalls(count_stalls)
  );
endmodule

`default_nettype wire
