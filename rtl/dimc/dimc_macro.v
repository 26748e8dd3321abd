// SPDX-License-Identifier: Apache-2.0
//
// dimc_macro: one DIMC macro: weight sets, bit-serial dot products, block-scaled accumulation.
//
// Contract: for each tile of activation vectors (act_first to act_last) the results are, to the
//   bit, models/dimc.py over the weights written so far: exact integer dot product over act_rows
//   rows, scaled by the exponents of block and column, added in fp32 in the order of the vectors,
//   from +0 or from the preload. docs/dimc/dimc_macro.md has tables of ports, timing and errors.
// Handshakes: valid may not wait for ready; payloads are stable while stalled. act_ready and
//   pre_ready depend on registers only; wr_ready is low exactly while a vector is being accepted.
// Latency: with P = 8/BITS_PER_CYCLE, P + 6 cycles from the cycle that accepts a tile's last vector
//   to its first result beat; one vector per P cycles as long as the result and preload ports, one
//   beat per cycle each, keep up.
// Writes to a set that is locked or whose vector is in flight are dropped and flagged.
// Cost: SETS x COLS x (ROWS + 2) bytes of memory; BITS_PER_CYCLE * LANES fp32 adders, LANES =
//   ROWS/4; 8*LANES accumulators.
`default_nettype none

module dimc_macro #(
  parameter ROWS = 64,           // 8, 16, 32 or 64
  parameter COLS = 64,           // 4 to ROWS
  parameter SETS = 16,           // 2 to 4096
  parameter BITS_PER_CYCLE = 1,  // 1 or 2
  parameter TAG_BITS = 8,        // at least 1
  parameter IMPLEMENTATION = 0,  // array: 0 behavioural, 1 structural
  parameter TREE = 1             // adders of a structural array: 0 ripple, 1 carry-save
) (
  input  wire                clk,
  input  wire                rst,

  // write: one column or one row per beat
  input  wire                wr_valid,
  output wire                wr_ready,
  input  wire                wr_row,
  input  wire [15:0]         wr_set,
  input  wire [7:0]          wr_index,
  input  wire [8*ROWS-1:0]   wr_data,
  input  wire [15:0]         wr_exps,
  input  wire [ROWS-1:0]     wr_strb,
  output reg                 wr_conflict,

  // sets that may not be written, inclusive
  input  wire                lock_valid,
  input  wire [15:0]         lock_first,
  input  wire [15:0]         lock_last,

  // activations: one block per beat
  input  wire                act_valid,
  output wire                act_ready,
  input  wire [8*ROWS-1:0]   act_data,
  input  wire [7:0]          act_exp,
  input  wire [15:0]         act_set,
  input  wire                act_int4,
  input  wire [7:0]          act_rows,
  input  wire [7:0]          act_cols,
  input  wire                act_first,
  input  wire                act_preload,
  input  wire                act_last,
  input  wire [TAG_BITS-1:0] act_tag,

  // preload: LANES fp32 per beat
  input  wire                pre_valid,
  output wire                pre_ready,
  input  wire [8*ROWS-1:0]   pre_data,

  // results: LANES fp32 per beat
  output wire                res_valid,
  input  wire                res_ready,
  output wire [8*ROWS-1:0]   res_data,
  output wire [2:0]          res_index,
  output wire                res_last,
  output wire [TAG_BITS-1:0] res_tag,

  // status and counters
  input  wire                clear,
  output wire                busy,
  output reg                 seen_inf,
  output reg                 seen_nan,
  output reg  [31:0]         count_vectors,
  output reg  [31:0]         count_conflicts,
  output reg  [31:0]         count_stalls
);
  /*verilator no_inline_module*/
  generate
    if (ROWS != 8 && ROWS != 16 && ROWS != 32 && ROWS != 64) begin : g_rows
      dimc_macro_ROWS_must_be_8_16_32_or_64 rule ();
    end
    if (COLS < 4 || COLS > ROWS) begin : g_cols
      dimc_macro_COLS_must_be_4_to_ROWS rule ();
    end
    if (SETS < 2 || SETS > 4096) begin : g_sets
      dimc_macro_SETS_must_be_2_to_4096 rule ();
    end
    if (BITS_PER_CYCLE != 1 && BITS_PER_CYCLE != 2) begin : g_bits
      dimc_macro_BITS_PER_CYCLE_must_be_1_or_2 rule ();
    end
    if (IMPLEMENTATION != 0 && IMPLEMENTATION != 1) begin : g_implementation
      dimc_macro_IMPLEMENTATION_must_be_0_or_1 rule ();
    end
    if (TREE != 0 && TREE != 1) begin : g_tree
      dimc_macro_TREE_must_be_0_or_1 rule ();
    end
    if (TAG_BITS < 1) begin : g_tag
      dimc_macro_TAG_BITS_must_be_at_least_1 rule ();
    end
  endgenerate

  localparam LANES = ROWS / 4;
  localparam ADDERS = BITS_PER_CYCLE * LANES;  // take all columns of INT4 in PLANES cycles
  localparam PLANES = 8 / BITS_PER_CYCLE;

  // ---- vector in flight: one bit plane per cycle
  reg planes_q;            // a vector's planes are being processed
  reg [3:0] plane_q;
  reg [7:0] exp_q;
  reg [15:0] set_q;
  reg int4_q;
  reg [7:0] cols_q;
  reg first_q, preload_q, last_q;
  reg [TAG_BITS-1:0] tag_q;

  wire sums_ready;         // the accumulation can take the vector
  wire last_plane = {28'd0, plane_q} == PLANES - 1;
  wire finish = planes_q && last_plane && sums_ready;
  wire step = planes_q && (!last_plane || sums_ready);
  wire load = act_valid && act_ready;

  assign act_ready = !planes_q || finish;

  always @(posedge clk) begin
    if (rst) planes_q <= 1'b0;
    else if (act_ready) planes_q <= act_valid;
  end

  always @(posedge clk) begin
    if (load) begin
      plane_q <= 4'd0;
      exp_q <= act_exp;
      set_q <= act_set;
      int4_q <= act_int4;
      cols_q <= act_cols;
      first_q <= act_first;
      preload_q <= act_preload;
      last_q <= act_last;
      tag_q <= act_tag;
    end else if (step) begin
      plane_q <= plane_q + 4'd1;
    end
  end

  // ---- writes: in any cycle in which no vector is read
  wire [7:0] wr_limit = wr_row ? ROWS[7:0] : COLS[7:0];
  wire wr_missing = {16'd0, wr_set} >= SETS || wr_index >= wr_limit;
  wire wr_locked = (lock_valid && wr_set >= lock_first && wr_set <= lock_last) ||
                   (planes_q && wr_set == set_q);
  wire wr_taken = wr_valid && wr_ready;

  assign wr_ready = !load;

  // ---- memory and dot products
  wire group_en;
  wire [2:0] group;
  wire [22*ADDERS-1:0] group_dots;
  wire [8*ADDERS-1:0] group_exps;

  generate
    if (IMPLEMENTATION == 0) begin : g_behavioural
      dimc_array #(
        .ROWS(ROWS),
        .COLS(COLS),
        .SETS(SETS),
        .BITS_PER_CYCLE(BITS_PER_CYCLE)
      ) array (
        .clk(clk),
        .write(wr_taken && !wr_missing && !wr_locked),
        .write_row(wr_row),
        .write_set(wr_set),
        .write_index(wr_index),
        .write_data(wr_data),
        .write_strb(wr_strb),
        .write_exps(wr_exps),
        .load(load),
        .load_set(act_set),
        .load_data(act_data),
        .load_rows(act_rows),
        .load_int4(act_int4),
        .step(step),
        .last(last_plane),
        .group_en(group_en),
        .group(group),
        .group_dots(group_dots),
        .group_exps(group_exps)
      );
    end else begin : g_structural
      dimc_array_structural #(
        .ROWS(ROWS),
        .COLS(COLS),
        .SETS(SETS),
        .BITS_PER_CYCLE(BITS_PER_CYCLE),
        .CARRY_SAVE(TREE)
      ) array (
        .clk(clk),
        .write(wr_taken && !wr_missing && !wr_locked),
        .write_row(wr_row),
        .write_set(wr_set),
        .write_index(wr_index),
        .write_data(wr_data),
        .write_strb(wr_strb),
        .write_exps(wr_exps),
        .load(load),
        .load_set(act_set),
        .load_data(act_data),
        .load_rows(act_rows),
        .load_int4(act_int4),
        .step(step),
        .last(last_plane),
        .group_en(group_en),
        .group(group),
        .group_dots(group_dots),
        .group_exps(group_exps)
      );
    end
  endgenerate

  // ---- preload beats: kept, so that act_ready does not depend on pre_valid
  wire start_valid, start_ready, start_full;
  wire [32*ADDERS-1:0] start_data;

  dimc_preload #(
    .WIDTH(8 * ROWS),
    .GROUPS(BITS_PER_CYCLE)
  ) preload (
    .clk(clk),
    .rst(rst),
    .s_valid(pre_valid),
    .s_ready(pre_ready),
    .s_data(pre_data),
    .m_valid(start_valid),
    .m_ready(start_ready),
    .m_full(start_full),
    .m_data(start_data)
  );

  // ---- accumulation
  wire saw_inf, saw_nan, accumulating;

  dimc_accumulate #(
    .LANES(LANES),
    .GROUPS(BITS_PER_CYCLE),
    .TAG_BITS(TAG_BITS)
  ) accumulate (
    .clk(clk),
    .rst(rst),
    .vec_valid(planes_q && last_plane),
    .vec_ready(sums_ready),
    .vec_exp(exp_q),
    .vec_int4(int4_q),
    .vec_cols(cols_q),
    .vec_first(first_q),
    .vec_preload(preload_q),
    .vec_last(last_q),
    .vec_tag(tag_q),
    .group_en(group_en),
    .group(group),
    .group_dots(group_dots),
    .group_exps(group_exps),
    .pre_valid(start_valid),
    .pre_ready(start_ready),
    .pre_full(start_full),
    .pre_data(start_data),
    .res_valid(res_valid),
    .res_ready(res_ready),
    .res_data(res_data),
    .res_index(res_index),
    .res_last(res_last),
    .res_tag(res_tag),
    .saw_inf(saw_inf),
    .saw_nan(saw_nan),
    .busy(accumulating)
  );

  assign busy = planes_q || accumulating || saw_inf || saw_nan;

  // ---- status
  wire conflict = wr_taken && (wr_missing || wr_locked);

  always @(posedge clk) begin
    wr_conflict <= !rst && conflict;
    if (rst || clear) begin
      seen_inf <= 1'b0;
      seen_nan <= 1'b0;
      count_vectors <= 32'd0;
      count_conflicts <= 32'd0;
      count_stalls <= 32'd0;
    end else begin
      seen_inf <= seen_inf || saw_inf;
      seen_nan <= seen_nan || saw_nan;
      if (finish) count_vectors <= count_vectors + 32'd1;
      if (conflict) count_conflicts <= count_conflicts + 32'd1;
      if (planes_q && last_plane && !sums_ready) count_stalls <= count_stalls + 32'd1;
    end
  end
endmodule

`default_nettype wire
