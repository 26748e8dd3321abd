// SPDX-License-Identifier: Apache-2.0
//
// sram_1p_props: what sram_1p promises, for any accesses within DEPTH.
//
// One byte of the memory is chosen freely and followed.
`default_nettype none

module sram_1p_props #(
  parameter WIDTH = 24,
  parameter DEPTH = 5  // at most 8
) (
  input wire               clk,
  input wire               en,
  input wire               we,
  input wire [((DEPTH > 1) ? $clog2(DEPTH) : 1)-1:0] addr,
  input wire [WIDTH-1:0]   wdata,
  input wire [WIDTH/8-1:0] wmask
);
  wire [WIDTH-1:0] rdata;

  sram_1p #(
    .WIDTH(WIDTH),
    .DEPTH(DEPTH)
  ) dut (
    .clk(clk),
    .en(en),
    .we(we),
    .addr(addr),
    .wdata(wdata),
    .wmask(wmask),
    .rdata(rdata)
  );

  // Addresses at or beyond DEPTH are not allowed.
  always @* if (en) assume (addr < DEPTH);

  // ---- the byte that is followed
  (* anyconst *) wire [2:0] word;
  (* anyconst *) wire [7:0] lane;
  always @* assume (word < DEPTH && lane < WIDTH / 8);

  reg written = 1'b0;    // the byte has been written
  reg [7:0] value;       // last
  reg fresh = 1'b0;      // the last access but writes was a read of the byte
  reg [7:0] expected;
  reg kept = 1'b0;       // there was no read in the last cycle
  reg [WIDTH-1:0] before;

  always @(posedge clk) begin
    if (en && we && addr == word && wmask[lane]) begin
      written <= 1'b1;
      value <= wdata[8*lane +: 8];
    end
    if (en && !we) begin
      fresh <= written && addr == word;
      expected <= value;
    end
    kept <= !(en && !we);
    before <= rdata;
  end

  always @* begin
    // A read shows what was last written to each byte.
    if (fresh) assert (rdata[8*lane +: 8] == expected);
    // The output holds until the next read, writes included.
    if (kept) assert (rdata == before);
  end

  // ---- induction: the byte in the memory
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[0] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[1] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[2] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[3] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[4] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[5] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[6] ;
  (* hierconn *) wire [WIDTH-1:0] \dut.mem[7] ;
  reg [WIDTH-1:0] content;

  always @* begin
    case (word)
      3'd0: content = \dut.mem[0] ;
      3'd1: content = \dut.mem[1] ;
      3'd2: content = \dut.mem[2] ;
      3'd3: content = \dut.mem[3] ;
      3'd4: content = \dut.mem[4] ;
      3'd5: content = \dut.mem[5] ;
      3'd6: content = \dut.mem[6] ;
      default: content = \dut.mem[7] ;
    endcase
    if (written) assert (content[8*lane +: 8] == value);
  end
endmodule

`default_nettype wire
