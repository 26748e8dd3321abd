// SPDX-License-Identifier: Apache-2.0
// Rules for the counters in the trace records.
`default_nettype none

module core_rule_count (
    input wire         clk,
    input wire         valid, trap,
    input wire [127:0] written, now, then   // mcycle, minstret: which, before and after
);
  reg         any = 1'b0;
  reg         counts;   // the last record counts as a retirement
  reg [127:0] left;

  wire [63:0] passed = now[63:0] - left[63:0];

  always @(posedge clk) if (valid) begin
    any    <= 1'b1;
    counts <= !trap && written[127:64] == 64'd0;
    left   <= then;
    if (any) begin
      // minstret counts what retires without trap; a write replaces the count of its instruction
      assert (now[127:64] == left[127:64] + {63'd0, counts});
      // mcycle never goes back
      assert (!passed[63]);
    end else assert (now[127:64] == 64'd0);
  end

endmodule

`default_nettype wire
