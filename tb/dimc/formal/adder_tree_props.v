// SPDX-License-Identifier: Apache-2.0
//
// adder_tree_props: adder_tree gives the sum of its terms and the addend, for all of them.
//
// A direct miter with `+` is hard for a solver; this form is not: with no bit set in the terms the
// sum is the addend, and setting one bit of one term adds what this bit is worth, whatever the
// others are. Any terms are reached from none by setting their bits one after the other.
`default_nettype none

module adder_tree_props #(
  parameter INPUTS = 3,
  parameter WIDTH = 3,
  parameter SIGNED = 0,
  parameter CARRY_SAVE = 1,
  parameter SUM_WIDTH = 6
) (
  input wire                    clk,
  input wire                    en,
  input wire [INPUTS*WIDTH-1:0] terms,
  input wire [SUM_WIDTH-1:0]    addend,
  input wire [9:0]              which   // the bit that is set
);
  wire [SUM_WIDTH-1:0] sum, more, registered;
  wire [INPUTS*WIDTH-1:0] bit = {{INPUTS * WIDTH - 1{1'b0}}, 1'b1} << which;

  always @* assume (which < INPUTS * WIDTH && (terms & bit) == 0);

  adder_tree #(
    .INPUTS(INPUTS),
    .WIDTH(WIDTH),
    .SIGNED(SIGNED),
    .CARRY_SAVE(CARRY_SAVE),
    .REGISTER(0),
    .SUM_WIDTH(SUM_WIDTH)
  ) without (
    .clk(clk),
    .en(en),
    .terms(terms),
    .addend(addend),
    .sum(sum)
  );

  adder_tree #(
    .INPUTS(INPUTS),
    .WIDTH(WIDTH),
    .SIGNED(SIGNED),
    .CARRY_SAVE(CARRY_SAVE),
    .REGISTER(0),
    .SUM_WIDTH(SUM_WIDTH)
  ) with_bit (
    .clk(clk),
    .en(en),
    .terms(terms | bit),
    .addend(addend),
    .sum(more)
  );

  adder_tree #(
    .INPUTS(INPUTS),
    .WIDTH(WIDTH),
    .SIGNED(SIGNED),
    .CARRY_SAVE(CARRY_SAVE),
    .REGISTER(1),
    .SUM_WIDTH(SUM_WIDTH)
  ) with_registers (
    .clk(clk),
    .en(en),
    .terms(terms),
    .addend(addend),
    .sum(registered)
  );

  wire [9:0] place = which % WIDTH;
  wire [SUM_WIDTH-1:0] size = {{SUM_WIDTH - 1{1'b0}}, 1'b1} << place;
  wire [SUM_WIDTH-1:0] worth = (SIGNED != 0 && place == WIDTH - 1) ? -size : size;
  wire [SUM_WIDTH-1:0] delta = more - sum;

  reg second = 1'b0;
  reg en_q;
  reg [SUM_WIDTH-1:0] sum_q, registered_q;

  always @(posedge clk) begin
    second <= 1'b1;
    en_q <= en;
    sum_q <= sum;
    registered_q <= registered;
  end

  always @* begin
    if (!second) begin
      // No bit set: the addend.
      if (terms == 0) assert (sum == addend);
      // One more bit: what it is worth, in two's complement if SIGNED.
      assert (delta == worth);
    end else begin
      // With registers: the sum of the last cycle if there was `en`, or else as before.
      assert (registered == (en_q ? sum_q : registered_q));
    end
  end
endmodule

`default_nettype wire
