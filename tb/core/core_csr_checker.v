// SPDX-License-Identifier: Apache-2.0
// Holds the CSR channels of the trace port against each other and against the rest of the record.
//
// Channels lie side by side: mstatus lowest, then misa, mie, mtvec, mscratch, mepc, mcause, mtval,
// mip of 32 bits, mcycle and minstret of 64. A broken rule ends the simulation with its name.
`default_nettype none

module core_csr_checker (
    input  wire         clk,
    input  wire         rst,
    input  wire         valid,
    input  wire [31:0]  insn,
    input  wire         trap,
    input  wire         intr,
    input  wire [31:0]  pc,
    input  wire [31:0]  rs1_rdata,
    input  wire [4:0]   rd_addr,
    input  wire [31:0]  rd_wdata,
    input  wire [415:0] rmask,
    input  wire [415:0] wmask,
    input  wire [415:0] rdata,
    input  wire [415:0] wdata
);

  localparam integer MSTATUS = 0, MEPC = 32 * 5, MTVAL = 32 * 7, MIP = 32 * 8, MCYCLE = 32 * 9,
                     MINSTRET = 32 * 11;

  wire        is_csr  = !trap && insn[6:0] == 7'h73 && insn[13:12] != 2'b00;
  wire [31:0] operand = insn[14] ? {27'd0, insn[19:15]} : rs1_rdata;
  wire        writes  = is_csr && (insn[13:12] == 2'b01 || insn[19:15] != 5'd0);

  // Where the register that the instruction names lies, and whether all its bits can be written
  integer at;
  reg     named, plain;
  always @* begin
    named = 1'b1;
    plain = 1'b0;
    at    = 0;
    case (insn[31:20])
      12'h300: at = MSTATUS;
      12'h301: at = 32;
      12'h304: at = 32 * 2;
      12'h305: at = 32 * 3;
      12'h340: at = 32 * 4;
      12'h341: at = MEPC;
      12'h342: at = 32 * 6;
      12'h343: at = MTVAL;
      12'h344: at = MIP;
      12'hb00, 12'hc00: at = MCYCLE;
      12'hb80, 12'hc80: at = MCYCLE + 32;
      12'hb02, 12'hc02: at = MINSTRET;
      12'hb82, 12'hc82: at = MINSTRET + 32;
      default: named = 1'b0;
    endcase
    case (insn[31:20])
      12'h340, 12'h343, 12'hb00, 12'hb80, 12'hb02, 12'hb82: plain = 1'b1;
      default: ;
    endcase
  end

  wire [31:0] was  = rdata[at +: 32];
  wire [31:0] asks = insn[13:12] == 2'b01 ? operand
                     : insn[13:12] == 2'b10 ? was | operand : was & ~operand;

  reg         any_q, trap_q, counts_q;
  reg [415:0] left_q;   // what the previous instruction left

  wire [63:0] passed = rdata[MCYCLE +: 64] - left_q[MCYCLE +: 64];

  task fail(input [8*40-1:0] rule);
    begin
      $display("%m: pc %08x, instruction %08x: %0s", pc, insn, rule);
      $fatal;
    end
  endtask

  always @(posedge clk)
    if (rst !== 1'b0) any_q <= 1'b0;
    else if (valid) begin
      any_q    <= 1'b1;
      trap_q   <= trap;
      counts_q <= !wmask[MINSTRET];
      left_q   <= wdata;
      if (!(&rmask)) fail("every bit is shown");
      if (|(~wmask & (rdata ^ wdata))) fail("changes only what it writes");
      if (is_csr && named && rd_addr != 5'd0 && rd_wdata != was)
        fail("a read returns the register");
      if (is_csr && named && (wmask[at] != writes)) fail("writes the register that it names");
      if (writes && plain && wdata[at +: 32] != asks) fail("leaves what was written");
      if (trap && wdata[MEPC +: 32] != pc) fail("a trap stores its pc");
      if (trap && (wdata[MSTATUS+3] || wdata[MSTATUS+7] != rdata[MSTATUS+3]))
        fail("a trap turns interrupts off");
      if (insn == 32'h3020_0073 && !trap && wdata[MSTATUS+3] != rdata[MSTATUS+7])
        fail("mret restores the interrupt enable");
      if (any_q) begin
        if (rdata[32 +: 32*4] != left_q[32 +: 32*4]) fail("kept between instructions");
        if (!intr && (rdata[MSTATUS +: 32] != left_q[MSTATUS +: 32]
                      || rdata[MEPC +: 96] != left_q[MEPC +: 96]))
          fail("only interrupts change it");
        if (rdata[MINSTRET +: 64] != left_q[MINSTRET +: 64] + {63'd0, counts_q && !trap_q})
          fail("minstret counts retirements");
        if (passed[63]) fail("time passes");
      end
    end

endmodule

`default_nettype wire
