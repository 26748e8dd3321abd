// SPDX-License-Identifier: Apache-2.0
//
// vector_scalars: the scalar file, 1024 fp32 entries with one read and one write port.
//
// Contract: rdata shows the entry raddr one cycle after re and keeps it. A read sees every write of
//   an earlier cycle. Contents are not reset: programs write an entry before they read it.
// Cost: 4 KiB of two-port SRAM.
`default_nettype none

module vector_scalars (
  input  wire        clk,
  input  wire        re,
  input  wire [9:0]  raddr,
  output reg  [31:0] rdata,
  input  wire        we,
  input  wire [9:0]  waddr,
  input  wire [31:0] wdata
);
  reg [31:0] mem [0:1023] /*verilator public_flat_rd*/;

  always @(posedge clk) begin
    if (we) mem[waddr] <= wdata;
    if (re) rdata <= mem[raddr];
  end
endmodule

`default_nettype wire
