// SPDX-License-Identifier: Apache-2.0
// RISC-V formal interface (RVFI) of the control core: one record for each instruction, in order.
//
// Contract: simulation and formal only (`RVFI` defined). A record is made when an instruction
// leaves X, by completing or by trapping, and is shown in the cycle in which W is done with it.
// Names and meanings as in the riscv-formal project, with these choices:
// - `rvfi_trap` records have rd_addr 0; their pc_wdata is the trap vector.
// - `rvfi_intr` marks the first instruction behind an interrupt, not behind an exception.
// - Memory fields are word-aligned (RISCV_FORMAL_ALIGNED_MEM): address of the word, masks and data
//   by lane. They are zero in trap records.
// - `rvfi_ext_mip`: mip when the instruction executed. `rvfi_ext_irq_mip`: mip when the interrupt
//   in front of it was accepted (with rvfi_intr only).
`default_nettype none

module core_rvfi (
    input  wire        clk,
    input  wire        rst,

    input  wire        x_done,
    input  wire        x_trap,
    input  wire        take_irq,
    input  wire [31:0] mip,
    input  wire [31:0] insn,
    input  wire [31:0] pc,
    input  wire [31:0] next_pc,
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
    input  wire [31:0] trap_vector,

    output wire        rvfi_valid,
    output wire [63:0] rvfi_order,
    output wire [31:0] rvfi_insn,
    output wire        rvfi_trap,
    output wire        rvfi_halt,
    output wire        rvfi_intr,
    output wire [1:0]  rvfi_mode,
    output wire [1:0]  rvfi_ixl,
    output wire [4:0]  rvfi_rs1_addr,
    output wire [4:0]  rvfi_rs2_addr,
    output wire [31:0] rvfi_rs1_rdata,
    output wire [31:0] rvfi_rs2_rdata,
    output wire [4:0]  rvfi_rd_addr,
    output wire [31:0] rvfi_rd_wdata,
    output wire [31:0] rvfi_pc_rdata,
    output wire [31:0] rvfi_pc_wdata,
    output wire [31:0] rvfi_mem_addr,
    output wire [3:0]  rvfi_mem_rmask,
    output wire [3:0]  rvfi_mem_wmask,
    output wire [31:0] rvfi_mem_rdata,
    output wire [31:0] rvfi_mem_wdata,
    output wire [31:0] rvfi_ext_mip,
    output wire [31:0] rvfi_ext_irq_mip
);

  reg        pending_q;    // a record waits in W
  reg        behind_irq_q; // the next record is the first behind an interrupt
  reg [63:0] order_q;
  reg        trap_q, intr_q, load_q, store_q;
  reg [31:0] insn_q, pc_q, next_pc_q, op1_q, op2_q, wdata_q, mip_q, irq_mip_q;
  reg [31:2] addr_q;
  reg [4:0]  rs1_q, rs2_q, rd_q;
  reg [3:0]  strb_q;

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
      next_pc_q <= next_pc;
      rs1_q     <= rs1;
      rs2_q     <= rs2;
      op1_q     <= rs1 == 5'd0 ? 32'd0 : op1;
      op2_q     <= rs2 == 5'd0 ? 32'd0 : op2;
      rd_q      <= x_trap ? 5'd0 : rd;
      addr_q    <= addr[31:2];
      strb_q    <= strb;
      wdata_q   <= wdata;
      mip_q     <= mip;
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
  assign rvfi_pc_wdata    = w_fault ? trap_vector : next_pc_q;
  assign rvfi_mem_addr    = accessed ? {addr_q, 2'b00} : 32'd0;
  assign rvfi_mem_rmask   = accessed && load_q ? strb_q : 4'd0;
  assign rvfi_mem_wmask   = accessed && store_q ? strb_q : 4'd0;
  assign rvfi_mem_rdata   = accessed && load_q ? w_rdata : 32'd0;
  assign rvfi_mem_wdata   = accessed && store_q ? wdata_q : 32'd0;
  assign rvfi_ext_mip     = mip_q;
  assign rvfi_ext_irq_mip = intr_q ? irq_mip_q : 32'd0;

  /* verilator lint_off UNUSEDSIGNAL */
  wire unused = ^addr[1:0];
  /* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
