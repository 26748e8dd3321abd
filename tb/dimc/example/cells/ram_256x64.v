// SPDX-License-Identifier: Apache-2.0
//
// ram_256x64: stand-in for the model of a library's SRAM cell, as unkind as such cells are.
//
// Contract: one access per cycle where cs is high; we writes the bits with a bwe bit, otherwise q
//   shows the word from the next cycle on. A write leaves q undefined (here all ones).
`default_nettype none

module ram_256x64 (
  input  wire        clk,
  input  wire        cs,
  input  wire        we,
  input  wire [7:0]  a,
  input  wire [63:0] d,
  input  wire [63:0] bwe,
  output reg  [63:0] q
);
  reg [63:0] words [0:255];

  always @(posedge clk) begin
    if (cs && we) begin
      words[a] <= (words[a] & ~bwe) | (d & bwe);
      q <= {64{1'b1}};
    end
    if (cs && !we) q <= words[a];
  end
endmodule

`default_nettype wire
