// SPDX-License-Identifier: Apache-2.0
//
// dimc_macro_tb: the macro with a protocol checker on every stream, and one across its ports, which
// `disturb` shows something else for negative tests. Python touches its ports only.
`default_nettype none

module dimc_macro_tb #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 16,
  parameter BITS_PER_CYCLE = 1,
  parameter TAG_BITS = 8,
  parameter IMPLEMENTATION = 0,
  parameter TREE = 1
) (
  input wire                 clk,
  input wire                 rst,
  input wire                 wr_valid,
  output wire                wr_ready,
  input wire                 wr_row,
  input wire  [15:0]         wr_set,
  input wire  [7:0]          wr_index,
  input wire  [8*ROWS-1:0]   wr_data,
  input wire  [15:0]         wr_exps,
  input wire  [ROWS-1:0]     wr_strb,
  output wire                wr_conflict,
  input wire                 lock_valid,
  input wire  [15:0]         lock_first,
  input wire  [15:0]         lock_last,
  input wire                 act_valid,
  output wire                act_ready,
  input wire  [8*ROWS-1:0]   act_data,
  input wire  [7:0]          act_exp,
  input wire  [15:0]         act_set,
  input wire                 act_int4,
  input wire  [7:0]          act_rows,
  input wire  [7:0]          act_cols,
  input wire                 act_first,
  input wire                 act_preload,
  input wire                 act_last,
  input wire  [TAG_BITS-1:0] act_tag,
  input wire                 pre_valid,
  output wire                pre_ready,
  input wire  [8*ROWS-1:0]   pre_data,
  output wire                res_valid,
  input wire                 res_ready,
  output wire [8*ROWS-1:0]   res_data,
  output wire [2:0]          res_index,
  output wire                res_last,
  output wire [TAG_BITS-1:0] res_tag,
  input wire                 clear,
  output wire                busy,
  output wire                seen_inf,
  output wire                seen_nan,
  output wire [31:0]         count_vectors,
  output wire [31:0]         count_conflicts,
  output wire [31:0]         count_stalls,
  input wire  [12:0]         disturb         // rule of dimc_macro_checker that is to be broken
);
  // The macro must not look at activations beyond the valid rows: they are X on Icarus.
  wire [8*ROWS-1:0] act_seen;
  genvar r;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      assign act_seen[8*r +: 8] = ({24'd0, act_rows} > r) ? act_data[8*r +: 8] : 8'bx;
    end
  endgenerate

  dimc_macro #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(SETS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .TAG_BITS(TAG_BITS),
    .IMPLEMENTATION(IMPLEMENTATION),
    .TREE(TREE)
  ) macro (
    .clk(clk),
    .rst(rst),
    .wr_valid(wr_valid),
    .wr_ready(wr_ready),
    .wr_row(wr_row),
    .wr_set(wr_set),
    .wr_index(wr_index),
    .wr_data(wr_data),
    .wr_exps(wr_exps),
    .wr_strb(wr_strb),
    .wr_conflict(wr_conflict),
    .lock_valid(lock_valid),
    .lock_first(lock_first),
    .lock_last(lock_last),
    .act_valid(act_valid),
    .act_ready(act_ready),
    .act_data(act_seen),
    .act_exp(act_exp),
    .act_set(act_set),
    .act_int4(act_int4),
    .act_rows(act_rows),
    .act_cols(act_cols),
    .act_first(act_first),
    .act_preload(act_preload),
    .act_last(act_last),
    .act_tag(act_tag),
    .pre_valid(pre_valid),
    .pre_ready(pre_ready),
    .pre_data(pre_data),
    .res_valid(res_valid),
    .res_ready(res_ready),
    .res_data(res_data),
    .res_index(res_index),
    .res_last(res_last),
    .res_tag(res_tag),
    .clear(clear),
    .busy(busy),
    .seen_inf(seen_inf),
    .seen_nan(seen_nan),
    .count_vectors(count_vectors),
    .count_conflicts(count_conflicts),
    .count_stalls(count_stalls)
  );

  stream_checker #(
    .NAME("wr"),
    .WIDTH(8 * ROWS + 16 + ROWS + 25)
  ) wr_checker (
    .clk(clk),
    .rst(rst),
    .valid(wr_valid),
    .ready(wr_ready),
    .payload({wr_row, wr_set, wr_index, wr_data, wr_exps, wr_strb})
  );

  stream_checker #(
    .NAME("act"),
    .WIDTH(8 * ROWS + TAG_BITS + 44)
  ) act_checker (
    .clk(clk),
    .rst(rst),
    .valid(act_valid),
    .ready(act_ready),
    .payload({
      act_data, act_exp, act_set, act_int4, act_rows,
      act_cols, act_first, act_preload, act_last, act_tag
    })
  );

  stream_checker #(
    .NAME("pre"),
    .WIDTH(8 * ROWS)
  ) pre_checker (
    .clk(clk),
    .rst(rst),
    .valid(pre_valid),
    .ready(pre_ready),
    .payload({pre_data})
  );

  stream_checker #(
    .NAME("res"),
    .WIDTH(8 * ROWS + TAG_BITS + 4)
  ) res_checker (
    .clk(clk),
    .rst(rst),
    .valid(res_valid),
    .ready(res_ready),
    .payload({res_data, res_index, res_last, res_tag})
  );

  dimc_macro_checker #(
    .ROWS(ROWS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .TAG_BITS(TAG_BITS),
    .PRELOAD_AHEAD(BITS_PER_CYCLE == 1 ? 2 : 8)
  ) rules (
    .clk(clk),
    .rst(rst),
    .wr_valid(wr_valid),
    .wr_ready(wr_ready ^ disturb[0]),
    .wr_conflict(wr_conflict ^ disturb[1]),
    .act_valid(act_valid),
    .act_ready(act_ready),
    .act_cols(act_cols),
    .act_first(act_first),
    .act_preload(act_preload && !disturb[2]),
    .act_last(act_last && !disturb[3]),
    .act_tag(act_tag),
    .pre_valid(pre_valid),
    .pre_ready(pre_ready),
    .res_valid(res_valid && !disturb[12]),
    .res_ready(res_ready),
    .res_index(res_index ^ {2'd0, disturb[4]}),
    .res_last(res_last ^ disturb[5]),
    .res_tag(res_tag ^ {TAG_BITS{disturb[6]}}),
    .clear(clear),
    .busy(busy && !disturb[7] || disturb[12]),
    .seen_inf(seen_inf),
    .seen_nan(seen_nan),
    .count_vectors((count_vectors << disturb[8]) + {31'd0, disturb[9]}),
    .count_conflicts(count_conflicts << disturb[10]),
    .count_stalls(count_stalls + (disturb[11] ? count_vectors : 32'd0))
  );
endmodule

`default_nettype wire
