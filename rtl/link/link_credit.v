// SPDX-License-Identifier: Apache-2.0
//
// link_credit: the transmitter's side of one class of credits.
//
// Contract: the receiver announces in every control word a limit, the total number of units that
//   it has ever made room for, modulo 2^WIDTH. The transmitter may have used that many in total.
//   A lost announcement does no harm, the next one says all again; a repeated one changes
//   nothing.
// Ports: `available` from registers; `take` uses one unit and may be high only with `available`.
//   `limit_valid` brings a new limit. At reset nothing is available.
// Latency: a limit of cycle t counts from t+1. Cost: two counters and a comparison of WIDTH bits.
// Rule: the receiver's room is less than 2^(WIDTH-1), so that limit - used never wraps.
`default_nettype none

module link_credit #(
  parameter WIDTH = 8
) (
  input  wire             clk,
  input  wire             rst,
  input  wire             limit_valid,
  input  wire [WIDTH-1:0] limit,
  input  wire             take,
  output wire             available
);
  localparam [WIDTH-1:0] ONE = 1;

  reg [WIDTH-1:0] limit_q;
  reg [WIDTH-1:0] used_q;

  assign available = limit_q != used_q;

  always @(posedge clk) begin
    if (rst) begin
      limit_q <= {WIDTH{1'b0}};
      used_q <= {WIDTH{1'b0}};
    end else begin
      if (limit_valid) limit_q <= limit;
      if (take) used_q <= used_q + ONE;
    end
  end
endmodule

`default_nettype wire
