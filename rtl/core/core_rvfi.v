// SPDX-License-Identifier: Apache-2.0
// RISC-V formal interface (RVFI) of the control core: one record for each instruction, in order.
//
// Contract: simulation and formal only (`RVFI` or `RISCV_FORMAL` defined). A record is made when an
// instruction leaves X, by completing or by trapping, and is shown in the cycle in which W is done
// with it.
// Names and meanings as in the riscv-formal project, with these choices:
// - `rvfi_trap` records have rd_addr 0; their pc_wdata is the trap vector.
// - `rvfi_intr` marks the first instruction behind an interrupt, not behind an exception.
// - Memory fields are word-aligned (RISCV_FORMAL_ALIGNED_MEM): address of the word, masks and data
//   by lane. They are zero in trap records; but after a bus fault of a load or store the address
//   stays, and `rvfi_mem_fault_rmask`/`_wmask` have the lanes. A failed fetch has insn 0.
// - CSR channels show the whole register (rmask all ones) before and after the instruction, with
//   the interrupt in front of it already taken; wmask is all ones if the instruction or its trap
//   writes the register. Counters count between instructions.
// - `rvfi_ext_mip`: mip when the instruction executed. `rvfi_ext_irq_mip`: mip when the interrupt
//   in front of it was accepted (with rvfi_intr only).
`default_nettype none

`include "core_rvfi.vh"

module core_rvfi (
    input  wire        clk,
    input  wire        rst,

    input  wire        x_done,
    input  wire        x_trap,
    input  wire        take_irq,
    input  wire [31:0] mip,
    input  wire [31:0] insn,
    input  wire [31:0] pc,
    input  wire [31:1] next_pc,
    input  wire [4:0]  rs1,
    input  wire [4:0]  rs2,
    input  wire [31:0] op1,
    input  wire [31:0] op2,
    input  wire [4:0]  rd,
    input  wire        load,
    input  wire        store,
    input  wire [31:0] addr,
    input  wire [3:0]  strb,
    input  wire [31:0] wdata,

    input  wire        w_done,
    input  wire        w_fault,
    input  wire [31:0] w_value,
    input  wire [31:0] w_rdata,
    input  wire [31:2] trap_vector,

    input  wire        fetch_fault,
    input  wire        csr_write,     // the instruction is a CSR write to csr_addr
    input  wire [11:0] csr_addr,
    input  wire        mret,
    input  wire [31:1] mepc,
    input  wire [32*6+64*2-1:0] csr_state,   // as in core_csr
    input  wire        retiring,      // the instruction in W counts in minstret
    input  wire [4:0]  fault_code,    // of a bus fault in W
    input  wire [31:0] fault_pc,
    input  wire [31:0] fault_value,

    `CORE_RVFI_OUTPUTS
);

  reg        pending_q;    // a record waits in W
  reg        behind_irq_q; // the next record is the first behind an interrupt
  reg [63:0] order_q;
  reg        trap_q, intr_q, load_q, store_q;
  reg [31:0] insn_q, pc_q, next_pc_q, op1_q, op2_q, wdata_q, mip_q, irq_mip_q;
  reg [31:2] addr_q;
  reg [4:0]  rs1_q, rs2_q, rd_q;
  reg [3:0]  strb_q;
  reg        fetch_fault_q, csr_write_q, mret_q;
  reg [11:0] csr_addr_q;
  reg [351:0] before_q;    // {mepc, csr_state}

  always @(posedge clk)
    if (rst) begin
      pending_q    <= 1'b0;
      behind_irq_q <= 1'b0;
      order_q      <= 64'd0;
    end else begin
      if (x_done || w_done) pending_q <= x_done;
      if (take_irq) behind_irq_q <= 1'b1;
      else if (x_done) behind_irq_q <= 1'b0;
      if (rvfi_valid) order_q <= order_q + 64'd1;
    end

  always @(posedge clk) begin
    if (take_irq) irq_mip_q <= mip;
    if (x_done) begin
      trap_q    <= x_trap;
      intr_q    <= behind_irq_q;
      load_q    <= load && !x_trap;
      store_q   <= store && !x_trap;
      insn_q    <= insn;
      pc_q      <= pc;
      next_pc_q <= {next_pc, 1'b0};
      rs1_q     <= rs1;
      rs2_q     <= rs2;
      op1_q     <= rs1 == 5'd0 ? 32'd0 : op1;
      op2_q     <= rs2 == 5'd0 ? 32'd0 : op2;
      rd_q      <= x_trap ? 5'd0 : rd;
      addr_q    <= addr[31:2];
      strb_q    <= strb;
      wdata_q   <= wdata;
      mip_q     <= mip;
      fetch_fault_q <= fetch_fault && x_trap;
      csr_write_q   <= csr_write && !x_trap;
      csr_addr_q    <= csr_addr;
      mret_q        <= mret && !x_trap;
      before_q      <= {mepc, 1'b0, csr_state[319:64], csr_state[63:0] + {63'd0, retiring}};
    end
  end

  wire failed   = trap_q || w_fault;
  wire accessed = (load_q || store_q) && !failed;

  assign rvfi_valid       = pending_q && w_done;
  assign rvfi_order       = order_q;
  assign rvfi_insn        = insn_q;
  assign rvfi_trap        = failed;
  assign rvfi_halt        = 1'b0;
  assign rvfi_intr        = intr_q;
  assign rvfi_mode        = 2'b11;
  assign rvfi_ixl         = 2'b01;
  assign rvfi_rs1_addr    = rs1_q;
  assign rvfi_rs2_addr    = rs2_q;
  assign rvfi_rs1_rdata   = op1_q;
  assign rvfi_rs2_rdata   = op2_q;
  assign rvfi_rd_addr     = failed ? 5'd0 : rd_q;
  assign rvfi_rd_wdata    = rvfi_rd_addr == 5'd0 ? 32'd0 : w_value;
  assign rvfi_pc_rdata    = pc_q;
  assign rvfi_pc_wdata    = w_fault ? {trap_vector, 2'b00} : next_pc_q;
  assign rvfi_mem_addr    = accessed || w_fault ? {addr_q, 2'b00} : 32'd0;
  assign rvfi_mem_rmask   = accessed && load_q ? strb_q : 4'd0;
  assign rvfi_mem_wmask   = accessed && store_q ? strb_q : 4'd0;
  assign rvfi_mem_rdata   = accessed && load_q ? w_rdata : 32'd0;
  assign rvfi_mem_wdata   = accessed && store_q ? wdata_q : 32'd0;
  assign rvfi_mem_fault   = w_fault || fetch_fault_q;
  assign rvfi_mem_fault_rmask = w_fault && load_q ? strb_q : 4'd0;
  assign rvfi_mem_fault_wmask = w_fault && store_q ? strb_q : 4'd0;
  assign rvfi_ext_mip     = mip_q;
  assign rvfi_ext_irq_mip = intr_q ? irq_mip_q : 32'd0;

  // CSRs. While the record waits in W they hold what the instruction left, unless W faults.
  wire [31:0] mstatus, mie, mtvec, mscratch, mcause, mtval;
  wire [31:0] mepc_was, mstatus_was, mie_was, mtvec_was, mscratch_was, mcause_was, mtval_was;
  wire [63:0] mcycle, minstret, mcycle_was, minstret_was;

  assign {mstatus, mie, mtvec, mscratch, mcause, mtval, mcycle, minstret} = csr_state;
  assign {mepc_was, mstatus_was, mie_was, mtvec_was, mscratch_was, mcause_was, mtval_was,
          mcycle_was, minstret_was} = before_q;

  wire w_mcycle   = csr_write_q && {csr_addr_q[11:8], csr_addr_q[6:0]} == 11'h580;
  wire w_minstret = csr_write_q && {csr_addr_q[11:8], csr_addr_q[6:0]} == 11'h582;

  assign rvfi_csr_mstatus_rmask = {32{1'b1}};
  assign rvfi_csr_mstatus_wmask = {32{failed || mret_q || (csr_write_q && csr_addr_q == 12'h300)}};
  assign rvfi_csr_mstatus_rdata = mstatus_was;
  assign rvfi_csr_mstatus_wdata =
      w_fault ? {mstatus[31:8], mstatus[3], mstatus[6:4], 1'b0, mstatus[2:0]} : mstatus;
  assign rvfi_csr_misa_rmask = {32{1'b1}};
  assign rvfi_csr_misa_wmask = {32{csr_write_q && csr_addr_q == 12'h301}};
  assign rvfi_csr_misa_rdata = 32'h4000_1104;
  assign rvfi_csr_misa_wdata = 32'h4000_1104;
  assign rvfi_csr_mie_rmask = {32{1'b1}};
  assign rvfi_csr_mie_wmask = {32{csr_write_q && csr_addr_q == 12'h304}};
  assign rvfi_csr_mie_rdata = mie_was;
  assign rvfi_csr_mie_wdata = mie;
  assign rvfi_csr_mtvec_rmask = {32{1'b1}};
  assign rvfi_csr_mtvec_wmask = {32{csr_write_q && csr_addr_q == 12'h305}};
  assign rvfi_csr_mtvec_rdata = mtvec_was;
  assign rvfi_csr_mtvec_wdata = mtvec;
  assign rvfi_csr_mscratch_rmask = {32{1'b1}};
  assign rvfi_csr_mscratch_wmask = {32{csr_write_q && csr_addr_q == 12'h340}};
  assign rvfi_csr_mscratch_rdata = mscratch_was;
  assign rvfi_csr_mscratch_wdata = mscratch;
  assign rvfi_csr_mepc_rmask = {32{1'b1}};
  assign rvfi_csr_mepc_wmask = {32{failed || (csr_write_q && csr_addr_q == 12'h341)}};
  assign rvfi_csr_mepc_rdata = mepc_was;
  assign rvfi_csr_mepc_wdata = w_fault ? fault_pc : {mepc, 1'b0};
  assign rvfi_csr_mcause_rmask = {32{1'b1}};
  assign rvfi_csr_mcause_wmask = {32{failed || (csr_write_q && csr_addr_q == 12'h342)}};
  assign rvfi_csr_mcause_rdata = mcause_was;
  assign rvfi_csr_mcause_wdata = w_fault ? {27'd0, fault_code} : mcause;
  assign rvfi_csr_mtval_rmask = {32{1'b1}};
  assign rvfi_csr_mtval_wmask = {32{failed || (csr_write_q && csr_addr_q == 12'h343)}};
  assign rvfi_csr_mtval_rdata = mtval_was;
  assign rvfi_csr_mtval_wdata = w_fault ? fault_value : mtval;
  assign rvfi_csr_mip_rmask = {32{1'b1}};
  assign rvfi_csr_mip_wmask = {32{csr_write_q && csr_addr_q == 12'h344}};
  assign rvfi_csr_mip_rdata = mip_q;
  assign rvfi_csr_mip_wdata = mip_q;
  assign rvfi_csr_mcycle_rmask = {64{1'b1}};
  assign rvfi_csr_mcycle_wmask = {64{w_mcycle}};
  assign rvfi_csr_mcycle_rdata = mcycle_was;
  assign rvfi_csr_mcycle_wdata = w_mcycle ? mcycle : mcycle_was;
  assign rvfi_csr_minstret_rmask = {64{1'b1}};
  assign rvfi_csr_minstret_wmask = {64{w_minstret}};
  assign rvfi_csr_minstret_rdata = minstret_was;
  assign rvfi_csr_minstret_wdata = w_minstret ? minstret : minstret_was;

  /* verilator lint_off UNUSEDSIGNAL */
  wire unused = ^addr[1:0];
  /* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
