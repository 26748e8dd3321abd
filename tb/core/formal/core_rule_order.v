// SPDX-License-Identifier: Apache-2.0
// Rules for trace records among each other: they form one execution.
`default_nettype none

module core_rule_order #(
    parameter [31:0] RESET_PC = 0
) (
    input wire         clk,
    input wire         valid,
    input wire [63:0]  order,
    input wire         halt, intr,
    input wire [1:0]   mode, ixl,
    input wire [31:0]  pc_rdata, pc_wdata,
    input wire [4:0]   rs1_addr, rs2_addr, rd_addr,
    input wire [31:0]  rs1_rdata, rs2_rdata, rd_wdata,
    input wire [31:0]  irq_mip,
    input wire [415:0] rdata, wdata
);
  // ---- any one register
  (* anyconst *) wire [4:0] watched;
  reg        wrote = 1'b0;
  reg [31:0] holds;

  // ---- the record before this one
  reg         any = 1'b0;
  reg [63:0]  last_order;
  reg [31:0]  last_next;
  reg [415:0] left;

  always @(posedge clk) if (valid) begin
    any        <= 1'b1;
    last_order <= order;
    last_next  <= pc_wdata;
    left       <= wdata;
    if (rd_addr == watched && watched != 5'd0) begin
      wrote <= 1'b1;
      holds <= rd_wdata;
    end
  end

  // ---- the interrupt in front of this record
  wire [31:0] due = irq_mip & rdata[95:64];
  reg  [4:0]  first;
  integer n;
  always @* begin
    first = 5'd0;
    for (n = 31; n >= 16; n = n - 1) if (due[n]) first = n[4:0];
    if (due[7]) first = 5'd7;
    if (due[3]) first = 5'd3;
    if (due[11]) first = 5'd11;
  end
  wire [31:0] mtvec  = rdata[127:96];
  wire [31:0] vector = {mtvec[31:2], 2'b00} + (mtvec[0] ? {25'd0, first, 2'b00} : 32'd0);

  always @(posedge clk) if (valid) begin
    assert (!halt && mode == 2'd3 && ixl == 2'd1);
    // each instruction retires once, in order
    if (!any) assert (order == 64'd0);
    else assert (order == last_order + 64'd1);
    // pc: from the reset address on, each instruction is where the one before it went; behind an
    // interrupt, where its vector points, and mepc is where the one before it went
    if (!any && !intr) assert (pc_rdata == RESET_PC);
    if (any && !intr) assert (pc_rdata == last_next);
    if (intr) begin
      assert (due != 32'd0 && pc_rdata == vector);
      assert (rdata[191:160] == (any ? last_next : RESET_PC));
      assert (rdata[223:192] == {27'h400_0000, first});
      assert (rdata[255:224] == 32'd0);
      // it had been enabled, and is not any more
      assert (any && left[3] && rdata[7] && !rdata[3]);
    end
    // a register reads as it was last written: no forwarding too early, too late or from elsewhere
    if (wrote && rs1_addr == watched) assert (rs1_rdata == holds);
    if (wrote && rs2_addr == watched) assert (rs2_rdata == holds);
    // CSRs keep their values between instructions, but for interrupts and counters
    if (any) begin
      assert (rdata[159:32] == left[159:32]);
      if (!intr) assert (rdata[31:0] == left[31:0] && rdata[255:160] == left[255:160]);
    end else begin
      // reset values
      assert (rdata[159:64] == 96'd0);
      if (!intr) assert (rdata[31:0] == 32'h0000_1880);
    end
  end

endmodule

`default_nettype wire
