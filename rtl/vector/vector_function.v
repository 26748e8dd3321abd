// SPDX-License-Identifier: Apache-2.0
//
// vector_function: exp2(x*imm), silu(x) or gelu(x) of whole beats, LANES/CYCLES lanes at a time.
//
//   x -+--------------------> u -> exp2 or tail -+-> 1 + e -> recip -+-> sigmoid -> * x -> y
//      +-> x*x -> *c3 -> +c1 -^                  |    1 - e -------> ^
//          (tanh form)                           +-> y  (exp2)
//
// Contract: beats leave in order, each with the tag it came with, bit-exact with
//   models/transcendental.py. `fn` does not change while beats are inside.
// Handshake: none; all registers move when step is high. After a beat, in_valid stays low for
//   CYCLES - 1 steps (the issue stage keeps the distance).
// Latency in steps: CYCLES and exp2 10, silu 21, gelu 12, its tanh form 24. Rate: a beat in CYCLES
//   steps.
// Cost: CYCLES halves the lanes at each doubling. A lane has two table units (exp2 and tail,
//   reciprocal), five multipliers and two adders.
`default_nettype none

module vector_function #(
  parameter LANES = 16,
  parameter CYCLES = 4,  // steps per beat: 1, 2 or 4
  parameter TAG = 51     // bits that travel beside a beat
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                step,

  // settings of the command
  input  wire [2:0]          fn,    // 1 exp2, 2 silu, 3 gelu, 4 gelu in tanh form
  input  wire [31:0]         imm,

  input  wire                in_valid,
  input  wire [32*LANES-1:0] in_x,
  input  wire [TAG-1:0]      in_tag,
  output reg                 out_valid,
  output reg  [32*LANES-1:0] out_x,
  output wire [TAG-1:0]      out_tag,
  output wire                busy
);
`include "fp32.vh"

  generate
    if (CYCLES != 1 && CYCLES != 2 && CYCLES != 4) begin : g_cycles
      vector_function_CYCLES_must_be_1_2_or_4 rule ();
    end
  endgenerate

  localparam N = LANES / CYCLES;
  localparam SLICE = 32 * N;
  localparam TAGS = 32 / CYCLES;  // more beats than can be inside
  localparam TAG_BITS = $clog2(TAGS);
  localparam [31:0] CYCLES_MINUS_1 = CYCLES - 1;
  localparam [1:0] LAST = CYCLES_MINUS_1[1:0];
  localparam [31:0] NEG_LOG2E = 32'hBFB8AA3B;
  localparam [31:0] GELU_LINEAR = 32'hC0135761;  // -2 sqrt(2/pi) log2(e), and 0.044715 times it
  localparam [31:0] GELU_CUBIC = 32'hBDD2D3E8;
  localparam [31:0] ONE = 32'h3F800000;

  wire plain = fn == 3'd1;
  wire silu = fn == 3'd2;
  wire gelu = fn == 3'd3;
  wire cubic = fn == 3'd4;
  wire logistic = silu || cubic;

  integer l;

  // Feed: a beat is held and cut into CYCLES slices.
  reg [32*LANES-1:0] hold_q;
  reg feed_q;
  reg [1:0] slice_q;
  wire [SLICE-1:0] feed_x = hold_q[SLICE-1:0];

  always @(posedge clk) begin
    if (rst) begin
      feed_q <= 1'b0;
      slice_q <= 2'd0;
    end else if (step) begin
      if (in_valid) feed_q <= 1'b1;
      else if (slice_q == LAST) feed_q <= 1'b0;
      if (feed_q) slice_q <= (slice_q == LAST) ? 2'd0 : slice_q + 2'd1;
    end
  end

  always @(posedge clk) begin
    if (step && in_valid) hold_q <= in_x;
    else if (step && feed_q) hold_q <= hold_q >> SLICE;
  end

  // slope = c3*x*x + c1 of the tanh form
  reg [2:0] slope_valid;  // x*x, *c3, +c1
  reg [SLICE-1:0] square_q, cube_q, slope_q, square_x_q, cube_x_q, slope_x_q;
  always @(posedge clk) begin
    if (rst) slope_valid <= 3'd0;
    else if (step) slope_valid <= {slope_valid[1:0], feed_q && cubic};
  end
  always @(posedge clk) begin
    if (step && feed_q && cubic) begin
      square_x_q <= feed_x;
      for (l = 0; l < N; l = l + 1) begin
        square_q[32*l +: 32] <= fp32_mul(feed_x[32*l +: 32], feed_x[32*l +: 32]);
      end
    end
    if (step && slope_valid[0]) begin
      cube_x_q <= square_x_q;
      for (l = 0; l < N; l = l + 1) begin
        cube_q[32*l +: 32] <= fp32_mul(square_q[32*l +: 32], GELU_CUBIC);
      end
    end
    if (step && slope_valid[1]) begin
      slope_x_q <= cube_x_q;
      for (l = 0; l < N; l = l + 1) begin
        slope_q[32*l +: 32] <= fp32_add(cube_q[32*l +: 32], GELU_LINEAR);
      end
    end
  end

  // u = x*imm, |x| * -log2(e), |x| * slope, or |x|
  wire x_valid = cubic ? slope_valid[2] : feed_q;
  wire [SLICE-1:0] x = cubic ? slope_x_q : feed_x;
  reg u_valid;
  reg [SLICE-1:0] u_q;
  always @(posedge clk) begin
    if (rst) u_valid <= 1'b0;
    else if (step) u_valid <= x_valid;
  end
  always @(posedge clk) begin : u_stage
    reg [31:0] y;
    if (step && x_valid) begin
      for (l = 0; l < N; l = l + 1) begin
        y = plain ? imm : silu ? NEG_LOG2E : slope_q[32*l +: 32];
        u_q[32*l +: 32] <= gelu ? {1'b0, x[32*l +: 31]} :
          fp32_mul({plain && x[32*l + 31], x[32*l +: 31]}, y);
      end
    end
  end

  // e = exp2(u) or tail(u)
  wire e_valid, e_busy;
  wire [SLICE-1:0] e;
  vector_table #(.LANES(N)) exp2 (
    .clk(clk), .rst(rst), .step(step), .op(gelu ? 2'd3 : 2'd0),
    .in_valid(u_valid), .in_x(u_q), .out_valid(e_valid), .out_y(e), .busy(e_busy)
  );

  // rc = recip(1 + e); gelu takes 1 - e instead
  reg d_valid;
  reg [SLICE-1:0] d_q, one_e;
  wire rc_valid, rc_busy;
  wire [SLICE-1:0] rc;
  always @(posedge clk) begin
    if (rst) d_valid <= 1'b0;
    else if (step) d_valid <= e_valid && logistic;
  end
  always @* begin
    one_e = d_q;
    if (e_valid && !plain) begin
      for (l = 0; l < N; l = l + 1) begin
        one_e[32*l +: 32] = fp32_add(ONE, {e[32*l + 31] ^ gelu, e[32*l +: 31]});
      end
    end
  end
  always @(posedge clk) begin
    if (step && e_valid && logistic) d_q <= one_e;
  end
  vector_table #(.LANES(N)) recip (
    .clk(clk), .rst(rst), .step(step), .op(2'd1),
    .in_valid(d_valid), .in_x(d_q), .out_valid(rc_valid), .out_y(rc), .busy(rc_busy)
  );

  // sigmoid = x < 0 ? e*rc : rc, of gelu x < 0 ? e : 1 - e;  y = x * sigmoid
  wire [SLICE-1:0] e_late, x_mid, x_late;
  vector_delay #(.WIDTH(SLICE), .LATENCY(9)) delay_e (
    .clk(clk), .rst(rst), .step(step), .s_valid(e_valid), .s_data(e), .m_data(e_late)
  );
  vector_delay #(.WIDTH(SLICE), .LATENCY(9)) delay_x (
    .clk(clk), .rst(rst), .step(step), .s_valid(x_valid), .s_data(x), .m_data(x_mid)
  );
  vector_delay #(.WIDTH(SLICE), .LATENCY(9)) delay_x_late (
    .clk(clk), .rst(rst), .step(step), .s_valid(e_valid), .s_data(x_mid), .m_data(x_late)
  );
  reg sigmoid_valid, y_valid;
  reg [SLICE-1:0] sigmoid_q, x_q, y_q;
  always @(posedge clk) begin
    if (rst) begin
      sigmoid_valid <= 1'b0;
      y_valid <= 1'b0;
    end else if (step) begin
      sigmoid_valid <= gelu ? e_valid : rc_valid;
      y_valid <= sigmoid_valid;
    end
  end
  always @(posedge clk) begin
    if (step && e_valid && gelu) begin
      x_q <= x_mid;
      for (l = 0; l < N; l = l + 1) begin
        sigmoid_q[32*l +: 32] <= x_mid[32*l + 31] ? e[32*l +: 32] : one_e[32*l +: 32];
      end
    end
    if (step && rc_valid) begin
      x_q <= x_late;
      for (l = 0; l < N; l = l + 1) begin
        sigmoid_q[32*l +: 32] <= x_late[32*l + 31] ?
          fp32_mul(e_late[32*l +: 32], rc[32*l +: 32]) : rc[32*l +: 32];
      end
    end
    if (step && sigmoid_valid) begin
      for (l = 0; l < N; l = l + 1) begin
        y_q[32*l +: 32] <= fp32_mul(x_q[32*l +: 32], sigmoid_q[32*l +: 32]);
      end
    end
  end

  // Collect the slices of a beat again.
  wire result_valid = plain ? e_valid : y_valid;
  wire [SLICE-1:0] result = plain ? e : y_q;
  reg [1:0] collect_q;
  reg [TAG-1:0] tags [0:TAGS-1];
  reg [TAG_BITS-1:0] write_q, read_q;

  assign out_tag = tags[read_q];
  assign busy = feed_q || slope_valid != 3'd0 || u_valid || e_busy || d_valid || rc_busy ||
                sigmoid_valid || y_valid || collect_q != 2'd0 || out_valid;

  generate
    if (CYCLES == 1) begin : g_whole
      always @(posedge clk) if (step && result_valid) out_x <= result;
    end else begin : g_slices
      always @(posedge clk) begin
        if (step && result_valid) out_x <= {result, out_x[32*LANES-1:SLICE]};
      end
    end
  endgenerate

  always @(posedge clk) begin
    if (step && in_valid) tags[write_q] <= in_tag;
  end

  always @(posedge clk) begin
    if (rst) begin
      out_valid <= 1'b0;
      collect_q <= 2'd0;
      write_q <= 0;
      read_q <= 0;
    end else if (step) begin
      out_valid <= result_valid && collect_q == LAST;
      if (result_valid) collect_q <= (collect_q == LAST) ? 2'd0 : collect_q + 2'd1;
      if (in_valid) write_q <= write_q + 1'b1;
      if (out_valid) read_q <= read_q + 1'b1;
    end
  end
endmodule

`default_nettype wire
