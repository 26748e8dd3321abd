// SPDX-License-Identifier: Apache-2.0
// The trace port (RVFI) by name, for the modules that have it and those around them; core_rvfi.v
// says what it means.
//
//   CORE_RVFI_OUTPUTS   its declaration as outputs
//   CORE_RVFI_CONNECT   connects it to wires of the same names
//   CORE_RVFI_CSRS      connects its CSR channels to csr_rmask, csr_wmask, csr_rdata and csr_wdata,
//                       416 bits each: the channels side by side in this order, mstatus lowest
`ifndef CORE_RVFI_VH
`define CORE_RVFI_VH

`define CORE_RVFI_OUTPUTS \
  output wire        rvfi_valid, rvfi_trap, rvfi_halt, rvfi_intr, \
  output wire [63:0] rvfi_order, \
  output wire [1:0]  rvfi_mode, rvfi_ixl, \
  output wire [31:0] rvfi_insn, rvfi_pc_rdata, rvfi_pc_wdata, \
  output wire [4:0]  rvfi_rs1_addr, rvfi_rs2_addr, rvfi_rd_addr, \
  output wire [31:0] rvfi_rs1_rdata, rvfi_rs2_rdata, rvfi_rd_wdata, \
  output wire [31:0] rvfi_mem_addr, rvfi_mem_rdata, rvfi_mem_wdata, \
  output wire [3:0]  rvfi_mem_rmask, rvfi_mem_wmask, \
  output wire        rvfi_mem_fault, \
  output wire [3:0]  rvfi_mem_fault_rmask, rvfi_mem_fault_wmask, \
  output wire [31:0] rvfi_ext_mip, rvfi_ext_irq_mip, \
  output wire [31:0] rvfi_csr_mstatus_rmask, rvfi_csr_mstatus_wmask, \
  output wire [31:0] rvfi_csr_mstatus_rdata, rvfi_csr_mstatus_wdata, \
  output wire [31:0] rvfi_csr_misa_rmask, rvfi_csr_misa_wmask, \
  output wire [31:0] rvfi_csr_misa_rdata, rvfi_csr_misa_wdata, \
  output wire [31:0] rvfi_csr_mie_rmask, rvfi_csr_mie_wmask, \
  output wire [31:0] rvfi_csr_mie_rdata, rvfi_csr_mie_wdata, \
  output wire [31:0] rvfi_csr_mtvec_rmask, rvfi_csr_mtvec_wmask, \
  output wire [31:0] rvfi_csr_mtvec_rdata, rvfi_csr_mtvec_wdata, \
  output wire [31:0] rvfi_csr_mscratch_rmask, rvfi_csr_mscratch_wmask, \
  output wire [31:0] rvfi_csr_mscratch_rdata, rvfi_csr_mscratch_wdata, \
  output wire [31:0] rvfi_csr_mepc_rmask, rvfi_csr_mepc_wmask, \
  output wire [31:0] rvfi_csr_mepc_rdata, rvfi_csr_mepc_wdata, \
  output wire [31:0] rvfi_csr_mcause_rmask, rvfi_csr_mcause_wmask, \
  output wire [31:0] rvfi_csr_mcause_rdata, rvfi_csr_mcause_wdata, \
  output wire [31:0] rvfi_csr_mtval_rmask, rvfi_csr_mtval_wmask, \
  output wire [31:0] rvfi_csr_mtval_rdata, rvfi_csr_mtval_wdata, \
  output wire [31:0] rvfi_csr_mip_rmask, rvfi_csr_mip_wmask, \
  output wire [31:0] rvfi_csr_mip_rdata, rvfi_csr_mip_wdata, \
  output wire [63:0] rvfi_csr_mcycle_rmask, rvfi_csr_mcycle_wmask, \
  output wire [63:0] rvfi_csr_mcycle_rdata, rvfi_csr_mcycle_wdata, \
  output wire [63:0] rvfi_csr_minstret_rmask, rvfi_csr_minstret_wmask, \
  output wire [63:0] rvfi_csr_minstret_rdata, rvfi_csr_minstret_wdata

`define CORE_RVFI_CONNECT \
  .rvfi_valid(rvfi_valid), .rvfi_trap(rvfi_trap), .rvfi_halt(rvfi_halt), .rvfi_intr(rvfi_intr), \
  .rvfi_order(rvfi_order), .rvfi_mode(rvfi_mode), .rvfi_ixl(rvfi_ixl), .rvfi_insn(rvfi_insn), \
  .rvfi_pc_rdata(rvfi_pc_rdata), .rvfi_pc_wdata(rvfi_pc_wdata), .rvfi_rs1_addr(rvfi_rs1_addr), \
  .rvfi_rs2_addr(rvfi_rs2_addr), .rvfi_rd_addr(rvfi_rd_addr), .rvfi_rs1_rdata(rvfi_rs1_rdata), \
  .rvfi_rs2_rdata(rvfi_rs2_rdata), .rvfi_rd_wdata(rvfi_rd_wdata), .rvfi_mem_addr(rvfi_mem_addr), \
  .rvfi_mem_rdata(rvfi_mem_rdata), .rvfi_mem_wdata(rvfi_mem_wdata), \
  .rvfi_mem_rmask(rvfi_mem_rmask), .rvfi_mem_wmask(rvfi_mem_wmask), \
  .rvfi_mem_fault(rvfi_mem_fault), .rvfi_mem_fault_rmask(rvfi_mem_fault_rmask), \
  .rvfi_mem_fault_wmask(rvfi_mem_fault_wmask), .rvfi_ext_mip(rvfi_ext_mip), \
  .rvfi_ext_irq_mip(rvfi_ext_irq_mip), .rvfi_csr_mstatus_rmask(rvfi_csr_mstatus_rmask), \
  .rvfi_csr_mstatus_wmask(rvfi_csr_mstatus_wmask), \
  .rvfi_csr_mstatus_rdata(rvfi_csr_mstatus_rdata), \
  .rvfi_csr_mstatus_wdata(rvfi_csr_mstatus_wdata), .rvfi_csr_misa_rmask(rvfi_csr_misa_rmask), \
  .rvfi_csr_misa_wmask(rvfi_csr_misa_wmask), .rvfi_csr_misa_rdata(rvfi_csr_misa_rdata), \
  .rvfi_csr_misa_wdata(rvfi_csr_misa_wdata), .rvfi_csr_mie_rmask(rvfi_csr_mie_rmask), \
  .rvfi_csr_mie_wmask(rvfi_csr_mie_wmask), .rvfi_csr_mie_rdata(rvfi_csr_mie_rdata), \
  .rvfi_csr_mie_wdata(rvfi_csr_mie_wdata), .rvfi_csr_mtvec_rmask(rvfi_csr_mtvec_rmask), \
  .rvfi_csr_mtvec_wmask(rvfi_csr_mtvec_wmask), .rvfi_csr_mtvec_rdata(rvfi_csr_mtvec_rdata), \
  .rvfi_csr_mtvec_wdata(rvfi_csr_mtvec_wdata), \
  .rvfi_csr_mscratch_rmask(rvfi_csr_mscratch_rmask), \
  .rvfi_csr_mscratch_wmask(rvfi_csr_mscratch_wmask), \
  .rvfi_csr_mscratch_rdata(rvfi_csr_mscratch_rdata), \
  .rvfi_csr_mscratch_wdata(rvfi_csr_mscratch_wdata), .rvfi_csr_mepc_rmask(rvfi_csr_mepc_rmask), \
  .rvfi_csr_mepc_wmask(rvfi_csr_mepc_wmask), .rvfi_csr_mepc_rdata(rvfi_csr_mepc_rdata), \
  .rvfi_csr_mepc_wdata(rvfi_csr_mepc_wdata), .rvfi_csr_mcause_rmask(rvfi_csr_mcause_rmask), \
  .rvfi_csr_mcause_wmask(rvfi_csr_mcause_wmask), .rvfi_csr_mcause_rdata(rvfi_csr_mcause_rdata), \
  .rvfi_csr_mcause_wdata(rvfi_csr_mcause_wdata), .rvfi_csr_mtval_rmask(rvfi_csr_mtval_rmask), \
  .rvfi_csr_mtval_wmask(rvfi_csr_mtval_wmask), .rvfi_csr_mtval_rdata(rvfi_csr_mtval_rdata), \
  .rvfi_csr_mtval_wdata(rvfi_csr_mtval_wdata), .rvfi_csr_mip_rmask(rvfi_csr_mip_rmask), \
  .rvfi_csr_mip_wmask(rvfi_csr_mip_wmask), .rvfi_csr_mip_rdata(rvfi_csr_mip_rdata), \
  .rvfi_csr_mip_wdata(rvfi_csr_mip_wdata), .rvfi_csr_mcycle_rmask(rvfi_csr_mcycle_rmask), \
  .rvfi_csr_mcycle_wmask(rvfi_csr_mcycle_wmask), .rvfi_csr_mcycle_rdata(rvfi_csr_mcycle_rdata), \
  .rvfi_csr_mcycle_wdata(rvfi_csr_mcycle_wdata), \
  .rvfi_csr_minstret_rmask(rvfi_csr_minstret_rmask), \
  .rvfi_csr_minstret_wmask(rvfi_csr_minstret_wmask), \
  .rvfi_csr_minstret_rdata(rvfi_csr_minstret_rdata), \
  .rvfi_csr_minstret_wdata(rvfi_csr_minstret_wdata)

`define CORE_RVFI_CSRS \
  .rvfi_csr_mstatus_rmask(csr_rmask[0 +: 32]), .rvfi_csr_mstatus_wmask(csr_wmask[0 +: 32]), \
  .rvfi_csr_mstatus_rdata(csr_rdata[0 +: 32]), .rvfi_csr_mstatus_wdata(csr_wdata[0 +: 32]), \
  .rvfi_csr_misa_rmask(csr_rmask[32 +: 32]), .rvfi_csr_misa_wmask(csr_wmask[32 +: 32]), \
  .rvfi_csr_misa_rdata(csr_rdata[32 +: 32]), .rvfi_csr_misa_wdata(csr_wdata[32 +: 32]), \
  .rvfi_csr_mie_rmask(csr_rmask[64 +: 32]), .rvfi_csr_mie_wmask(csr_wmask[64 +: 32]), \
  .rvfi_csr_mie_rdata(csr_rdata[64 +: 32]), .rvfi_csr_mie_wdata(csr_wdata[64 +: 32]), \
  .rvfi_csr_mtvec_rmask(csr_rmask[96 +: 32]), .rvfi_csr_mtvec_wmask(csr_wmask[96 +: 32]), \
  .rvfi_csr_mtvec_rdata(csr_rdata[96 +: 32]), .rvfi_csr_mtvec_wdata(csr_wdata[96 +: 32]), \
  .rvfi_csr_mscratch_rmask(csr_rmask[128 +: 32]), \
  .rvfi_csr_mscratch_wmask(csr_wmask[128 +: 32]), \
  .rvfi_csr_mscratch_rdata(csr_rdata[128 +: 32]), \
  .rvfi_csr_mscratch_wdata(csr_wdata[128 +: 32]), .rvfi_csr_mepc_rmask(csr_rmask[160 +: 32]), \
  .rvfi_csr_mepc_wmask(csr_wmask[160 +: 32]), .rvfi_csr_mepc_rdata(csr_rdata[160 +: 32]), \
  .rvfi_csr_mepc_wdata(csr_wdata[160 +: 32]), .rvfi_csr_mcause_rmask(csr_rmask[192 +: 32]), \
  .rvfi_csr_mcause_wmask(csr_wmask[192 +: 32]), .rvfi_csr_mcause_rdata(csr_rdata[192 +: 32]), \
  .rvfi_csr_mcause_wdata(csr_wdata[192 +: 32]), .rvfi_csr_mtval_rmask(csr_rmask[224 +: 32]), \
  .rvfi_csr_mtval_wmask(csr_wmask[224 +: 32]), .rvfi_csr_mtval_rdata(csr_rdata[224 +: 32]), \
  .rvfi_csr_mtval_wdata(csr_wdata[224 +: 32]), .rvfi_csr_mip_rmask(csr_rmask[256 +: 32]), \
  .rvfi_csr_mip_wmask(csr_wmask[256 +: 32]), .rvfi_csr_mip_rdata(csr_rdata[256 +: 32]), \
  .rvfi_csr_mip_wdata(csr_wdata[256 +: 32]), .rvfi_csr_mcycle_rmask(csr_rmask[288 +: 64]), \
  .rvfi_csr_mcycle_wmask(csr_wmask[288 +: 64]), .rvfi_csr_mcycle_rdata(csr_rdata[288 +: 64]), \
  .rvfi_csr_mcycle_wdata(csr_wdata[288 +: 64]), .rvfi_csr_minstret_rmask(csr_rmask[352 +: 64]), \
  .rvfi_csr_minstret_wmask(csr_wmask[352 +: 64]), \
  .rvfi_csr_minstret_rdata(csr_rdata[352 +: 64]), .rvfi_csr_minstret_wdata(csr_wdata[352 +: 64])

`endif
