// SPDX-License-Identifier: Apache-2.0
//
// sram_1p out of cells ram_256x64: in place of rtl/common/sram_1p.v in a file list.
//
// Contract: that of rtl/common/sram_1p.v. Words wider than 64 bits take several cells side by side,
//   deeper memories several rows of cells, of which one is accessed.
// Cost: ceil(WIDTH/64) * ceil(DEPTH/256) cells; WIDTH flip-flops and a multiplexer, because a write
//   disturbs a cell's output.
`default_nettype none

module sram_1p #(
  parameter WIDTH = 64,
  parameter DEPTH = 256
) (
  input  wire                                          clk,
  input  wire                                          en,
  input  wire                                          we,
  input  wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0]  addr,
  input  wire [WIDTH-1:0]                              wdata,
  input  wire [WIDTH/8-1:0]                            wmask,
  output wire [WIDTH-1:0]                              rdata
);
  localparam WIDE = (WIDTH + 63) / 64;
  localparam DEEP = (DEPTH + 255) / 256;

  wire [15:0] word = {{16 - ((DEPTH > 1) ? $clog2(DEPTH) : 1){1'b0}}, addr};
  wire [64*WIDE-1:0] bits, data;
  wire [64*WIDE*DEEP-1:0] outputs;
  reg [7:0] row_q;           // row of cells of the last read
  reg fresh_q;               // it was in the cycle before: the cells still show it
  reg [WIDTH-1:0] kept_q;

  genvar i, k;
  generate
    for (i = 0; i < 64 * WIDE; i = i + 1) begin : g_bit
      if (i < WIDTH) begin : g_used
        assign bits[i] = wmask[i/8];
        assign data[i] = wdata[i];
      end else begin : g_spare
        assign bits[i] = 1'b0;
        assign data[i] = 1'b0;
      end
    end
    for (k = 0; k < DEEP; k = k + 1) begin : g_row
      for (i = 0; i < WIDE; i = i + 1) begin : g_cell
        ram_256x64 cell_ram (
          .clk(clk),
          .cs(en && word[15:8] == k),
          .we(we),
          .a(word[7:0]),
          .d(data[64*i +: 64]),
          .bwe(bits[64*i +: 64]),
          .q(outputs[64*(WIDE*k+i) +: 64])
        );
      end
    end
  endgenerate

  wire [WIDTH-1:0] shown = outputs[64*WIDE*row_q +: WIDTH];

  always @(posedge clk) begin
    fresh_q <= en && !we;
    if (en && !we) row_q <= word[15:8];
    if (fresh_q) kept_q <= shown;
  end

  assign rdata = fresh_q ? shown : kept_q;
endmodule

`default_nettype wire
