// SPDX-License-Identifier: Apache-2.0
//
// core_props: rules of the control core over its trace port, with any program, any memory and any
// interrupts. Built with RISCV_FORMAL and RISCV_FORMAL_ALTOPS.
//
// CHECK chooses the rules; each states what it is in English:
//   0 insn      each record alone: legality, operands, result, next pc, memory (core_rule_insn)
//   1 trap      each record alone: what traps, cause, value, CSRs read and written (core_rule_trap)
//   2 order     records among each other: pc, registers, order, interrupts (core_rule_order)
//   3 memory    records against the two ports (core_rule_memory)
//   4 progress  a record every PATIENCE cycles, if memories answer within SLOW cycles
//   5 count     mcycle and minstret (core_rule_count)
//
// Assumed of the memories: one response per request, in order, not before the cycle behind it. With
// SLOW > 0 no request and no response waits longer than SLOW cycles; 0: any time.
`default_nettype none

`include "core_rvfi.vh"

module core_props #(
    parameter CHECK = 0,
    parameter SLOW = 0,
    parameter PATIENCE = 20
) (
    input wire        clk,
    input wire        i_req_ready, i_rsp_valid, i_rsp_err,
    input wire        d_req_ready, d_rsp_valid, d_rsp_err,
    input wire [31:0] i_rsp_data, d_rsp_data,
    input wire        irq_software, irq_timer, irq_external,
    input wire [15:0] irq_local
);
  localparam [31:0] RESET_PC = 32'h1000_0002, HART_ID = 32'd5;

  // ---- the first cycle resets
  reg running = 1'b0;
  wire rst = !running;
  always @(posedge clk) running <= 1'b1;

  wire         i_req_valid, d_req_valid, d_req_we, core_sleep;
  wire [31:0]  i_req_addr, d_req_addr, d_req_wdata;
  wire [3:0]   d_req_strb;
  wire         valid, trap, halt, intr, mem_fault;
  wire [63:0]  order;
  wire [1:0]   mode, ixl;
  wire [4:0]   rs1_addr, rs2_addr, rd_addr;
  wire [31:0]  insn, pc_rdata, pc_wdata, rs1_rdata, rs2_rdata, rd_wdata, mem_addr, mem_rdata,
               mem_wdata, ext_mip, ext_irq_mip;
  wire [3:0]   mem_rmask, mem_wmask, fault_rmask, fault_wmask;
  wire [415:0] csr_rmask, csr_wmask, csr_rdata, csr_wdata;

  core #(.RESET_PC(RESET_PC), .HART_ID(HART_ID)) dut (
      .clk(clk), .rst(rst),
      .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
      .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
      .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
      .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
      .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
      .irq_software(irq_software), .irq_timer(irq_timer), .irq_external(irq_external),
      .irq_local(irq_local), .core_sleep(core_sleep),
      .rvfi_valid(valid), .rvfi_trap(trap), .rvfi_halt(halt), .rvfi_intr(intr),
      .rvfi_order(order), .rvfi_mode(mode), .rvfi_ixl(ixl), .rvfi_insn(insn),
      .rvfi_pc_rdata(pc_rdata), .rvfi_pc_wdata(pc_wdata), .rvfi_rs1_addr(rs1_addr),
      .rvfi_rs2_addr(rs2_addr), .rvfi_rd_addr(rd_addr), .rvfi_rs1_rdata(rs1_rdata),
      .rvfi_rs2_rdata(rs2_rdata), .rvfi_rd_wdata(rd_wdata), .rvfi_mem_addr(mem_addr),
      .rvfi_mem_rdata(mem_rdata), .rvfi_mem_wdata(mem_wdata), .rvfi_mem_rmask(mem_rmask),
      .rvfi_mem_wmask(mem_wmask), .rvfi_mem_fault(mem_fault),
      .rvfi_mem_fault_rmask(fault_rmask), .rvfi_mem_fault_wmask(fault_wmask),
      .rvfi_ext_mip(ext_mip), .rvfi_ext_irq_mip(ext_irq_mip),
      `CORE_RVFI_CSRS);

  // ---- memories
  reg [2:0] i_open = 3'd0;
  reg       d_open = 1'b0;
  reg [3:0] i_waits = 4'd0, d_waits = 4'd0, i_refused = 4'd0, d_refused = 4'd0;

  always @(posedge clk) begin
    i_open <= i_open + {2'd0, i_req_valid && i_req_ready} - {2'd0, i_rsp_valid};
    d_open <= d_req_valid && d_req_ready ? 1'b1 : d_rsp_valid ? 1'b0 : d_open;
    i_waits   <= i_open != 3'd0 && !i_rsp_valid ? i_waits + 4'd1 : 4'd0;
    d_waits   <= d_open && !d_rsp_valid ? d_waits + 4'd1 : 4'd0;
    i_refused <= i_req_valid && !i_req_ready ? i_refused + 4'd1 : 4'd0;
    d_refused <= d_req_valid && !d_req_ready ? d_refused + 4'd1 : 4'd0;
  end

  always @* begin
    assume (i_open != 3'd0 || !i_rsp_valid);
    assume (d_open || !d_rsp_valid);
    if (rst) assume (!i_rsp_valid && !d_rsp_valid && !i_req_ready && !d_req_ready);
    if (SLOW != 0) begin
      assume (i_waits < SLOW || i_rsp_valid);
      assume (d_waits < SLOW || d_rsp_valid);
      assume (i_refused < SLOW || i_req_ready || !i_req_valid);
      assume (d_refused < SLOW || d_req_ready || !d_req_valid);
    end
  end

  // ---- rules
  generate
    if (CHECK == 0) begin : g_insn
      core_rule_insn rules (
          .clk(clk), .valid(valid && running), .insn(insn), .trap(trap), .mem_fault(mem_fault),
          .pc_rdata(pc_rdata), .pc_wdata(pc_wdata), .rs1_addr(rs1_addr), .rs2_addr(rs2_addr),
          .rd_addr(rd_addr), .rs1_rdata(rs1_rdata), .rs2_rdata(rs2_rdata), .rd_wdata(rd_wdata),
          .mem_addr(mem_addr), .mem_rdata(mem_rdata), .mem_wdata(mem_wdata),
          .mem_rmask(mem_rmask), .mem_wmask(mem_wmask));
    end
    if (CHECK == 1) begin : g_trap
      core_rule_trap #(.HART_ID(HART_ID)) rules (
          .clk(clk), .valid(valid && running), .insn(insn), .trap(trap), .intr(intr),
          .mem_fault(mem_fault), .pc_rdata(pc_rdata), .pc_wdata(pc_wdata),
          .rs1_rdata(rs1_rdata), .rs2_rdata(rs2_rdata), .rd_addr(rd_addr), .rd_wdata(rd_wdata),
          .mem_addr(mem_addr), .fault_rmask(fault_rmask), .fault_wmask(fault_wmask),
          .rmask(csr_rmask), .wmask(csr_wmask), .rdata(csr_rdata), .wdata(csr_wdata));
    end
    if (CHECK == 2) begin : g_order
      core_rule_order #(.RESET_PC(RESET_PC)) rules (
          .clk(clk), .valid(valid && running), .order(order), .halt(halt), .intr(intr),
          .mode(mode), .ixl(ixl), .pc_rdata(pc_rdata),
          .pc_wdata(pc_wdata), .rs1_addr(rs1_addr), .rs2_addr(rs2_addr), .rd_addr(rd_addr),
          .rs1_rdata(rs1_rdata), .rs2_rdata(rs2_rdata), .rd_wdata(rd_wdata),
          .irq_mip(ext_irq_mip), .rdata(csr_rdata), .wdata(csr_wdata));
    end
    if (CHECK == 3) begin : g_memory
      core_rule_memory rules (
          .clk(clk), .rst(rst),
          .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
          .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
          .d_req_valid(d_req_valid), .d_req_ready(d_req_ready), .d_req_we(d_req_we),
          .d_req_addr(d_req_addr), .d_req_wdata(d_req_wdata), .d_req_strb(d_req_strb),
          .d_rsp_valid(d_rsp_valid), .d_rsp_data(d_rsp_data), .d_rsp_err(d_rsp_err),
          .valid(valid && running), .insn(insn), .pc(pc_rdata), .trap(trap),
          .mem_fault(mem_fault), .mem_addr(mem_addr), .mem_rdata(mem_rdata),
          .mem_wdata(mem_wdata), .mem_rmask(mem_rmask), .mem_wmask(mem_wmask),
          .fault_rmask(fault_rmask), .fault_wmask(fault_wmask));
    end
    if (CHECK == 5) begin : g_count
      core_rule_count rules (
          .clk(clk), .valid(valid && running), .trap(trap), .written(csr_wmask[415:288]),
          .now(csr_rdata[415:288]), .then(csr_wdata[415:288]));
    end
    if (CHECK == 4) begin : g_progress
      // Somebody retires, or the core sleeps, at least every PATIENCE cycles.
      reg [5:0] idle = 6'd0;
      always @(posedge clk) idle <= valid || core_sleep || rst ? 6'd0 : idle + 6'd1;
      always @* assert (idle < PATIENCE);
    end
  endgenerate

endmodule

`default_nettype wire
