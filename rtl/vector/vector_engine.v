// SPDX-License-Identifier: Apache-2.0
//
// vector_engine: executes `ve` commands, a chain of fp32 operations over rows of the stash.
//
// Contract: models/vector_engine.py, bit for bit; docs/vector.md has the drawing and the timing. A
//   command is refused (done_status ILLEGAL or ADDRESS, signature 0) before it has written
//   anything, or executed whole. Time depends on fields and stalls, never on data.
// Handshake: cmd as everywhere, one command at a time; done_valid is a pulse with signature and
//   status, once the last beat was accepted and the last scalar written. Stash ports: req_valid
//   does not wait for req_ready, payload stable while stalled; read responses in order, at least
//   one cycle after the request, never stalled. Writes are whole beats.
// Latency and rate: docs/vector.md. One beat per cycle, with fn one in FN_CYCLES cycles.
// Cost: LANES = BLOCK/4 lanes; FN_CYCLES 1, 2, 4 divide the lanes of the transcendental unit;
//   READ_DEPTH beats of prefetch on A and B cover the stash's latency.
`default_nettype none

module vector_engine #(
  parameter BLOCK = 64,           // 16, 32 or 64
  parameter STASH_BEATS = 16384,  // beats at or beyond are an ADDRESS error; at most 65536
  parameter FN_CYCLES = 4,        // cycles per beat of exp2, silu, gelu: 1, 2 or 4
  parameter READ_DEPTH = 8        // >= request-to-response cycles + 2 for the full rate
) (
  input  wire               clk,
  input  wire               rst,

  // commands
  input  wire               cmd_valid,
  output wire               cmd_ready,
  input  wire [255:0]       cmd,
  output reg                done_valid,
  output reg  [31:0]        done_signature,
  output reg  [3:0]         done_status,

  // stash: A and B read, D writes
  output wire               a_req_valid,
  input  wire               a_req_ready,
  output wire [15:0]        a_req_addr,
  input  wire               a_rsp_valid,
  input  wire [8*BLOCK-1:0] a_rsp_data,
  input  wire [15:0]        a_rsp_exps,
  output wire               b_req_valid,
  input  wire               b_req_ready,
  output wire [15:0]        b_req_addr,
  input  wire               b_rsp_valid,
  input  wire [8*BLOCK-1:0] b_rsp_data,
  input  wire [15:0]        b_rsp_exps,
  output wire               d_req_valid,
  input  wire               d_req_ready,
  output wire [15:0]        d_req_addr,
  output wire [8*BLOCK-1:0] d_req_data,
  output wire [15:0]        d_req_exps,

  // status: an infinity or NaN was written (until rst); cycles, mod 2^32
  output reg                sticky_nonfinite,
  output wire [31:0]        count_busy,     // a command is being executed
  output wire [31:0]        count_stall_a,  // ... and waits for a beat of A
  output wire [31:0]        count_stall_b,  // ... for a beat of B
  output wire [31:0]        count_stall_d   // ... for room to write
);
  generate
    if (BLOCK != 16 && BLOCK != 32 && BLOCK != 64) begin : g_block
      vector_engine_BLOCK_must_be_16_32_or_64 rule ();
    end
    if (STASH_BEATS < 1 || STASH_BEATS > 65536) begin : g_stash
      vector_engine_STASH_BEATS_must_be_1_to_65536 rule ();
    end
    if (READ_DEPTH < 2) begin : g_depth
      vector_engine_READ_DEPTH_must_be_at_least_2 rule ();
    end
  endgenerate

  localparam LANES = BLOCK / 4;
  localparam [2:0] REDUCE_NONE = 3'd0;
  localparam [2:0] REDUCE_SQUARES = 3'd2;
  localparam [2:0] REDUCE_MAX = 3'd3;
  localparam [2:0] REDUCE_ARGMAX = 3'd4;
  localparam [1:0] SCALE_ADD = 2'd3;
  localparam [2:0] BIN_AFFINE = 3'd5;
  localparam [1:0] OUT_FP32 = 2'd1;
  localparam [1:0] OUT_MX = 2'd2;

  wire unused_exps = &{1'b0, a_rsp_exps, b_rsp_exps};

  // Command
  wire go, refused, running;
  wire [3:0] status;
  wire [1:0] scale, post, out;
  wire [2:0] bin, fn, reduce;
  wire fold, s_row, causal, use_s, use_b, use_d, hold, pool;
  wire [15:0] a, b, d, len;
  wire [11:0] a_outer_steps, a_inner_steps, a_outer_stride, a_inner_stride;
  wire [11:0] b_outer_steps, b_inner_steps, b_outer, d_outer_steps, d_outer, d_inner;
  wire [9:0] s_src, s_dst;
  wire [31:0] imm;
  wire [16:0] a_row, a_last_row, b_beats, d_beats;
  wire drained;
  wire finished = running && drained;

  vector_command #(.BLOCK(BLOCK), .STASH_BEATS(STASH_BEATS)) command (
    .clk(clk), .rst(rst), .cmd_valid(cmd_valid), .cmd_ready(cmd_ready), .cmd(cmd),
    .go(go), .refused(refused), .status(status), .finished(finished), .running(running),
    .scale(scale), .bin(bin), .fn(fn), .reduce(reduce), .post(post), .out(out), .fold(fold),
    .s_row(s_row), .causal(causal), .a(a), .b(b), .d(d), .len(len), .s_src(s_src),
    .s_dst(s_dst), .imm(imm), .use_s(use_s), .use_b(use_b), .use_d(use_d), .hold(hold),
    .pool(pool), .a_outer_steps(a_outer_steps), .a_inner_steps(a_inner_steps), .a_row(a_row),
    .a_last_row(a_last_row), .a_outer_stride(a_outer_stride), .a_inner_stride(a_inner_stride),
    .b_outer_steps(b_outer_steps), .b_inner_steps(b_inner_steps), .b_beats(b_beats),
    .b_outer(b_outer), .d_outer_steps(d_outer_steps), .d_beats(d_beats), .d_outer(d_outer),
    .d_inner(d_inner)
  );

  // The lanes, issue and quantiser move together, or not at all.
  wire wait_b, wait_d, wait_reducer;
  wire step = !wait_b && !wait_d && !wait_reducer;

  // Operands
  wire a_valid, a_next, b_valid, b_next;
  wire [8*BLOCK-1:0] a_data, b_data;
  vector_reader #(.BLOCK(BLOCK), .DEPTH(READ_DEPTH)) reader_a (
    .clk(clk), .rst(rst), .start(go), .base(a), .outer_steps(a_outer_steps),
    .inner_steps(a_inner_steps), .beats(a_row), .last_beats(a_last_row),
    .outer_stride(a_outer_stride), .inner_stride(a_inner_stride),
    .req_valid(a_req_valid), .req_ready(a_req_ready), .req_addr(a_req_addr),
    .rsp_valid(a_rsp_valid), .rsp_data(a_rsp_data),
    .out_valid(a_valid), .out_next(a_next), .out_data(a_data)
  );
  vector_reader #(.BLOCK(BLOCK), .DEPTH(READ_DEPTH)) reader_b (
    .clk(clk), .rst(rst), .start(go && use_b), .base(b), .outer_steps(b_outer_steps),
    .inner_steps(b_inner_steps), .beats(b_beats), .last_beats(b_beats),
    .outer_stride(b_outer), .inner_stride(12'd0),
    .req_valid(b_req_valid), .req_ready(b_req_ready), .req_addr(b_req_addr),
    .rsp_valid(b_rsp_valid), .rsp_data(b_rsp_data),
    .out_valid(b_valid), .out_next(b_next), .out_data(b_data)
  );

  wire issue_active, starved, a_last, x_valid, x_last, s_read;
  wire [8*BLOCK-1:0] x;
  wire [LANES-1:0] x_mask;
  wire [1:0] x_group;
  wire [9:0] s_addr;
  wire [31:0] s;
  vector_issue #(.BLOCK(BLOCK), .GAP(FN_CYCLES)) issue (
    .clk(clk), .rst(rst), .step(step), .start(go), .outer_steps(a_outer_steps),
    .inner_steps(a_inner_steps), .len(len), .causal(causal), .pool(pool), .beats(a_row),
    .last_beats(a_last_row), .s_src(s_src), .s_row(s_row), .use_s(use_s), .slow(fn != 3'd0),
    .a_valid(a_valid), .a_next(a_next), .a_last(a_last), .a_data(a_data),
    .s_read(s_read), .s_addr(s_addr), .active(issue_active), .starved(starved),
    .out_valid(x_valid), .out_x(x), .out_mask(x_mask), .out_group(x_group), .out_last(x_last)
  );

  wire s_we;
  wire [9:0] s_waddr;
  wire [31:0] s_wdata;
  vector_scalars scalars (
    .clk(clk), .re(s_read), .raddr(s_addr), .rdata(s),
    .we(s_we), .waddr(s_waddr), .wdata(s_wdata)
  );

  // The held row: read with the beat that A starts, or where the affine bin adds it
  wire [8*BLOCK-1:0] y, c_read;
  wire y_valid, c_next, c_end;
  wire at_scale = scale == SCALE_ADD;
  vector_held #(.BLOCK(BLOCK)) held (
    .clk(clk), .start(go), .we(hold && y_valid && step), .wdata(y),
    .next(at_scale ? a_next : c_next && bin == BIN_AFFINE), .last(at_scale ? a_last : c_end),
    .rdata(c_read)
  );

  // The element-wise chain
  wire square_valid, square_last, sum_valid, sum_last, y_last, lanes_busy;
  wire [8*BLOCK-1:0] square_x, sum_x;
  wire [1:0] square_group, sum_group, y_group;
  wire [LANES-1:0] sum_mask;
  vector_lanes #(.LANES(LANES), .FN_CYCLES(FN_CYCLES)) lanes (
    .clk(clk), .rst(rst), .step(step), .scale(scale), .fn(fn), .bin(bin), .fold(fold),
    .squares(reduce == REDUCE_SQUARES), .imm(imm),
    .in_valid(x_valid), .in_x(x), .in_mask(x_mask), .in_group(x_group), .in_last(x_last),
    .in_s(s), .b_valid(b_valid), .b_data(b_data), .b_next(b_next), .wait_b(wait_b),
    .c_data(c_read), .c_next(c_next), .c_end(c_end),
    .square_valid(square_valid), .square_x(square_x), .square_group(square_group),
    .square_last(square_last),
    .sum_valid(sum_valid), .sum_x(sum_x), .sum_mask(sum_mask), .sum_group(sum_group),
    .sum_last(sum_last),
    .out_valid(y_valid), .out_x(y), .out_group(y_group), .out_last(y_last), .busy(lanes_busy)
  );

  // Reduction
  wire squares = reduce == REDUCE_SQUARES;
  wire argmax = reduce == REDUCE_ARGMAX;
  wire reducer_valid = squares ? square_valid : sum_valid && reduce != REDUCE_NONE;
  wire reducer_ready, reducer_busy, row_valid, reduced_valid, post_busy, write_ready;
  wire [8*BLOCK-1:0] row_x;
  wire [31:0] reduced;
  wire [16:0] reduced_index;
  assign wait_reducer = reducer_valid && !reducer_ready;
  vector_reducer #(.LANES(LANES)) reducer (
    .clk(clk), .rst(rst), .step(step), .largest(argmax || reduce == REDUCE_MAX), .rows(pool),
    .in_valid(reducer_valid), .in_ready(reducer_ready), .in_x(squares ? square_x : sum_x),
    .in_mask(squares ? {LANES{1'b1}} : sum_mask), .in_group(squares ? square_group : sum_group),
    .in_last(squares ? square_last : sum_last),
    .row_valid(row_valid), .row_x(row_x), .m_valid(reduced_valid),
    .m_ready(!argmax || write_ready), .m_value(reduced), .m_index(reduced_index),
    .busy(reducer_busy)
  );
  vector_post scalar_post (
    .clk(clk), .rst(rst), .restart(go), .first(s_dst), .post(post), .imm(imm),
    .in_valid(reduced_valid && !argmax), .in_value(reduced),
    .we(s_we), .waddr(s_waddr), .wdata(s_wdata), .busy(post_busy)
  );

  // Results
  wire q_valid, quantiser_busy, writer_busy;
  wire [8*BLOCK-1:0] q_data;
  wire [7:0] q_exp;
  vector_quantiser #(.BLOCK(BLOCK)) quantiser (
    .clk(clk), .rst(rst), .step(step), .in_valid(y_valid && out == OUT_MX), .in_x(y),
    .in_group(y_group), .in_last(y_last),
    .out_valid(q_valid), .out_data(q_data), .out_exp(q_exp), .busy(quantiser_busy)
  );

  wire y_stored = pool ? row_valid : y_valid && out == OUT_FP32;
  wire [8*BLOCK-1:0] fp32_data = pool ? row_x : y;
  wire write_valid = argmax ? reduced_valid : step && (y_stored || q_valid);
  wire [31:0] index = {15'd0, reduced_index} + imm;
  wire [8*BLOCK-1:0] write_data = argmax ? {{8*BLOCK-64{1'b0}}, index, reduced} :
                                  (out == OUT_MX) ? q_data : fp32_data;
  wire [15:0] write_exps = (out == OUT_MX) ? {q_exp, q_exp} : 16'd0;
  wire [31:0] signature;
  assign wait_d = (y_stored || q_valid) && !write_ready;
  vector_writer #(.BLOCK(BLOCK)) writer (
    .clk(clk), .rst(rst), .start(go), .enable(use_d), .base(d), .outer_steps(d_outer_steps),
    .inner_steps(b_inner_steps), .beats(d_beats), .outer_stride(d_outer), .inner_stride(d_inner),
    .s_valid(write_valid), .s_ready(write_ready), .s_data(write_data), .s_exps(write_exps),
    .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_addr(d_req_addr),
    .d_req_data(d_req_data), .d_req_exps(d_req_exps), .signature(signature), .busy(writer_busy)
  );

  assign drained = !issue_active && !x_valid && !lanes_busy && !reducer_busy && !post_busy &&
                   !quantiser_busy && !writer_busy;

  always @(posedge clk) begin
    done_signature <= finished ? signature : 32'd0;
    done_status <= finished ? 4'd0 : status;
  end

  // An infinity or NaN among the values that are written
  always @(posedge clk) begin : sticky
    integer l;
    reg nonfinite;
    nonfinite = s_we && s_wdata[30:23] == 8'hFF;
    if (write_valid && write_ready) begin
      if (out == OUT_MX) nonfinite = nonfinite || q_exp == 8'hFF;
      else if (argmax) nonfinite = reduced[30:23] == 8'hFF;
      else for (l = 0; l < LANES; l = l + 1) begin
        if (fp32_data[32*l + 23 +: 8] == 8'hFF) nonfinite = 1'b1;
      end
    end
    if (rst) sticky_nonfinite <= 1'b0;
    else if (nonfinite) sticky_nonfinite <= 1'b1;
  end

  always @(posedge clk) done_valid <= !rst && (finished || refused);

  vector_counters #(.N(4)) counters (
    .clk(clk), .rst(rst),
    .events({running && wait_d, running && wait_b, running && step && starved, !cmd_ready}),
    .counts({count_stall_d, count_stall_b, count_stall_a, count_busy})
  );
endmodule

`default_nettype wire
