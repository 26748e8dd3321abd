// SPDX-License-Identifier: Apache-2.0
//
// walker_props: vector_walker visits each beat of a stream once, in order, and at its address, for
// any trip counts, row lengths and strides. Products are sums: o*stride grows by stride with o.
`default_nettype none

module walker_props (
  input wire        clk,
  input wire        rst,
  input wire        start,
  input wire        next
);
  // settings of the command
  (* anyconst *) wire [15:0] base;
  (* anyconst *) wire [11:0] outer_steps;
  (* anyconst *) wire [11:0] inner_steps;
  (* anyconst *) wire [16:0] beats;
  (* anyconst *) wire [16:0] last_beats;
  (* anyconst *) wire [11:0] outer_stride;
  (* anyconst *) wire [11:0] inner_stride;

  wire active;
  wire [15:0] addr;
  vector_walker dut (
    .clk(clk), .rst(rst), .start(start), .base(base), .outer_steps(outer_steps),
    .inner_steps(inner_steps), .beats(beats), .last_beats(last_beats),
    .outer_stride(outer_stride), .inner_stride(inner_stride), .next(next), .active(active),
    .addr(addr)
  );

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* begin
    assume (rst || started);
    assume (beats != 17'd0 && last_beats != 17'd0);
    assume (!next || active);           // beats are taken while there are some
    assume (!start || !active || rst);  // a command begins when the one before is over
  end

  // ---- where the stream should be: beat k of row i of outer step o
  reg busy = 1'b0;
  reg [11:0] o, i;
  reg [16:0] k;
  reg [15:0] o_times_stride, i_times_stride;
  wire [16:0] row = (o == outer_steps) ? last_beats : beats;
  wire row_ends = k == row - 17'd1;
  wire inner_ends = row_ends && i == inner_steps;

  always @(posedge clk) begin
    if (rst) busy <= 1'b0;
    else if (start) begin
      busy <= 1'b1;
      {o, i, k, o_times_stride, i_times_stride} <= 0;
    end else if (next) begin
      k <= row_ends ? 17'd0 : k + 17'd1;
      if (row_ends) begin
        i <= inner_ends ? 12'd0 : i + 12'd1;
        i_times_stride <= inner_ends ? 16'd0 : i_times_stride + inner_stride;
      end
      if (inner_ends) begin
        o <= o + 12'd1;
        o_times_stride <= o_times_stride + outer_stride;
        if (o == outer_steps) busy <= 1'b0;
      end
    end
  end

  // Rule: it is active just while beats are left, and shows the address of the next one.
  always @* if (started) begin
    assert (active == busy);
    if (busy) assert (addr == base + o_times_stride + i_times_stride + k[15:0]);
  end

  // ---- what an induction needs to know of its counters
  (* hierconn *) wire [15:0] \dut.outer_base_q ;
  (* hierconn *) wire [15:0] \dut.row_base_q ;
  (* hierconn *) wire [16:0] \dut.beat_q ;
  (* hierconn *) wire [11:0] \dut.outer_q ;
  (* hierconn *) wire [11:0] \dut.inner_q ;
  always @* if (started && busy) begin
    assert (o <= outer_steps && i <= inner_steps && k < row);
    assert (\dut.outer_q == outer_steps - o);
    assert (\dut.inner_q == inner_steps - i);
    assert (\dut.beat_q == row - 17'd1 - k);
    assert (\dut.outer_base_q == base + o_times_stride);
    assert (\dut.row_base_q == base + o_times_stride + i_times_stride);
  end
endmodule

`default_nettype wire
