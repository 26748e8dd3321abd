// SPDX-License-Identifier: Apache-2.0
//
// sram_1p: model of a single-port SRAM with byte-masked writes.
//
// Contract: one access per cycle. en && !we reads: rdata shows the word from the next cycle on and
//   keeps it until the next read (writes do not disturb it). en && we writes the bytes whose wmask
//   bit is set. Contents are not reset. An address at or beyond DEPTH is not allowed.
// Handshake: none, an access happens in each cycle with en high.
// Latency: read 1 cycle. A read sees every write of an earlier cycle.
// Cost: DEPTH x WIDTH bits. In a technology whose SRAM output a write disturbs, add a holding
//   register of WIDTH bits.
`default_nettype none

module sram_1p #(
  parameter WIDTH = 64,  // bits per word, a multiple of 8
  parameter DEPTH = 256  // words, at least 1
) (
  input  wire                                          clk,
  input  wire                                          en,
  input  wire                                          we,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0]  addr,
  input  wire [WIDTH-1:0]                              wdata,
  input  wire [WIDTH/8-1:0]                            wmask,
  output reg  [WIDTH-1:0]                              rdata
);
  generate
    if (WIDTH < 8 || WIDTH % 8 != 0) begin : g_width
      sram_1p_WIDTH_must_be_a_multiple_of_8 rule ();
    end
    if (DEPTH < 1) begin : g_depth
      sram_1p_DEPTH_must_be_at_least_1 rule ();
    end
  endgenerate

  reg [WIDTH-1:0] mem [0:DEPTH-1] /*verilator public_flat_rd*/;

  integer i;

  always @(posedge clk) begin
    if (en && we) begin
      if (&wmask) begin
        mem[addr] <= wdata;
      end else begin
        for (i = 0; i < WIDTH / 8; i = i + 1) begin
          if (wmask[i]) mem[addr][8*i +: 8] <= wdata[8*i +: 8];
        end
      end
    end
    if (en && !we) rdata <= mem[addr];
  end
endmodule

`default_nettype wire
