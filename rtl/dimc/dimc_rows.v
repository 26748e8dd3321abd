// SPDX-License-Identifier: Apache-2.0
//
// dimc_rows: activation registers of a structural array and what all its columns share.
//
// Contract: `load` takes a block; rows from load_rows on become 0. In each step, from the lowest
//   bits on, `one`, `two` and `negative` drive the columns: BITS_PER_CYCLE = 1: one[r] is a bit of
//   x[r]. 2: the Booth digit -2*x[2k+1] + x[2k] + x[2k-1] of x[r], in -2..2: magnitude 1 or 2 by
//   one or two, sign by negative.
//   first marks the first step of a vector. `held_offset`, from the cycle after its last step on,
//   corrects for what the planes have too much (dimc_plane): low + 16*high (INT8) or either plane
//   (INT4) plus held_offset is the dot product, modulo 2^22.
// Cost: 9 flip-flops and a recoder per row, one or two trees of ROWS terms, once per macro.
`default_nettype none

module dimc_rows #(
  parameter ROWS = 64,
  parameter BITS_PER_CYCLE = 1,  // 1 or 2
  parameter CARRY_SAVE = 1       // trees: 1 carry-save, 0 plain
) (
  input  wire              clk,
  input  wire              load,
  input  wire [8*ROWS-1:0] load_data,
  input  wire [7:0]        load_rows,
  input  wire              load_int4,
  input  wire              step,
  input  wire              last,

  output wire [ROWS-1:0]   one,
  output wire [ROWS-1:0]   two,
  output wire [ROWS-1:0]   negative,
  output wire [ROWS-1:0]   low_top,      // inverts the low nibbles' top bits (dimc_plane)
  output reg               first,
  output reg               held_int4,    // of the vector that is held
  output reg  [21:0]       held_offset
);
  generate
    if (BITS_PER_CYCLE != 1 && BITS_PER_CYCLE != 2) begin : g_bits_per_cycle
      dimc_rows_BITS_PER_CYCLE_must_be_1_or_2 rule ();
    end
  endgenerate

  reg [8*ROWS-1:0] x_q;    // shifted right by BITS_PER_CYCLE in each step
  reg [21:0] offset_q;
  reg int4;                // of the vector in flight

  wire [21:0] sum_x;       // of the activations, in the first step
  wire [21:0] sum_negative;  // of the negative digits' sizes, in the first step

  integer i;

  always @(posedge clk) begin
    if (load) begin
      for (i = 0; i < ROWS; i = i + 1) begin
        x_q[8*i +: 8] <= (i < {24'd0, load_rows}) ? load_data[8*i +: 8] : 8'd0;
      end
      first <= 1'b1;
      int4 <= load_int4;
    end else if (step) begin
      for (i = 0; i < ROWS; i = i + 1) begin
        x_q[8*i +: 8] <= {{BITS_PER_CYCLE{1'b0}}, x_q[8*i+BITS_PER_CYCLE +: 8-BITS_PER_CYCLE]};
      end
      first <= 1'b0;
    end
    if (step && first) begin
      // 8 per activation and biased nibble, 15 per negative digit; INT8: both planes, high times 16
      offset_q <= int4 ? -(sum_x << 3) - (22'd15 * sum_negative)
                       : -(sum_x << 7) - (22'd255 * sum_negative);
    end
    if (step && last) begin
      held_int4 <= int4;
      held_offset <= offset_q;
    end
  end

  adder_tree #(
    .INPUTS(ROWS),
    .WIDTH(8),
    .SIGNED(1),
    .CARRY_SAVE(CARRY_SAVE),
    .REGISTER(0),
    .SUM_WIDTH(22)
  ) x_tree (
    .clk(clk),
    .en(step),
    .terms(x_q),
    .addend(22'd0),
    .sum(sum_x)
  );

  assign low_top = negative ^ {ROWS{int4}};

  genvar r, k;
  generate
    if (BITS_PER_CYCLE == 1) begin : g_bits
      for (r = 0; r < ROWS; r = r + 1) begin : g_row
        assign one[r] = x_q[8*r];
      end
      assign two = {ROWS{1'b0}};
      assign negative = {ROWS{1'b0}};
      assign sum_negative = 22'd0;
    end else begin : g_digits
      reg [ROWS-1:0] below_q;    // the bit below the two lowest of x_q
      wire [ROWS*8-1:0] sizes;   // of the negative digits, two bits each

      for (r = 0; r < ROWS; r = r + 1) begin : g_row
        wire [2:0] bits = {x_q[8*r +: 2], below_q[r]};
        assign one[r] = bits[1] ^ bits[0];
        assign two[r] = bits == 3'b100 || bits == 3'b011;
        assign negative[r] = bits[2] && bits != 3'b111;
        for (k = 0; k < 4; k = k + 1) begin : g_digit
          wire [2:0] of;
          assign of[2:1] = x_q[8*r+2*k +: 2];
          if (k == 0) begin : g_lowest
            assign of[0] = 1'b0;
          end else begin : g_higher
            assign of[0] = x_q[8*r+2*k-1];
          end
          assign sizes[8*r+2*k +: 2] = {of == 3'b100, of[2] && (of[1] ^ of[0])};
        end
      end

      always @(posedge clk) begin
        for (i = 0; i < ROWS; i = i + 1) begin
          if (load) below_q[i] <= 1'b0;
          else if (step) below_q[i] <= x_q[8*i+1];
        end
      end

      adder_tree #(
        .INPUTS(ROWS),
        .WIDTH(8),
        .SIGNED(0),
        .CARRY_SAVE(CARRY_SAVE),
        .REGISTER(0),
        .SUM_WIDTH(22)
      ) negative_tree (
        .clk(clk),
        .en(step),
        .terms(sizes),
        .addend(22'd0),
        .sum(sum_negative)
      );
    end
  endgenerate
endmodule

`default_nettype wire
