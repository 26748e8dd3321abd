// SPDX-License-Identifier: Apache-2.0
//
// vector_walker: the stash addresses of one stream of a `ve` command, in order.
//
// Contract: after start, addr runs through base + o*outer_stride + i*inner_stride + k for
//   o <= outer_steps, i <= inner_steps, k < beats, or last_beats in the last outer step (k
//   fastest, then i), one step per cycle with next; active falls after the last. Settings are
//   stable while active. The sums stay below 2^16 (checked before).
// Cost: three 16-bit adders, counters.
`default_nettype none

module vector_walker (
  input  wire        clk,
  input  wire        rst,
  input  wire        start,
  input  wire [15:0] base,
  input  wire [11:0] outer_steps,  // trip counts - 1
  input  wire [11:0] inner_steps,
  input  wire [16:0] beats,        // of a row, at least 1
  input  wire [16:0] last_beats,
  input  wire [11:0] outer_stride,
  input  wire [11:0] inner_stride,
  input  wire        next,
  output reg         active,
  output reg  [15:0] addr
);
  reg [15:0] outer_base_q;  // of row (o, 0)
  reg [15:0] row_base_q;
  reg [16:0] beat_q;        // left after this one, likewise below
  reg [11:0] outer_q;
  reg [11:0] inner_q;

  wire last_inner = inner_q == 12'd0;
  wire [15:0] next_row = row_base_q + {4'd0, inner_stride};
  wire [15:0] next_outer = outer_base_q + {4'd0, outer_stride};
  wire [16:0] next_beats = (outer_q == {11'd0, last_inner}) ? last_beats : beats;

  always @(posedge clk) begin
    if (start) begin
      addr <= base;
      row_base_q <= base;
      outer_base_q <= base;
      beat_q <= ((outer_steps == 12'd0) ? last_beats : beats) - 17'd1;
      inner_q <= inner_steps;
      outer_q <= outer_steps;
    end else if (next) begin
      if (beat_q != 17'd0) begin
        beat_q <= beat_q - 17'd1;
        addr <= addr + 16'd1;
      end else begin
        beat_q <= next_beats - 17'd1;
        if (!last_inner) begin
          inner_q <= inner_q - 12'd1;
          row_base_q <= next_row;
          addr <= next_row;
        end else begin
          inner_q <= inner_steps;
          outer_q <= outer_q - 12'd1;
          outer_base_q <= next_outer;
          row_base_q <= next_outer;
          addr <= next_outer;
        end
      end
    end
  end

  always @(posedge clk) begin
    if (rst) active <= 1'b0;
    else if (start) active <= 1'b1;
    else if (next && beat_q == 17'd0 && last_inner && outer_q == 12'd0) active <= 1'b0;
  end
endmodule

`default_nettype wire
