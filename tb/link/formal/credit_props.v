// SPDX-License-Identifier: Apache-2.0
//
// credit_props: one class of credits, with the receiver's side as its contract states it.
//
// The receiver has room for `size` units and counts those that it has made free again. An
// announcement that arrives is any total between the last that arrived and the present one: the
// line keeps the order, delays as long as it likes, loses and repeats. Totals are counted with
// more bits than the design has, which stand for numbers without end: all differences are small.
`default_nettype none

module credit_props #(
  parameter WIDTH = 8
) (
  input wire             clk,
  input wire             rst,
  input wire             arrives,  // an announcement
  input wire [WIDTH+3:0] total,    // its true value
  input wire             take,
  input wire             free      // the receiver gives a unit out
);
  wire available;

  link_credit #(.WIDTH(WIDTH)) dut (
    .clk(clk), .rst(rst), .limit_valid(arrives), .limit(total[WIDTH-1:0]), .take(take),
    .available(available));

  reg started = 1'b0;
  always @(posedge clk) started <= 1'b1;
  always @* if (!started) assume (rst);

  (* anyconst *) wire [WIDTH-1:0] size;
  reg [WIDTH+3:0] used;   // units sent in all
  reg [WIDTH+3:0] freed;  // units made free in all
  reg [WIDTH+3:0] told;   // the announcement that arrived last

  wire [WIDTH+3:0] inside = used - freed;
  wire [WIDTH+3:0] room = told - freed;
  wire [WIDTH+3:0] span = freed + size - told;
  wire [WIDTH+3:0] step = total - told;

  always @* begin
    if (arrives) assume (step <= span);
    if (take) assume (available);
    // What is made free has arrived, and so was sent.
    if (free) assume (inside != 0);
  end

  always @(posedge clk) begin
    if (arrives) told <= total;
    if (take) used <= used + 1'b1;
    if (free) freed <= freed + 1'b1;
    if (rst) begin
      told <= 0;
      used <= 0;
      freed <= 0;
    end
  end

  always @* if (started) begin
    // The receiver never has more than it has room for.
    assert (inside <= size);
    // No credit is gained: never more used than announced.
    assert (room >= inside && room <= size);
    // None is lost: all that was announced can be used.
    assert (available == (told != used));
  end

  // ---- induction: the registers of the design
  (* hierconn *) wire [WIDTH-1:0] \dut.limit_q ;
  (* hierconn *) wire [WIDTH-1:0] \dut.used_q ;

  always @* if (started) begin
    assert (\dut.limit_q == told[WIDTH-1:0]);
    assert (\dut.used_q == used[WIDTH-1:0]);
  end
endmodule

`default_nettype wire
