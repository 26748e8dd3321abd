// SPDX-License-Identifier: Apache-2.0
//
// dimc_macro_checker: what dimc_macro promises between its ports, watched in every cycle; a broken
// rule is named and stops the simulation. (The handshake of each port alone: stream_checker.)
//   1. wr_ready is low exactly in a cycle that accepts a vector.
//   2. Results come only for tiles whose last vector was accepted, in that order, with that tile's
//      tag, indices from 0, and res_last on beat ceil(act_cols/LANES) - 1.
//   3. No more preload beats are taken than accepted vectors ask for, and PRELOAD_AHEAD.
//   4. busy is high while a tile's results are owed.
//   5. wr_conflict follows a taken write only, and count_conflicts counts it in the same cycle.
//   6. count_vectors grows by at most one per cycle, to no more than the vectors accepted;
//      count_stalls counts the cycles from the 8/BITS_PER_CYCLE-th after an accepted vector on in
//      which act_ready is low.
//   7. Status, counters and the macro's ready outputs are never X after reset (Icarus).
`default_nettype none

module dimc_macro_checker #(
  parameter ROWS = 64,
  parameter BITS_PER_CYCLE = 1,
  parameter TAG_BITS = 8,
  parameter PRELOAD_AHEAD = 2
) (
  input wire                clk,
  input wire                rst,
  input wire                wr_valid,
  input wire                wr_ready,
  input wire                wr_conflict,
  input wire                act_valid,
  input wire                act_ready,
  input wire [7:0]          act_cols,
  input wire                act_first,
  input wire                act_preload,
  input wire                act_last,
  input wire [TAG_BITS-1:0] act_tag,
  input wire                pre_valid,
  input wire                pre_ready,
  input wire                res_valid,
  input wire                res_ready,
  input wire [2:0]          res_index,
  input wire                res_last,
  input wire [TAG_BITS-1:0] res_tag,
  input wire                clear,
  input wire                busy,
  input wire                seen_inf,
  input wire                seen_nan,
  input wire [31:0]         count_vectors,
  input wire [31:0]         count_conflicts,
  input wire [31:0]         count_stalls
);
  localparam LANES = ROWS / 4;
  localparam PLANES = 8 / BITS_PER_CYCLE;
  localparam DEPTH = 16;  // tiles that can be owed, more than the macro holds

  reg [TAG_BITS-1:0] tags [0:DEPTH-1];
  reg [2:0] finals [0:DEPTH-1];
  reg [31:0] asked, sent;            // tiles: last vector accepted, last result taken
  reg [2:0] index;                   // of the next result beat
  reg [31:0] preload_owed, preload_taken;
  reg [31:0] accepted;               // vectors since reset or clear, and at most one before
  reg past;                          // the cycle before was no reset and no clear
  reg wrote;
  reg [3:0] plane;                   // of the vector in flight, from 1; 0 for none
  reg stalled;                       // in the cycle before
  reg [31:0] vectors_q, conflicts_q, stalls_q;

  wire accepts = act_valid && act_ready;
  // More columns than the macro can hold count as all it can hold.
  wire [7:0] beats = ({24'd0, act_cols} > 2 * ROWS) ? 8'd8
                                                    : (act_cols + LANES[7:0] - 8'd1) / LANES[7:0];
  wire [3:0] tail = sent[3:0];
  wire last_plane = {28'd0, plane} == PLANES;

  always @(posedge clk) begin
    past <= !rst && !clear;
    wrote <= !rst && wr_valid && wr_ready;
    stalled <= last_plane && !act_ready;
    if (rst) plane <= 4'd0;
    else if (accepts) plane <= 4'd1;
    else if (last_plane && act_ready) plane <= 4'd0;
    else if (plane != 4'd0 && !last_plane) plane <= plane + 4'd1;
    vectors_q <= count_vectors;
    conflicts_q <= count_conflicts;
    stalls_q <= count_stalls;
    if (rst) begin
      asked <= 32'd0;
      sent <= 32'd0;
      index <= 3'd0;
      preload_owed <= 32'd0;
      preload_taken <= 32'd0;
      accepted <= 32'd0;
    end else begin
      if (accepts && act_last) begin
        tags[asked[3:0]] <= act_tag;
        finals[asked[3:0]] <= beats[2:0] - 3'd1;
        asked <= asked + 32'd1;
      end
      if (accepts && act_first && act_preload) preload_owed <= preload_owed + {24'd0, beats};
      if (pre_valid && pre_ready) preload_taken <= preload_taken + 32'd1;
      if (clear) accepted <= {31'd0, accepts} + 32'd1;
      else if (accepts) accepted <= accepted + 32'd1;
      if (res_valid && res_ready) begin
        index <= res_last ? 3'd0 : index + 3'd1;
        if (res_last) sent <= sent + 32'd1;
      end
    end
  end

  task stop(input [8*48-1:0] rule);
    begin
      $display("%0t dimc_macro_checker: %0s", $time, rule);
      $fatal;
    end
  endtask

  always @(posedge clk) begin
    if (!rst && past) begin
      if ((^{act_ready, wr_ready, pre_ready, wr_conflict, busy, seen_inf, seen_nan, count_vectors,
             count_conflicts, count_stalls}) === 1'bx) stop("status or ready is X");
      if (wr_ready !== !accepts) stop("wr_ready is not low just while a vector comes");
      if (res_valid) begin
        if (asked == sent) stop("result of a tile that was not accepted");
        else if (res_tag !== tags[tail]) stop("result with another tile's tag");
        else if (res_index !== index) stop("result index out of order");
        else if (res_last !== (index == finals[tail])) stop("res_last on the wrong beat");
      end
      if (asked != sent && !busy) stop("not busy while results are owed");
      if (preload_taken > preload_owed + PRELOAD_AHEAD) stop("too many preload beats taken");
      if (wr_conflict && !wrote) stop("wr_conflict without a write");
      if (count_conflicts - conflicts_q != {31'd0, wr_conflict}) stop("count_conflicts is wrong");
      if (count_vectors - vectors_q > 32'd1) stop("count_vectors jumps");
      if (count_vectors > accepted) stop("more vectors counted than accepted");
      if (count_stalls - stalls_q != {31'd0, stalled}) stop("count_stalls is wrong");
      if (asked - sent > DEPTH) stop("more tiles in flight than the checker holds");
    end
  end
endmodule

`default_nettype wire
