// SPDX-License-Identifier: Apache-2.0
//
// macro_props: control of dimc_macro, for any traffic, stalls and resets; arithmetic is left out
// (stub/). RULES picks what is proven:
//   0  writes and counters, for any number of cycles
//   1  the beats of each tile, in the cycles after a reset
//   2  the macro comes to rest, from any state
`default_nettype none

module macro_props #(
  parameter RULES = 0,
  parameter BITS_PER_CYCLE = 1,
  parameter REST = 48    // rule 2: cycles within which it rests
) (
  input wire        clk,
  input wire        rst,
  input wire        wr_valid,
  input wire        wr_row,
  input wire [15:0] wr_set,
  input wire [7:0]  wr_index,
  input wire        lock_valid,
  input wire [15:0] lock_first,
  input wire [15:0] lock_last,
  input wire        act_valid,
  input wire [15:0] act_set,
  input wire        act_int4,
  input wire [7:0]  act_cols,
  input wire        act_first,
  input wire        act_preload,
  input wire        act_last,
  input wire [1:0]  act_tag,
  input wire        pre_valid,
  input wire        res_ready,
  input wire        pick
);
  localparam ROWS = 8;
  localparam COLS = 8;
  localparam SETS = 4;
  localparam LANES = ROWS / 4;
  localparam TAG_BITS = 2;

  wire wr_ready, wr_conflict, act_ready, pre_ready, res_valid, res_last, busy;
  wire [2:0] res_index;
  wire [TAG_BITS-1:0] res_tag;
  wire [31:0] count_vectors, count_conflicts, count_stalls;

  dimc_macro #(
    .ROWS(ROWS),
    .COLS(COLS),
    .SETS(SETS),
    .BITS_PER_CYCLE(BITS_PER_CYCLE),
    .TAG_BITS(TAG_BITS)
  ) dut (
    .clk(clk),
    .rst(rst),
    .wr_valid(wr_valid),
    .wr_ready(wr_ready),
    .wr_row(wr_row),
    .wr_set(wr_set),
    .wr_index(wr_index),
    .wr_data(64'd0),
    .wr_exps(16'd0),
    .wr_strb(8'd0),
    .wr_conflict(wr_conflict),
    .lock_valid(lock_valid),
    .lock_first(lock_first),
    .lock_last(lock_last),
    .act_valid(act_valid),
    .act_ready(act_ready),
    .act_data(64'd0),
    .act_exp(8'd0),
    .act_set(act_set),
    .act_int4(act_int4),
    .act_rows(8'd8),
    .act_cols(act_cols),
    .act_first(act_first),
    .act_preload(act_preload),
    .act_last(act_last),
    .act_tag(act_tag),
    .pre_valid(pre_valid),
    .pre_ready(pre_ready),
    .pre_data(64'd0),
    .res_valid(res_valid),
    .res_ready(res_ready),
    .res_data(),
    .res_index(res_index),
    .res_last(res_last),
    .res_tag(res_tag),
    .clear(1'b0),
    .busy(busy),
    .seen_inf(),
    .seen_nan(),
    .count_vectors(count_vectors),
    .count_conflicts(count_conflicts),
    .count_stalls(count_stalls)
  );

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;

  wire accepted = act_valid && act_ready;
  always @* assume (act_cols >= 1 && act_cols <= (act_int4 ? 2 * COLS : COLS));

  // ---- seen in the design: the array's port, and registers that the rules' induction needs
  (* hierconn *) wire \dut.g_behavioural.array.write ;
  (* hierconn *) wire \dut.g_behavioural.array.load ;
  (* hierconn *) wire \dut.g_behavioural.array.step ;
  (* hierconn *) wire \dut.g_behavioural.array.last ;
  (* hierconn *) wire \dut.planes_q ;
  (* hierconn *) wire [15:0] \dut.set_q ;
  (* hierconn *) wire [7:0] \dut.cols_q ;
  (* hierconn *) wire [7:0] \dut.accumulate.held_cols_q ;

  generate
    if (RULES == 0) begin : g_writes
      // A reset comes first.
      always @* if (!started) assume (rst);

      // ---- the vector whose bits are processed, and counts
      reg [15:0] set;
      reg [31:0] vectors, conflicts, stalls;  // accepted; dropped; cycles at rest
      reg dropped;
      wire taken = wr_valid && wr_ready;
      wire legal = wr_set < SETS && wr_index < (wr_row ? ROWS : COLS) &&
                   !(lock_valid && wr_set >= lock_first && wr_set <= lock_last) &&
                   !(vectors != count_vectors && wr_set == set);

      always @(posedge clk) begin
        if (rst) begin
          vectors <= 32'd0;
          conflicts <= 32'd0;
          stalls <= 32'd0;
          dropped <= 1'b0;
        end else begin
          vectors <= vectors + {31'd0, accepted};
          conflicts <= conflicts + {31'd0, taken && !legal};
          if (vectors != count_vectors && \dut.g_behavioural.array.last &&
              !\dut.g_behavioural.array.step ) stalls <= stalls + 32'd1;
          dropped <= taken && !legal;
        end
        if (accepted) set <= act_set;
      end

      always @* if (started) begin
        // Vectors accepted are those processed and at most one in flight.
        assert (vectors == count_vectors || vectors == count_vectors + 32'd1);
        // While none is in flight one is accepted.
        if (vectors == count_vectors) assert (act_ready);
        // A macro with a vector in flight is busy.
        if (vectors != count_vectors) assert (busy);
        // A write waits exactly while a vector is accepted.
        assert (wr_ready == !accepted);
        // The array is written when a write is taken that names what exists and is not locked, by
        // the range or by the vector in flight; never together with a load.
        assert (\dut.g_behavioural.array.write == (taken && legal));
        assert (!(\dut.g_behavioural.array.write && \dut.g_behavioural.array.load ));
        // A load is an accepted vector; it comes only when no steps are left.
        assert (\dut.g_behavioural.array.load == accepted);
        if (accepted && vectors != count_vectors) begin
          assert (\dut.g_behavioural.array.step && \dut.g_behavioural.array.last );
        end
        // Every other write is dropped, flagged in the next cycle and counted.
        assert (wr_conflict == dropped && count_conflicts == conflicts);
        // Each cycle in which a vector waits to give its sums away is counted.
        assert (count_stalls == stalls);
        // ---- induction
        assert (\dut.planes_q == (vectors != count_vectors));
        if (vectors != count_vectors) assert (\dut.set_q == set);
      end
    end else if (RULES == 1) begin : g_tiles
      // A reset comes first, and none later.
      always @* assume (rst == !started);

      // ---- within a tile format and columns stay, and the first vector says so
      reg inside;    // after an accepted vector that was not the last
      reg int4;
      reg [7:0] cols;
      always @* if (started && act_valid) begin
        assume (act_first == !inside);
        if (inside) assume (act_int4 == int4 && act_cols == cols);
      end

      // ---- tiles whose results are not complete, and one that is followed
      reg [3:0] tiles;
      reg followed;
      reg [3:0] ahead;
      reg [7:0] its_cols;
      reg [TAG_BITS-1:0] its_tag;
      reg [7:0] beats;      // of it that have come
      wire tile = accepted && act_last;
      wire beat = res_valid && res_ready;
      wire done = beat && res_last;

      always @(posedge clk) begin
        if (accepted) begin
          inside <= !act_last;
          int4 <= act_int4;
          cols <= act_cols;
        end
        tiles <= tiles + {3'd0, tile} - {3'd0, done};
        if (!followed && tile && pick) begin
          followed <= 1'b1;
          ahead <= tiles - {3'd0, done};
          its_cols <= act_cols;
          its_tag <= act_tag;
          beats <= 8'd0;
        end else if (followed) begin
          if (beat && ahead == 0) beats <= beats + 8'd1;
          if (done) ahead <= ahead - 4'd1;
          if (done && ahead == 0) followed <= 1'b0;
        end
        if (rst) begin
          inside <= 1'b0;
          tiles <= 4'd0;
          followed <= 1'b0;
        end
      end

      always @* if (started && res_valid) begin
        // Results come only for tiles whose last vector was accepted.
        assert (tiles != 0);
        if (followed && ahead == 0) begin
          // Beats of a tile are numbered from 0, carry its tag, and the final one of
          // ceil(columns / LANES) says so.
          assert (res_index == beats && res_tag == its_tag);
          assert (res_last == ((beats + 1) * LANES >= its_cols));
        end
      end
    end else begin : g_rest
      // From any state (columns of vectors inside as they can be), once nothing new comes, results
      // are taken and preload beats are there, the macro rests within REST cycles.
      reg [7:0] cycle = 8'd0;
      always @(posedge clk) cycle <= cycle + 8'd1;
      always @* begin
        assume (!rst && !act_valid && pre_valid && res_ready);
        if (cycle == 0) assume (\dut.cols_q <= 16 && \dut.accumulate.held_cols_q <= 16);
        if (cycle == REST) assert (!busy);
      end
    end
  endgenerate
endmodule

`default_nettype wire
