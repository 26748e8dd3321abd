// SPDX-License-Identifier: Apache-2.0
//
// issue_props: vector_issue starts the beats of A with the mask, group, mark of the last beat and
// scalar that belong to them, each once and in order, for any rows, pauses and late beats. One beat
// is 4 lanes. The walk is that of walker_props; with pool the inner steps are rows, and an outer
// step is a group of four beats.
`default_nettype none

module issue_props #(
  parameter GAP = 4
) (
  input wire         clk,
  input wire         rst,
  input wire         step,
  input wire         start,
  input wire         a_valid,
  input wire [127:0] a_data
);
  // settings of the command
  (* anyconst *) wire [11:0] outer_steps;
  (* anyconst *) wire [11:0] inner_steps;
  (* anyconst *) wire [15:0] len;
  (* anyconst *) wire causal;
  (* anyconst *) wire pool;
  (* anyconst *) wire [16:0] beats;
  (* anyconst *) wire [16:0] last_beats;
  (* anyconst *) wire [9:0] s_src;
  (* anyconst *) wire s_row;
  (* anyconst *) wire use_s;
  (* anyconst *) wire slow;

  wire a_next, a_last, s_read, active, starved, out_valid, out_last;
  wire [9:0] s_addr;
  wire [127:0] out_x;
  wire [3:0] out_mask;
  wire [1:0] out_group;
  vector_issue #(.BLOCK(16), .GAP(GAP)) dut (
    .clk(clk), .rst(rst), .step(step), .start(start), .outer_steps(outer_steps),
    .inner_steps(inner_steps), .len(len), .causal(causal), .pool(pool), .beats(beats),
    .last_beats(last_beats), .s_src(s_src), .s_row(s_row), .use_s(use_s), .slow(slow),
    .a_valid(a_valid), .a_next(a_next), .a_last(a_last), .a_data(a_data), .s_read(s_read),
    .s_addr(s_addr), .active(active), .starved(starved), .out_valid(out_valid), .out_x(out_x),
    .out_mask(out_mask), .out_group(out_group), .out_last(out_last)
  );

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* begin
    assume (rst || started);
    assume (!start || !active || rst);
    // settings as vector_command makes them
    assume (len != 16'd0 && beats != 17'd0 && last_beats != 17'd0);
    if (pool) begin
      assume (!causal && !slow && !use_s && beats == 17'd4 && last_beats <= 17'd4);
      assume ({1'b0, len} > {1'b0, outer_steps, 4'd0});
    end else assume (last_beats == beats && beats <= 17'd17407);
  end

  // ---- the beat that should start next: beat k of row i of outer step o
  reg [11:0] o, i;
  reg [16:0] k;
  reg [9:0] scalar;
  wire [16:0] row = (o == outer_steps) ? last_beats : beats;
  wire row_ends = k == row - 17'd1;
  wire inner_ends = row_ends && i == inner_steps;
  wire [19:0] valid = pool ? {4'd0, len} : {4'd0, len} + (causal ? {8'd0, o} : 20'd0);
  wire [19:0] first = pool ? {4'd0, o, 4'd0} + {1'd0, k, 2'd0} : {1'd0, k, 2'd0};

  always @(posedge clk) begin
    if (start) begin
      {o, i, k} <= 0;
      scalar <= s_src;
    end else if (a_next) begin
      k <= row_ends ? 17'd0 : k + 17'd1;
      if (row_ends) i <= inner_ends ? 12'd0 : i + 12'd1;
      if (inner_ends) o <= o + 12'd1;
      if (row_ends && (s_row || i == inner_steps)) scalar <= scalar + 10'd1;
    end
  end

  // Rule: the mark of the last beat, and one read of the row's scalar with its first beat.
  always @* if (started && active) begin
    assert (a_last == row_ends);
    assert (s_read == (a_next && k == 17'd0 && use_s));
    if (s_read) assert (s_addr == scalar);
  end

  // Rule: a beat starts in a step in which it is there, and then at most one in GAP steps.
  reg [2:0] since;  // steps since the last start
  always @(posedge clk) begin
    if (rst) since <= GAP;
    else if (step) since <= a_next ? 3'd1 : (since < GAP) ? since + 3'd1 : since;
  end
  always @* if (started) begin
    assert (a_next == (active && a_valid && step && (!slow || since >= GAP)));
    assert (!starved || !a_valid);
  end

  // Rule: out_* shows the beat with its own mask, lanes beyond it +0; out_valid in the step after.
  reg shown = 1'b0;
  reg [3:0] mask;
  reg [1:0] group;
  reg last;
  integer l;
  always @(posedge clk) begin
    if (rst) shown <= 1'b0;
    else if (step) shown <= a_next;
    if (a_next) begin
      for (l = 0; l < 4; l = l + 1) mask[l] <= first + l < valid;
      group <= k[1:0];
      last <= pool ? i == inner_steps : row_ends;
    end
  end
  always @* if (started) begin
    assert (out_valid == shown);
    if (shown) begin
      assert (out_mask == mask && out_group == group && out_last == last);
      for (l = 0; l < 4; l = l + 1) assert (mask[l] || out_x[32*l +: 32] == 32'd0);
    end
  end

  // Rule: it is active until the last beat has started.
  reg busy = 1'b0;
  always @(posedge clk) begin
    if (rst) busy <= 1'b0;
    else if (start) busy <= 1'b1;
    else if (a_next && inner_ends && o == outer_steps) busy <= 1'b0;
  end
  always @* if (started) assert (active == busy);

  // ---- what an induction needs to know of its counters
  (* hierconn *) wire [16:0] \dut.beat_q ;
  (* hierconn *) wire [11:0] \dut.outer_q ;
  (* hierconn *) wire [11:0] \dut.inner_q ;
  (* hierconn *) wire [16:0] \dut.valid_q ;
  (* hierconn *) wire [16:0] \dut.left_q ;
  (* hierconn *) wire [9:0] \dut.scalar_q ;
  (* hierconn *) wire [1:0] \dut.group_q ;
  (* hierconn *) wire [1:0] \dut.gap_q ;
  (* hierconn *) wire \dut.first_q ;
  always @* if (started) begin
    if (busy) begin
      assert (o <= outer_steps && i <= inner_steps && k < row);
      assert (\dut.outer_q == outer_steps - o);
      assert (\dut.inner_q == inner_steps - i);
      assert (\dut.beat_q == row - 17'd1 - k);
      assert (\dut.group_q == k[1:0] && \dut.first_q == (k == 17'd0));
      assert (\dut.scalar_q == scalar);
      assert ({3'd0, \dut.valid_q } == (pool ? valid - {4'd0, o, 4'd0} : valid));
      assert ({3'd0, \dut.left_q } == ((valid > first) ? valid - first : 20'd0));
    end
    if (slow) assert (since >= 3'd1 && \dut.gap_q == GAP - since);
    else assert (\dut.gap_q == 2'd0);
    if (shown && !slow) assert (out_valid);
  end
endmodule

`default_nettype wire
