// SPDX-License-Identifier: Apache-2.0
//
// vector_reducer: sum, or largest value with its index, of each row, in the one fixed order.
//
// Contract: element i of a row is added to partial sum i mod BLOCK (four groups of LANES: beat k
//   goes to group k mod 4); then partial l takes l + BLOCK/2, l + BLOCK/4, ..., l + 1. Bit-exact
//   with models/reduce.py. With `largest` the same tree keeps the larger value, of equal ones the
//   lower index; NaN counts as largest. Lanes outside the mask take no part (in sums they are +0).
//   With `rows` each group is a sum by itself, in_last marks its last beat: row_x shows it one step
//   later, with row_valid. The tree and m have no part in it.
// Handshake: beats are taken with step; in_ready is low only for the last beat of a row while the
//   tree is busy with the row before. m: valid may not wait for ready, stable while stalled.
// Latency: result 4 + log2(LANES) cycles after the step of the last beat; rows at that distance or
//   more never wait.
// Cost: LANES adders and LANES comparators for the partials, as many for the tree, 4*LANES
//   partials.
`default_nettype none

module vector_reducer #(
  parameter LANES = 16
) (
  input  wire                clk,
  input  wire                rst,
  input  wire                step,
  input  wire                largest,
  input  wire                rows,

  input  wire                in_valid,
  output wire                in_ready,
  input  wire [32*LANES-1:0] in_x,
  input  wire [LANES-1:0]    in_mask,
  input  wire [1:0]          in_group,
  input  wire                in_last,

  output reg                 row_valid,
  output wire [32*LANES-1:0] row_x,
  output wire                m_valid,
  input  wire                m_ready,
  output wire [31:0]         m_value,
  output wire [16:0]         m_index,
  output wire                busy
);
`include "fp32.vh"

  localparam LEVELS = $clog2(LANES);
  localparam [3:0] IDLE = 4'd0;
  localparam [3:0] PAIR_02 = 4'd1;
  localparam [3:0] PAIR_13 = 4'd2;
  localparam [3:0] PAIR_01 = 4'd3;
  localparam [31:0] DONE_WORD = 4 + LEVELS;
  localparam [3:0] DONE = DONE_WORD[3:0];
  localparam [31:0] LANES_WORD = LANES;
  localparam [31:0] MINUS_INF = 32'hFF800000;
  localparam [16:0] NO_INDEX = 17'h1FFFF;

  // Order of fp32 values as unsigned integers; the one NaN stands above infinity.
  function automatic [31:0] key(input [31:0] f_x);
    key = f_x[31] ? ~f_x : {1'b1, f_x[30:0]};
  endfunction

  function automatic second_wins(input [31:0] f_a, input [16:0] f_ia,
                                 input [31:0] f_b, input [16:0] f_ib);
    second_wins = key(f_b) > key(f_a) || (f_a == f_b && f_ib < f_ia);
  endfunction

  // Partials. A group that the row has not visited is not looked at.
  reg [32*LANES-1:0] part [0:3];
  reg [17*LANES-1:0] part_index [0:3];
  reg [3:0] visited_q;      // groups of the row under way
  reg [3:0] row_visited_q;  // groups of the row in the tree
  reg [16:0] base_q;        // index of lane 0

  reg [3:0] phase_q;
  wire take = step && in_valid;
  wire start = take && in_last && !rows;
  wire fresh = !visited_q[in_group];
  wire [3:0] visited = visited_q | (4'd1 << in_group);

  assign in_ready = rows || !in_last || phase_q == IDLE || (phase_q == DONE && m_ready);

  always @(posedge clk) begin : partials
    integer l;
    reg [31:0] x, y;
    reg [16:0] ix, iy;
    reg better;
    if (take) begin
      for (l = 0; l < LANES; l = l + 1) begin
        x = part[in_group][32*l +: 32];
        if (!largest) begin
          y = in_x[32*l +: 32];
          part[in_group][32*l +: 32] <= fresh ? y : in_mask[l] ? fp32_add(x, y) : x;
        end else begin
          y = in_mask[l] ? in_x[32*l +: 32] : MINUS_INF;
          ix = part_index[in_group][17*l +: 17];
          iy = in_mask[l] ? base_q + l[16:0] : NO_INDEX;
          better = fresh || second_wins(x, ix, y, iy);
          part[in_group][32*l +: 32] <= better ? y : x;
          part_index[in_group][17*l +: 17] <= better ? iy : ix;
        end
      end
    end
  end

  reg [1:0] row_group_q;
  assign row_x = part[row_group_q];
  always @(posedge clk) begin
    if (take && in_last) row_group_q <= in_group;
  end
  always @(posedge clk) begin
    if (rst) row_valid <= 1'b0;
    else if (step) row_valid <= in_valid && in_last && rows;
  end

  // Tree: group 0 takes group 2, 1 takes 3, then 0 takes 1, then the halves of the lanes.
  // The next row's beats reach groups 0 and 1 just after these have been read.
  reg [32*LANES-1:0] tree_q, odd_q;
  reg [17*LANES-1:0] tree_index_q, odd_index_q;
  reg [31:0] half_q;
  wire [1:0] from = (phase_q == PAIR_13) ? 2'd1 : 2'd0;
  wire use_second = row_visited_q[{1'b1, from[0]}];

  assign m_valid = phase_q == DONE;
  assign m_value = tree_q[31:0];
  assign m_index = tree_index_q[16:0];
  assign busy = phase_q != IDLE || visited_q != 4'd0;

  always @(posedge clk) begin : tree
    integer l;
    reg [31:0] x, y;
    reg [16:0] ix, iy;
    reg better;
    if (phase_q != IDLE && phase_q != DONE) begin
      for (l = 0; l < LANES; l = l + 1) begin
        if (phase_q == PAIR_02 || phase_q == PAIR_13) begin
          x = part[from][32*l +: 32];
          ix = part_index[from][17*l +: 17];
          y = part[from | 2'd2][32*l +: 32];
          iy = part_index[from | 2'd2][17*l +: 17];
          better = use_second && (largest ? second_wins(x, ix, y, iy) : 1'b1);
        end else begin
          x = tree_q[32*l +: 32];
          ix = tree_index_q[17*l +: 17];
          if (phase_q == PAIR_01) begin
            y = odd_q[32*l +: 32];
            iy = odd_index_q[17*l +: 17];
            better = row_visited_q[1] && (largest ? second_wins(x, ix, y, iy) : 1'b1);
          end else begin
            y = tree_q[32*((l + half_q) % LANES) +: 32];
            iy = tree_index_q[17*((l + half_q) % LANES) +: 17];
            better = l[31:0] < half_q && (largest ? second_wins(x, ix, y, iy) : 1'b1);
          end
        end
        if (better) begin
          x = largest ? y : fp32_add(x, y);
          ix = iy;
        end
        if (phase_q == PAIR_13) begin
          odd_q[32*l +: 32] <= x;
          odd_index_q[17*l +: 17] <= ix;
        end else begin
          tree_q[32*l +: 32] <= x;
          tree_index_q[17*l +: 17] <= ix;
        end
      end
      half_q <= (phase_q <= PAIR_01) ? LANES_WORD >> 1 : half_q >> 1;
    end
  end

  always @(posedge clk) begin
    if (start) row_visited_q <= visited;
  end

  always @(posedge clk) begin
    if (rst) begin
      visited_q <= 4'd0;
      base_q <= 17'd0;
      phase_q <= IDLE;
    end else begin
      if (take) begin
        visited_q <= !in_last ? visited : rows ? visited & ~(4'd1 << in_group) : 4'd0;
        base_q <= in_last ? 17'd0 : base_q + LANES_WORD[16:0];
      end
      if (start) phase_q <= PAIR_02;
      else if (phase_q == DONE) phase_q <= m_ready ? IDLE : DONE;
      else if (phase_q != IDLE) phase_q <= phase_q + 4'd1;
    end
  end
endmodule

`default_nettype wire
