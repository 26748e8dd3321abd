// SPDX-License-Identifier: Apache-2.0
//
// counters_props: each count grows by one behind a cycle with its event and only then, in all bits.
`default_nettype none

module counters_props (
  input wire       clk,
  input wire       rst,
  input wire [3:0] events
);
  wire [127:0] counts;
  vector_counters #(.N(4)) dut (.clk(clk), .rst(rst), .events(events), .counts(counts));

  reg started = 1'b0;
  reg [127:0] before;
  reg [3:0] happened;
  reg cleared;
  always @(posedge clk) begin
    started <= 1'b1;
    before <= counts;
    happened <= events;
    cleared <= rst;
  end
  always @* assume (rst || started);

  // Rule: count, or clear.
  integer i;
  always @* if (started) for (i = 0; i < 4; i = i + 1) begin
    assert (counts[32*i +: 32] == (cleared ? 32'd0 : before[32*i +: 32] + {31'd0, happened[i]}));
  end
endmodule

`default_nettype wire
