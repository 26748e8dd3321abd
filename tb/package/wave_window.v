// SPDX-License-Identifier: Apache-2.0
//
// wave_window: waveforms of a window of cycles, into the file +waves=FILE.
//
// Contract: the file begins in cycle +wave_from=N (0) with all signals of the simulation; `over`
//   rises in cycle +wave_to=N (never without it), where the run is to end, since Verilator
//   cannot stop writing. Without +waves nothing is written. The build has to support
//   waveforms.
`default_nettype none

module wave_window (
  input  wire        clk,
  input  wire [31:0] cycle,
  output reg         over
);
  reg [8*1024-1:0] path;
  reg [31:0] from;
  reg [31:0] last;
  reg        waits;

  initial begin
    over = 1'b0;
    waits = 1'b0;
    if ($value$plusargs("waves=%s", path)) waits = 1'b1;
    if (!$value$plusargs("wave_from=%d", from)) from = 32'd0;
    if (!$value$plusargs("wave_to=%d", last)) last = 32'hFFFFFFFF;
  end

  always @(posedge clk) begin
    if (waits && cycle >= from) begin
      waits <= 1'b0;
      $dumpfile(path);
      $dumpvars;
    end
    if (cycle >= last) over <= 1'b1;
  end
endmodule

`default_nettype wire
