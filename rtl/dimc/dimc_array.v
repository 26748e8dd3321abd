// SPDX-License-Identifier: Apache-2.0
//
// dimc_array: weight memory and integer dot products of one DIMC macro, behavioural.
//
// Contract: `load` takes an activation block and its set. Each `step` is one bit plane; with `last`
//   it completes the dot products of all columns with the valid rows (d = sum of x[r] * w[r][c],
//   exact) and moves them, with the columns' exponents, to the holding registers. `load` may come
//   together with the last step of the vector before.
//   `group_en` fetches LANES logical columns of the held vector, from column LANES*group on, to
//   group_dots and group_exps, where they stay until the next fetch. Lanes beyond the last column
//   are undefined. A structural array has the same ports and the same timing.
// Writes: the caller lets no write come together with `load`, and none touch the set of the vector
//   whose planes are being processed; see docs/dimc/dimc_macro.md for the meaning of the fields.
// Latency: dots are held from the cycle after the last step; a group comes a cycle after group_en.
// Cost in simulation: COLS x ROWS multiplications per vector, nothing in other cycles.
`default_nettype none

module dimc_array #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 16
) (
  input  wire                 clk,

  // writes, already checked
  input  wire                 write,
  input  wire                 write_row,
  input  wire [15:0]          write_set,
  input  wire [7:0]           write_index,
  input  wire [8*ROWS-1:0]    write_data,
  input  wire [ROWS-1:0]      write_strb,
  input  wire [15:0]          write_exps,

  // vectors
  input  wire                 load,
  input  wire [15:0]          load_set,
  input  wire [8*ROWS-1:0]    load_data,
  input  wire [7:0]           load_rows,
  input  wire                 load_int4,
  input  wire                 step,
  input  wire                 last,

  // dot products, LANES = ROWS/4 per group
  input  wire                 group_en,
  input  wire [2:0]           group,
  output reg  [22*ROWS/4-1:0] group_dots,
  output reg  [8*ROWS/4-1:0]  group_exps
);
  localparam LANES = ROWS / 4;
  localparam SLOTS = 8 * LANES;  // columns that `group` can name, at least 2*COLS

  reg [7:0] mem [0:SETS*COLS*ROWS-1];  // byte (set*COLS + column)*ROWS + row
  reg [15:0] exps [0:SETS*COLS-1];     // set*COLS + column

  reg signed [7:0] x [0:ROWS-1];       // activations
  integer rows;
  integer set;
  reg int4;

  reg signed [21:0] dots [0:SLOTS-1];  // holding registers, by logical column
  reg [7:0] scales [0:SLOTS-1];

  integer r, c, l, base, sum, sum_high;
  reg [7:0] w;

  // One process in program order: the fetch sees the vector before, the last step the vector in
  // flight, then write and load make their changes. Nothing but the outputs leaves the process.
  /* verilator lint_off BLKSEQ */
  always @(posedge clk) begin
    if (group_en) begin
      for (l = 0; l < LANES; l = l + 1) begin
        c = {29'd0, group} * LANES + l;
        group_dots[22*l +: 22] <= dots[c];
        group_exps[8*l +: 8] <= scales[c];
      end
    end

    if (step && last) begin
      for (c = 0; c < COLS; c = c + 1) begin
        base = (set * COLS + c) * ROWS;
        sum = 0;
        sum_high = 0;
        if (int4) begin
          for (r = 0; r < ROWS; r = r + 1) begin
            w = mem[base + r];
            sum = sum + ((r < rows) ? x[r] * $signed(w[3:0]) : 0);
            sum_high = sum_high + ((r < rows) ? x[r] * $signed(w[7:4]) : 0);
          end
          dots[2*c] = sum[21:0];
          dots[2*c+1] = sum_high[21:0];
          scales[2*c] = exps[set * COLS + c][7:0];
          scales[2*c+1] = exps[set * COLS + c][15:8];
        end else begin
          for (r = 0; r < ROWS; r = r + 1) begin
            w = mem[base + r];
            sum = sum + ((r < rows) ? x[r] * $signed(w) : 0);
          end
          dots[c] = sum[21:0];
          scales[c] = exps[set * COLS + c][7:0];
        end
      end
    end

    if (write) begin
      if (write_row) begin
        for (c = 0; c < COLS; c = c + 1) begin
          base = ({16'd0, write_set} * COLS + c) * ROWS + {24'd0, write_index};
          if (write_strb[c]) mem[base] = write_data[8*c +: 8];
          exps[{16'd0, write_set} * COLS + c] = 16'h7F7F;
        end
      end else begin
        base = ({16'd0, write_set} * COLS + {24'd0, write_index}) * ROWS;
        for (r = 0; r < ROWS; r = r + 1) begin
          if (write_strb[r]) mem[base + r] = write_data[8*r +: 8];
        end
        exps[{16'd0, write_set} * COLS + {24'd0, write_index}] = write_exps;
      end
    end

    if (load) begin
      set = {16'd0, load_set};
      int4 = load_int4;
      rows = {24'd0, load_rows};
      for (r = 0; r < ROWS; r = r + 1) x[r] = load_data[8*r +: 8];
    end
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
