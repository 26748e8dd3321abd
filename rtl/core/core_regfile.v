// SPDX-License-Identifier: Apache-2.0
// Integer registers x1 to x31: two reads, one write.
//
// Contract: reads are combinational and see the value before a write of the same cycle (core
// forwards it). x0 reads as zero. Nothing is reset: start-up code writes every register before use.
`default_nettype none

module core_regfile (
    input  wire        clk,
    input  wire [4:0]  read1,
    output wire [31:0] data1,
    input  wire [4:0]  read2,
    output wire [31:0] data2,
    input  wire [4:0]  write,     // 0 writes nothing
    input  wire [31:0] data
);

  reg [31:0] x [1:31];

  assign data1 = read1 == 5'd0 ? 32'd0 : x[read1];
  assign data2 = read2 == 5'd0 ? 32'd0 : x[read2];

  always @(posedge clk)
    if (write != 5'd0) x[write] <= data;

endmodule

`default_nettype wire
