// SPDX-License-Identifier: Apache-2.0
//
// Takes the place of rtl/dimc/dimc_array.v where only control is proven: dot products are any.
`default_nettype none

module dimc_array #(
  parameter ROWS = 64,
  parameter COLS = 64,
  parameter SETS = 16,
  parameter BITS_PER_CYCLE = 1
) (
  input  wire                 clk,
  input  wire                 write,
  input  wire                 write_row,
  input  wire [15:0]          write_set,
  input  wire [7:0]           write_index,
  input  wire [8*ROWS-1:0]    write_data,
  input  wire [ROWS-1:0]      write_strb,
  input  wire [15:0]          write_exps,
  input  wire                 load,
  input  wire [15:0]          load_set,
  input  wire [8*ROWS-1:0]    load_data,
  input  wire [7:0]           load_rows,
  input  wire                 load_int4,
  input  wire                 step,
  input  wire                 last,
  input  wire                 group_en,
  input  wire [2:0]           group,
  output wire [22*BITS_PER_CYCLE*ROWS/4-1:0] group_dots,
  output wire [8*BITS_PER_CYCLE*ROWS/4-1:0]  group_exps
);
  (* anyseq *) wire [22*BITS_PER_CYCLE*ROWS/4-1:0] any_dots;
  (* anyseq *) wire [8*BITS_PER_CYCLE*ROWS/4-1:0] any_exps;
  assign group_dots = any_dots;
  assign group_exps = any_exps;
endmodule

`default_nettype wire
