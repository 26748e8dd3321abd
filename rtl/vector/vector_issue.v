// SPDX-License-Identifier: Apache-2.0
//
// vector_issue: starts the beats of stream A into the lanes, row after row.
//
// Contract: each beat comes with its mask (element below the row's valid count), its place in the
//   group of four and the mark of a row's last beat (with pool: of the last row; there the inner
//   steps are rows, the outer steps groups of beats). Lanes that are not valid are +0, whatever the
//   stash holds. At the first beat of a row the row's scalar is asked for; it stands on the scalar
//   file's output while the beat stands on out_*, and until the next row's first beat.
// Handshake: a_valid, a_next towards the reader; out_* moves with step. With slow, one beat in GAP
//   steps. Rows follow each other without an idle step.
// Latency: 1 step. Cost: one beat register, row counters.
`default_nettype none

module vector_issue #(
  parameter BLOCK = 64,
  parameter GAP = 4
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                step,

  input  wire                start,
  input  wire [11:0]         outer_steps,  // as vector_walker
  input  wire [11:0]         inner_steps,
  input  wire [15:0]         len,
  input  wire                causal,
  input  wire                pool,
  input  wire [16:0]         beats,
  input  wire [16:0]         last_beats,
  input  wire [9:0]          s_src,
  input  wire                s_row,
  input  wire                use_s,
  input  wire                slow,

  input  wire                a_valid,
  output wire                a_next,
  output wire                a_last,     // the beat ends its row
  input  wire [8*BLOCK-1:0]  a_data,
  output wire                s_read,
  output wire [9:0]          s_addr,

  output reg                 active,     // beats are left to start
  output wire                starved,    // a beat could start but is not there
  output reg                 out_valid,
  output reg  [8*BLOCK-1:0]  out_x,
  output reg  [BLOCK/4-1:0]  out_mask,
  output reg  [1:0]          out_group,
  output reg                 out_last
);
`include "fp32.vh"

  localparam LANES = BLOCK / 4;
  localparam [31:0] LANES_WORD = LANES;
  localparam [16:0] PER_BEAT = LANES_WORD[16:0];
  localparam [31:0] BLOCK_WORD = BLOCK;
  localparam [31:0] GAP_WORD = GAP - 1;

  reg [16:0] beat_q;   // left in the row after this one
  reg [11:0] outer_q;  // likewise
  reg [11:0] inner_q;
  reg [16:0] valid_q;  // valid elements of the row
  reg [16:0] left_q;   // of these, from this beat on
  reg [9:0] scalar_q;
  reg [1:0] group_q;
  reg [1:0] gap_q;
  reg first_q;

  wire last = beat_q == 17'd0;
  wire last_inner = inner_q == 12'd0;
  wire [16:0] next_beats = (outer_q == {11'd0, last_inner}) ? last_beats : beats;
  wire [16:0] next_valid = !last_inner ? valid_q :
    pool ? valid_q - BLOCK_WORD[16:0] : valid_q + {16'd0, causal};

  assign starved = active && gap_q == 2'd0 && !a_valid;
  assign a_next = active && gap_q == 2'd0 && a_valid && step;
  assign a_last = last;
  assign s_read = a_next && first_q && use_s;
  assign s_addr = scalar_q;

  always @(posedge clk) begin
    if (start) begin
      beat_q <= ((outer_steps == 12'd0) ? last_beats : beats) - 17'd1;
      outer_q <= outer_steps;
      inner_q <= inner_steps;
      valid_q <= {1'b0, len};
      left_q <= {1'b0, len};
      scalar_q <= s_src;
      group_q <= 2'd0;
      first_q <= 1'b1;
    end else if (a_next) begin
      first_q <= last;
      if (!last) begin
        beat_q <= beat_q - 17'd1;
        group_q <= group_q + 2'd1;
        left_q <= (left_q > PER_BEAT) ? left_q - PER_BEAT : 17'd0;
      end else begin
        beat_q <= next_beats - 17'd1;
        group_q <= 2'd0;
        inner_q <= last_inner ? inner_steps : inner_q - 12'd1;
        if (last_inner) outer_q <= outer_q - 12'd1;
        valid_q <= next_valid;
        left_q <= next_valid;
        if (s_row || last_inner) scalar_q <= scalar_q + 10'd1;
      end
    end
  end

  integer l;
  always @(posedge clk) begin
    if (a_next) begin
      out_group <= group_q;
      out_last <= pool ? last_inner : last;
      for (l = 0; l < LANES; l = l + 1) begin
        out_mask[l] <= left_q > l[16:0];
        out_x[32*l +: 32] <= (left_q > l[16:0]) ? fp32_flush(a_data[32*l +: 32]) : 32'd0;
      end
    end
  end

  always @(posedge clk) begin
    if (rst) begin
      active <= 1'b0;
      out_valid <= 1'b0;
      gap_q <= 2'd0;
    end else begin
      if (start) active <= 1'b1;
      else if (a_next && last && last_inner && outer_q == 12'd0) active <= 1'b0;
      if (step) begin
        out_valid <= a_next;
        if (a_next && slow) gap_q <= GAP_WORD[1:0];
        else if (gap_q != 2'd0) gap_q <= gap_q - 2'd1;
      end
    end
  end
endmodule

`default_nettype wire
