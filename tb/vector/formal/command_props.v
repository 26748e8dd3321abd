// SPDX-License-Identifier: Apache-2.0
//
// command_props: three cycles after a command was taken, vector_command refuses it with the status
// that docs/vector.md gives, in sums that cannot overflow, or starts it with its settings;
// these stand still until it is over, and no other command is taken before. That the last row's
// last beat is the farthest one is by hand: all strides are positive.
`default_nettype none

module command_props #(
  parameter BLOCK = 16,
  parameter STASH_BEATS = 1024
) (
  input wire         clk,
  input wire         rst,
  input wire         cmd_valid,
  input wire [255:0] cmd,
  input wire         finished
);
`include "commands.vh"
  wire cmd_ready, go, refused, running, fold, s_row, causal, use_s, use_b, use_d, hold, pool;
  wire [3:0] status;
  wire [1:0] scale, post, out;
  wire [2:0] bin, fn, reduce;
  wire [15:0] a, b, d, len;
  wire [9:0] s_src, s_dst;
  wire [31:0] imm;
  wire [11:0] a_outer_steps, a_inner_steps, a_outer_stride, a_inner_stride, b_outer_steps;
  wire [11:0] b_inner_steps, b_outer, d_outer_steps, d_outer, d_inner;
  wire [16:0] a_row, a_last_row, b_beats, d_beats;
  vector_command #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) dut (
    .clk(clk), .rst(rst), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd), .go(go),
    .refused(refused), .status(status), .finished(finished), .running(running), .scale(scale),
    .bin(bin), .fn(fn), .reduce(reduce), .post(post), .out(out), .fold(fold), .s_row(s_row),
    .causal(causal), .a(a), .b(b), .d(d), .len(len), .s_src(s_src), .s_dst(s_dst), .imm(imm),
    .use_s(use_s), .use_b(use_b), .use_d(use_d), .hold(hold), .pool(pool),
    .a_outer_steps(a_outer_steps), .a_inner_steps(a_inner_steps), .a_row(a_row),
    .a_last_row(a_last_row), .a_outer_stride(a_outer_stride), .a_inner_stride(a_inner_stride),
    .b_outer_steps(b_outer_steps), .b_inner_steps(b_inner_steps), .b_beats(b_beats),
    .b_outer(b_outer), .d_outer_steps(d_outer_steps), .d_beats(d_beats), .d_outer(d_outer),
    .d_inner(d_inner)
  );
  (* hierconn *) wire [2:0] \dut.state_q ;
  (* hierconn *) wire [255:0] \dut.cmd_q ;
  (* hierconn *) wire [23:0] \dut.a_far_q ;
  (* hierconn *) wire [23:0] \dut.b_far_q ;
  (* hierconn *) wire [23:0] \dut.d_far_q ;
  (* hierconn *) wire [17:0] \dut.a_near_q ;
  (* hierconn *) wire [17:0] \dut.d_near_q ;
  (* hierconn *) wire [19:0] \dut.rows_q ;

  reg started = 1'b0;
  reg [255:0] taken;  // the command that was taken
  reg [2:0] age;     // cycles since, up to 3; 4 while it runs; 0 without one
  always @(posedge clk) begin
    started <= 1'b1;
    if (cmd_valid && cmd_ready) taken <= cmd;
    if (rst) age <= 3'd0;
    else if (cmd_valid && cmd_ready) age <= 3'd1;
    else if (age == 3'd1 || age == 3'd2) age <= age + 3'd1;
    else if (age == 3'd3) age <= go ? 3'd4 : 3'd0;
    else if (finished) age <= 3'd0;
  end
  always @* assume (rst || started);

  // What the command says. It is read where the module keeps it, so that products of the same
  // cycle are the same to the solver.
  wire [255:0] word = \dut.cmd_q ;
  localparam LANES = BLOCK / 4;
  wire [11:0] outer = word[CMD_VE_OUTER_LSB +: 12];
  wire [7:0] inner = word[CMD_VE_INNER_LSB +: 8];
  wire [11:0] outer_1 = outer - 12'd1;
  wire [7:0] inner_1 = inner - 8'd1;
  wire [2:0] w_bin = word[CMD_VE_BIN_LSB +: 3];
  wire [2:0] w_fn = word[CMD_VE_FN_LSB +: 3];
  wire [2:0] w_reduce = word[CMD_VE_REDUCE_LSB +: 3];
  wire [1:0] w_scale = word[CMD_VE_SCALE_LSB +: 2];
  wire [1:0] w_out = word[CMD_VE_OUT_LSB +: 2];
  wire w_fold = word[CMD_VE_FOLD_LSB];
  wire w_causal = word[CMD_VE_CAUSAL_LSB];
  wire w_s_row = word[CMD_VE_S_ROW_LSB];
  wire [15:0] w_len = word[CMD_VE_LEN_LSB +: 16];
  wire [9:0] w_src = word[CMD_VE_S_SRC_LSB +: 10];
  wire [9:0] w_dst = word[CMD_VE_S_DST_LSB +: 10];
  wire holds = w_out == 2'd3 && w_reduce != 3'd4;
  wire pools = w_reduce == 3'd5;
  wire with_s = w_scale == 2'd1 || w_scale == 2'd2;
  wire with_c = w_scale == 2'd3 || w_bin == 3'd5;
  wire with_b = w_bin != 3'd0 || w_fold;
  wire with_d = w_out != 2'd0 && !holds;
  wire to_scalar = w_reduce >= 3'd1 && w_reduce <= 3'd3;

  // Extents; a product is as wide as its operands together.
  wire [31:0] span = {16'd0, w_len} + (w_causal ? {20'd0, outer_1} : 32'd0);
  wire [31:0] beats = (span + LANES - 1) / LANES;
  wire [31:0] blocks = (span + BLOCK - 1) / BLOCK;
  wire [31:0] d_row = (w_out == 2'd1) ? beats : (w_out == 2'd2) ? blocks : 32'd1;
  wire [11:0] d_outer_1 = pools ? 12'd0 : outer_1;
  reg [23:0] a_far, b_far, d_far;
  reg [17:0] a_near, d_near;
  reg [19:0] rows;
  always @(posedge clk) if (age == 3'd1) begin
    a_far <= outer_1 * word[CMD_VE_A_OUTER_LSB +: 12];
    b_far <= outer_1 * word[CMD_VE_B_OUTER_LSB +: 12];
    d_far <= d_outer_1 * word[CMD_VE_D_OUTER_LSB +: 12];
    a_near <= inner_1 * word[CMD_VE_A_INNER_LSB +: 10];
    d_near <= inner_1 * word[CMD_VE_D_INNER_LSB +: 10];
    rows <= outer * inner;
  end
  wire [31:0] a_end = word[CMD_VE_A_LSB +: 16] + {8'd0, a_far} + {14'd0, a_near} + beats;
  wire [31:0] b_end = word[CMD_VE_B_LSB +: 16] + {8'd0, b_far} + (w_fold ? blocks : beats);
  wire [31:0] d_end = word[CMD_VE_D_LSB +: 16] + {8'd0, d_far} + {14'd0, d_near} + d_row;
  wire [31:0] s_end = {22'd0, w_src} + (w_s_row ? {12'd0, rows} : {20'd0, outer});
  wire [31:0] t_end = {22'd0, w_dst} + {12'd0, rows};

  // Rule: refused as ILLEGAL.
  wire meet = w_src < t_end && w_dst < s_end;  // the ranges of scalars
  wire behind = w_src >= w_dst && (w_s_row || inner == 8'd1);
  wire illegal = word[CMD_OPCODE_LSB +: 4] != CMD_VE || w_bin > 3'd5 || w_fn > 3'd4 ||
    w_reduce > 3'd5 || outer == 12'd0 || inner == 8'd0 || w_len == 16'd0 ||
    (w_fold && w_bin != 3'd0) || (w_reduce == 3'd4 && w_out != 2'd3) ||
    (holds && (w_reduce != 3'd0 || outer > 12'd1 || inner > 8'd1 || with_c)) ||
    (w_scale == 2'd3 && w_bin == 3'd5) || ((holds || with_c) && beats > 32'd64) ||
    (pools && (w_out != 2'd1 || inner != 8'd1 || w_causal || w_scale != 2'd0 || w_fn != 3'd0 ||
               w_bin != 3'd0 || w_fold)) ||
    (with_s && to_scalar && meet && !behind);

  // Rule: refused as ADDRESS.
  wire beyond = a_end > STASH_BEATS || (with_b && b_end > STASH_BEATS) ||
    (with_d && d_end > STASH_BEATS) || (with_s && s_end > 32'd1024) ||
    (to_scalar && t_end > 32'd1024);

  always @* if (started) begin
    assert (\dut.state_q == age);  // for the induction
    assert (age == 3'd0 || word == taken);
    assert (cmd_ready == (age == 3'd0) && running == (age == 3'd4));
    assert ((go || refused) == (age == 3'd3) && !(go && refused));
    if (age == 3'd2) begin  // for the induction
      assert (a_far == \dut.a_far_q && b_far == \dut.b_far_q && d_far == \dut.d_far_q );
      assert (a_near == \dut.a_near_q && d_near == \dut.d_near_q && rows == \dut.rows_q );
    end
    if (age == 3'd3) begin
      assert (status == (illegal ? 4'd1 : beyond ? 4'd2 : 4'd0));
      assert (refused == (status != 4'd0));
    end
  end

  // Rule: what runs has the extents that were checked.
  reg [16:0] a_row_q, a_last_row_q, b_beats_q, d_beats_q;
  always @(posedge clk) if (age == 3'd3) begin
    a_row_q <= a_row;
    a_last_row_q <= a_last_row;
    b_beats_q <= b_beats;
    d_beats_q <= d_beats;
  end
  always @* if (started) begin
    if (age == 3'd3 && go) begin
      assert (a_row == (pools ? 32'd4 : beats));
      assert (!with_b || b_beats == (w_fold ? blocks : beats));
      assert (!with_d || d_beats == d_row);
      assert (use_s == with_s && use_b == with_b && use_d == with_d && hold == holds);
      assert (pool == pools && d_outer_steps == d_outer_1);
      assert (!pools || beats == 4 * {20'd0, a_outer_steps} + {15'd0, a_last_row});
      assert (!pools || (a_last_row >= 17'd1 && a_last_row <= 17'd4));
      assert (pools || (a_outer_steps == outer_1 && a_inner_steps == {4'd0, inner_1}));
      assert (pools || a_last_row == beats);
    end
    if (age == 3'd4) begin
      assert (a_row == a_row_q && a_last_row == a_last_row_q);
      assert (b_beats == b_beats_q && d_beats == d_beats_q);
    end
  end
endmodule

`default_nettype wire
