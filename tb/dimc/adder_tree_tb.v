// SPDX-License-Identifier: Apache-2.0
//
// adder_tree_tb: the four kinds of adder tree against a loop of `+` over the same stimulus.
// EXHAUSTIVE = 1: all values of terms and addend, once. 0: VECTORS vectors, in turn random ones,
// random ones of the two extreme values, and all terms of one extreme value. errors counts wrong
// sums. BROKEN = 1 changes one input bit of one vector on its way to the trees: errors must
// become 4.
`default_nettype none

module adder_tree_tb #(
  parameter INPUTS = 64,
  parameter WIDTH = 8,
  parameter SIGNED = 0,
  parameter SUM_WIDTH = 14,
  parameter EXHAUSTIVE = 0,
  parameter VECTORS = 1000,
  parameter BROKEN = 0
) (
  input  wire        clk,
  output reg         done,
  output reg  [31:0] checked,
  output reg  [31:0] errors
);
  localparam BITS = INPUTS * WIDTH;
  localparam [WIDTH-1:0] LOWEST = {SIGNED != 0, {WIDTH - 1{1'b0}}};

  reg [31:0] count;
  reg [BITS-1:0] terms;
  reg [SUM_WIDTH-1:0] addend;
  reg broken;
  reg [SUM_WIDTH-1:0] expected, expected_q;
  reg valid, valid_q;
  wire [3:0] wrong;  // by kind: bit 0 CARRY_SAVE, bit 1 REGISTER
  integer i;
  reg [WIDTH-1:0] term;
  reg choice;
  /* verilator lint_off UNUSEDSIGNAL */
  reg [SUM_WIDTH+31:0] random;  // 32 random bits; terms and addend take what they need
  wire [BITS+SUM_WIDTH+31:0] all = {{BITS + SUM_WIDTH{1'b0}}, count};
  /* verilator lint_on UNUSEDSIGNAL */

  initial begin
    done = 1'b0;
    checked = 32'd0;
    errors = 32'd0;
    count = 32'd0;
    valid = 1'b0;
    valid_q = 1'b0;
    broken = 1'b0;
  end

  // Every 16th of the drawn vectors does not enter the registers.
  wire en = EXHAUSTIVE != 0 || count[3:0] != 4'd12;

  genvar kind;
  generate
    for (kind = 0; kind < 4; kind = kind + 1) begin : g_kind
      wire [SUM_WIDTH-1:0] sum;

      adder_tree #(
        .INPUTS(INPUTS),
        .WIDTH(WIDTH),
        .SIGNED(SIGNED),
        .CARRY_SAVE(kind % 2),
        .REGISTER(kind / 2),
        .SUM_WIDTH(SUM_WIDTH)
      ) tree (
        .clk(clk),
        .en(en),
        .terms(terms ^ {{BITS - 1{1'b0}}, broken}),
        .addend(addend),
        .sum(sum)
      );

      assign wrong[kind] = (kind < 2) ? valid && sum !== expected : valid_q && sum !== expected_q;
    end
  endgenerate

  always @* begin
    expected = addend;
    for (i = 0; i < INPUTS; i = i + 1) begin
      term = terms[i*WIDTH +: WIDTH];
      expected = expected + {{SUM_WIDTH - WIDTH{SIGNED != 0 && term[WIDTH-1]}}, term};
    end
  end

  /* verilator lint_off BLKSEQ */  // `choice` and `random` serve within the step
  always @(posedge clk) begin
    count <= count + 32'd1;
    valid <= (EXHAUSTIVE != 0) ? count >> (BITS + SUM_WIDTH) == 32'd0 : count < VECTORS;
    valid_q <= valid;
    if (en) expected_q <= expected;
    broken <= BROKEN != 0 && count == 32'd5;
    if (EXHAUSTIVE != 0) begin
      {addend, terms} <= all[BITS+SUM_WIDTH-1:0];
    end else begin
      random = {{SUM_WIDTH{1'b0}}, $random};
      addend <= random[SUM_WIDTH-1:0];
      choice = count[2];
      for (i = 0; i < INPUTS; i = i + 1) begin
        random = {{SUM_WIDTH{1'b0}}, $random};
        if (count[1:0] == 2'd2) choice = random[31];
        if (!count[1]) terms[i*WIDTH +: WIDTH] <= random[WIDTH-1:0];
        else terms[i*WIDTH +: WIDTH] <= choice ? LOWEST : ~LOWEST;
      end
    end
    if (valid) checked <= checked + 32'd1;
    errors <= errors + {31'd0, wrong[0]} + {31'd0, wrong[1]} + {31'd0, wrong[2]} +
              {31'd0, wrong[3]};
    done <= checked != 32'd0 && !valid && !valid_q;
  end
  /* verilator lint_on BLKSEQ */
endmodule

`default_nettype wire
