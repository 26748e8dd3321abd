// SPDX-License-Identifier: Apache-2.0
//
// dimc_accumulate: block-scaled accumulation of one DIMC macro.
//
// Contract: takes a vector whose dot products are held in the array, fetches them in words of
//   ADDERS = GROUPS * LANES columns, forms each column's contribution
//   ldexp(float32(d), Ex + Ew - 254 - 6 - (bw-2)) with exponent bytes Ex, Ew (NaN if either is
//   255), adds it to the column's fp32 accumulator, and on a tile's last vector sends the sums as
//   result beats of LANES columns. Columns from vec_cols on contribute nothing, are sent as +0 and
//   set no status.
// Handshakes: vec_ready depends on registers and pre_valid only. A word waits for its preload
//   beats, for room at the result port, and, after a stall, for an earlier sum of the same columns.
//   pre_full is stable from register to transfer: GROUPS beats are wanted, else one.
// Latency: a vector taken in cycle t has word k in the adders in cycle t+3+k and at the result port
//   from cycle t+3+k+ADD_STAGES on. A column's accumulator loop takes ADD_STAGES + 1 cycles.
// Cost: ADDERS converters and adders (combinational functions with ADD_STAGES registers behind, to
//   be retimed), 8*LANES accumulators of 32 bits, the storage of dimc_results.
`default_nettype none

module dimc_accumulate #(
  parameter LANES = 16,   // columns per beat: 2, 4, 8 or 16
  parameter GROUPS = 1,   // beats added per cycle: 1 or 2
  parameter TAG_BITS = 8  // at least 1
) (
  input  wire                clk,
  input  wire                rst,

  // vectors
  input  wire                vec_valid,
  output wire                vec_ready,
  input  wire [7:0]          vec_exp,
  input  wire                vec_int4,
  input  wire [7:0]          vec_cols,
  input  wire                vec_first,
  input  wire                vec_preload,
  input  wire                vec_last,
  input  wire [TAG_BITS-1:0] vec_tag,

  // fetch from the array: data one cycle after group_en
  output wire                group_en,
  output wire [2:0]          group,
  input  wire [22*GROUPS*LANES-1:0] group_dots,
  input  wire [8*GROUPS*LANES-1:0]  group_exps,

  // start values
  input  wire                pre_valid,
  output wire                pre_ready,
  output wire                pre_full,
  input  wire [32*GROUPS*LANES-1:0] pre_data,

  // results
  output wire                res_valid,
  input  wire                res_ready,
  output wire [32*LANES-1:0] res_data,
  output wire [2:0]          res_index,
  output wire                res_last,
  output wire [TAG_BITS-1:0] res_tag,

  output reg                 saw_inf,   // in the cycle after such a sum was stored
  output reg                 saw_nan,
  output wire                busy
);
  generate
    if (LANES != 2 && LANES != 4 && LANES != 8 && LANES != 16) begin : g_lanes
      dimc_accumulate_LANES_must_be_2_4_8_or_16 rule ();
    end
    if (GROUPS != 1 && GROUPS != 2) begin : g_groups
      dimc_accumulate_GROUPS_must_be_1_or_2 rule ();
    end
    if (TAG_BITS < 1) begin : g_tag
      dimc_accumulate_TAG_BITS_must_be_at_least_1 rule ();
    end
  endgenerate

`include "fp32.vh"

  localparam ADD_STAGES = 3;
  localparam ADDERS = GROUPS * LANES;
  localparam WIDTH = 32 * ADDERS;
  localparam WORDS = 8 / GROUPS;
  localparam WORD_BITS = (GROUPS == 1) ? 3 : 2;

  integer l;
  integer s;

  // ---- fetch: one word per cycle from the held vector
  reg held_q;
  reg [2:0] group_q;
  reg [7:0] held_exp_q;
  reg held_int4_q;
  reg [7:0] held_cols_q;
  reg held_first_q, held_preload_q, held_last_q;
  reg [TAG_BITS-1:0] held_tag_q;

  wire fetch_ready;
  // No more than all columns, whatever vec_cols says.
  wire held_final = {29'd0, group_q} == 32'd8 / GROUPS - 32'd1 ||
                    ({29'd0, group_q} + 32'd1) * ADDERS >= {24'd0, held_cols_q};

  assign group_en = held_q && fetch_ready;
  assign group = group_q;
  assign vec_ready = !held_q || (group_en && held_final);

  always @(posedge clk) begin
    if (rst) held_q <= 1'b0;
    else if (vec_ready) held_q <= vec_valid;
  end

  always @(posedge clk) begin
    if (vec_valid && vec_ready) begin
      group_q <= 3'd0;
      held_exp_q <= vec_exp;
      held_int4_q <= vec_int4;
      held_cols_q <= vec_cols;
      held_first_q <= vec_first;
      held_preload_q <= vec_first && vec_preload;
      held_last_q <= vec_last;
      held_tag_q <= vec_tag;
    end else if (group_en) begin
      group_q <= group_q + 3'd1;
    end
  end

  // ---- scale: integers become fp32 contributions
  reg scale_q;
  reg [2:0] scale_group_q;
  reg [7:0] scale_exp_q;
  reg scale_int4_q;
  reg [7:0] scale_cols_q;
  reg scale_first_q, scale_preload_q, scale_last_q, scale_final_q;
  reg [TAG_BITS-1:0] scale_tag_q;

  wire scale_ready;
  assign fetch_ready = !scale_q || scale_ready;

  always @(posedge clk) begin
    if (rst) scale_q <= 1'b0;
    else if (fetch_ready) scale_q <= held_q;
    if (group_en) begin
      scale_group_q <= group_q;
      scale_exp_q <= held_exp_q;
      scale_int4_q <= held_int4_q;
      scale_cols_q <= held_cols_q;
      scale_first_q <= held_first_q;
      scale_preload_q <= held_preload_q;
      scale_last_q <= held_last_q;
      scale_final_q <= held_final;
      scale_tag_q <= held_tag_q;
    end
  end

  function automatic [31:0] contribution(input [21:0] dot, input [7:0] ex, input [7:0] ew,
                                         input narrow);
    reg signed [10:0] shift;
    begin
      shift = $signed({3'b000, ex}) + $signed({3'b000, ew}) - (narrow ? 11'sd262 : 11'sd266);
      if (ex == 8'hFF || ew == 8'hFF) contribution = 32'h7FC00000;
      else contribution = fp32_ldexp(fp32_from_int(dot), shift);
    end
  endfunction

  // ---- add: contributions meet their accumulators
  reg add_q;
  reg [2:0] add_group_q;
  reg [ADDERS-1:0] add_lanes_q;  // lanes with a valid column
  reg add_first_q, add_preload_q, add_last_q, add_final_q;
  reg [TAG_BITS-1:0] add_tag_q;
  reg [WIDTH-1:0] addend_q;

  wire add_go;
  assign scale_ready = !add_q || add_go;

  always @(posedge clk) begin
    if (rst) add_q <= 1'b0;
    else if (scale_ready) add_q <= scale_q;
    if (scale_q && scale_ready) begin
      add_group_q <= scale_group_q;
      add_first_q <= scale_first_q;
      add_preload_q <= scale_preload_q;
      add_last_q <= scale_last_q;
      add_final_q <= scale_final_q;
      add_tag_q <= scale_tag_q;
      for (l = 0; l < ADDERS; l = l + 1) begin
        if ({29'd0, scale_group_q} * ADDERS + l < {24'd0, scale_cols_q}) begin
          add_lanes_q[l] <= 1'b1;
          addend_q[32*l +: 32] <= contribution(
            group_dots[22*l +: 22], scale_exp_q, group_exps[8*l +: 8], scale_int4_q
          );
        end else begin
          add_lanes_q[l] <= 1'b0;
          addend_q[32*l +: 32] <= 32'd0;
        end
      end
    end
  end

  // {infinity, NaN, sums}; lanes that are not valid give +0
  function automatic [WIDTH+1:0] sums(input [WIDTH-1:0] start, input [WIDTH-1:0] addend,
                                      input [ADDERS-1:0] lanes);
    integer i;
    reg [31:0] sum;
    begin
      sums = {WIDTH + 2{1'b0}};
      for (i = 0; i < ADDERS; i = i + 1) begin
        if (lanes[i]) begin
          sum = fp32_add(start[32*i +: 32], addend[32*i +: 32]);
          sums[32*i +: 32] = sum;
          if (sum[30:23] == 8'hFF) begin
            if (sum[22:0] == 23'd0) sums[WIDTH+1] = 1'b1;
            else sums[WIDTH] = 1'b1;
          end
        end
      end
    end
  endfunction

  // ---- registers behind the adders, to be retimed into them, then the accumulators
  localparam ENTRY = TAG_BITS + 3 + 3 + 2 + WIDTH;  // tag, last, final, full, group, inf, nan, sums

  reg [WIDTH-1:0] acc [0:WORDS-1];
  reg [ADD_STAGES-1:0] stage_q;
  reg [ADD_STAGES*ENTRY-1:0] entries_q;
  reg hazard;

  wire [ENTRY-1:0] tail = entries_q[(ADD_STAGES-1)*ENTRY +: ENTRY];
  wire tail_valid = stage_q[ADD_STAGES-1];
  wire [2:0] tail_group = tail[WIDTH+2 +: 3];
  wire tail_full = tail[WIDTH+5];
  wire tail_final = tail[WIDTH+6];
  wire tail_last = tail[WIDTH+7];
  wire results_ready;
  wire advance = !(tail_valid && tail_last) || results_ready;

  wire add_full = add_lanes_q[ADDERS-LANES];  // the word's last group has a valid column
  wire [WIDTH-1:0] start = !add_first_q ? acc[add_group_q[WORD_BITS-1:0]]
                         : add_preload_q ? pre_data : {WIDTH{1'b0}};

  always @* begin
    hazard = 1'b0;
    for (s = 0; s < ADD_STAGES; s = s + 1) begin
      if (stage_q[s] && entries_q[s*ENTRY+WIDTH+2 +: 3] == add_group_q) hazard = 1'b1;
    end
  end

  assign add_go = add_q && advance && !hazard && (!add_preload_q || pre_valid);
  assign pre_ready = add_go && add_preload_q;
  assign pre_full = add_full;

  always @(posedge clk) begin
    if (rst) stage_q <= {ADD_STAGES{1'b0}};
    else if (advance) stage_q <= {stage_q[ADD_STAGES-2:0], add_go};
    if (advance && (add_go || stage_q != {ADD_STAGES{1'b0}})) begin
      entries_q[ADD_STAGES*ENTRY-1:ENTRY] <= entries_q[(ADD_STAGES-1)*ENTRY-1:0];
    end
    if (add_go) begin
      entries_q[ENTRY-1:0] <= {
        add_tag_q, add_last_q, add_final_q, add_full, add_group_q,
        sums(start, addend_q, add_lanes_q)
      };
    end
  end

  always @(posedge clk) begin
    if (tail_valid && advance) acc[tail_group[WORD_BITS-1:0]] <= tail[WIDTH-1:0];
  end

  always @(posedge clk) begin
    saw_inf <= !rst && tail_valid && advance && tail[WIDTH+1];
    saw_nan <= !rst && tail_valid && advance && tail[WIDTH];
  end

  dimc_results #(
    .WIDTH(32 * LANES),
    .TAG_BITS(TAG_BITS),
    .GROUPS(GROUPS)
  ) results (
    .clk(clk),
    .rst(rst),
    .s_valid(tail_valid && tail_last),
    .s_ready(results_ready),
    .s_data(tail[WIDTH-1:0]),
    .s_full(tail_full),
    .s_word(tail_group),
    .s_last(tail_final),
    .s_tag(tail[ENTRY-1 -: TAG_BITS]),
    .m_valid(res_valid),
    .m_ready(res_ready),
    .m_data(res_data),
    .m_index(res_index),
    .m_last(res_last),
    .m_tag(res_tag)
  );

  assign busy = held_q || scale_q || add_q || stage_q != {ADD_STAGES{1'b0}} || res_valid;
endmodule

`default_nettype wire
