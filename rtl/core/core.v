// SPDX-License-Identifier: Apache-2.0
// RISC-V control core: RV32IMC_Zicsr_Zifencei, machine mode only, three stages.
//
//   F  core_fetch         request words, buffer them, cut them into instructions
//   X  decode, execute    operands, ALU, branches, multiply/divide, CSRs, data request, traps
//   W  write-back         load data, register write, bus faults
//
// Rule that keeps traps precise: an instruction in X does something (request, CSR write, jump) only
// when the one in W is done without fault. Faults of the data bus are taken in W, every other trap
// and all interrupts in X.
//
// Cycles per instruction with one-cycle memories: 1; taken branch or jump 2; multiply 2; divide 34;
// CSR access 1, or 2 right behind another instruction; mret, fence.i and trap entry 3. A load
// costs 1 even if the next instruction uses it: load data are forwarded, which puts the data memory
// in front of the ALU in the timing path. Interrupt to first instruction of its handler: 3 cycles.
//
// Ports
// - Instruction port: request valid/ready, held until accepted. Responses in order, one for each
//   request, one cycle after it or later, always accepted. `i_rsp_err` becomes an access fault if
//   the word is executed. Addresses are multiples of 4.
// - Data port: the same law; writes get a response too. `d_req_addr` is the byte address, the
//   strobes are those of the 32-bit word it lies in, and reads deliver that whole word (strobes of
//   a read tell which bytes are wanted). At most one request is outstanding.
// - Interrupts: levels, synchronous to clk, kept up until the software has dealt with the source.
//   Codes 3, 7, 11 and 16 + n for irq_local[n].
// - `core_sleep`: in WFI, nothing outstanding on the data port.
// - `RVFI` (or riscv-formal's `RISCV_FORMAL`) defined: the RISC-V formal interface, core_rvfi.v.
//   `RISCV_FORMAL_ALTOPS` replaces products and quotients, core_muldiv.v. `CORE_DEBUG`: names of
//   instruction and state in ASCII, core_debug.v.
// The reset value of registers x1 to x31 is undefined; start-up code writes them.
`default_nettype none

`ifdef RISCV_FORMAL
`ifndef RVFI
`define RVFI
`endif
`endif
`include "core_rvfi.vh"

module core #(
    parameter [31:0] RESET_PC = 32'h0000_0000,   // where the first instruction lies, even
    parameter [31:0] HART_ID  = 32'd0,           // read in mhartid
    parameter integer STALL_COUNTERS = 1         // mhpmcounter3 to 5: 96 flops and their adders
) (
    input  wire        clk,
    input  wire        rst,

    output wire        i_req_valid,
    input  wire        i_req_ready,
    output wire [31:0] i_req_addr,
    input  wire        i_rsp_valid,
    input  wire [31:0] i_rsp_data,
    input  wire        i_rsp_err,

    output wire        d_req_valid,
    input  wire        d_req_ready,
    output wire        d_req_we,
    output wire [31:0] d_req_addr,
    output wire [31:0] d_req_wdata,
    output wire [3:0]  d_req_strb,
    input  wire        d_rsp_valid,
    input  wire [31:0] d_rsp_data,
    input  wire        d_rsp_err,

    input  wire        irq_software,
    input  wire        irq_timer,
    input  wire        irq_external,
    input  wire [15:0] irq_local,

    output wire        core_sleep
`ifdef RVFI
    ,
    `CORE_RVFI_OUTPUTS
`endif
);

  generate
    if (RESET_PC[0]) begin : g_reset_pc
      core_RESET_PC_must_be_even rule ();
    end
  endgenerate

  localparam [4:0] INSN_FAULT = 5'd1, ILLEGAL = 5'd2, BREAKPOINT = 5'd3, LOAD_MISALIGNED = 5'd4,
                   LOAD_FAULT = 5'd5, STORE_MISALIGNED = 5'd6, STORE_FAULT = 5'd7, ECALL_M = 5'd11;

  // W state
  reg        w_valid_q;    // an instruction is in W
  reg        w_mem_q;      // it waits for the data port
  reg        w_load_q;
  reg        w_count_q;    // it counts in minstret (it did not write minstret)
  reg [2:0]  w_funct3_q;
  reg [4:0]  w_rd_q;       // 0: writes nothing
  reg [31:0] w_result_q;   // result, or address of a load or store
  reg        w_short_q;    // it is a 16-bit instruction

  wire        w_fault = w_mem_q && d_rsp_valid && d_rsp_err;
  wire        w_ready = !w_mem_q || (d_rsp_valid && !d_rsp_err);   // W is empty after this cycle
  wire [31:0] w_loaded;
  wire [31:0] w_value = w_load_q ? w_loaded : w_result_q;

  // F
  wire        x_valid, x_compressed, x_err, x_err_high;
  wire [31:0] x_bits;
  wire [31:1] pc, next_pc, redirect_pc, flush_pc;
  wire [31:0] x_pc = {pc, 1'b0}, x_next_pc = {next_pc, 1'b0};
  wire        x_go, redirect, flush;

  core_fetch #(.RESET_PC(RESET_PC)) fetch (
      .clk(clk), .rst(rst),
      .i_req_valid(i_req_valid), .i_req_ready(i_req_ready), .i_req_addr(i_req_addr),
      .i_rsp_valid(i_rsp_valid), .i_rsp_data(i_rsp_data), .i_rsp_err(i_rsp_err),
      .x_valid(x_valid), .x_bits(x_bits), .x_compressed(x_compressed),
      .x_err(x_err), .x_err_high(x_err_high), .x_pc(pc), .x_next_pc(next_pc), .x_take(x_go),
      .redirect(redirect), .redirect_pc(redirect_pc), .flush(flush), .flush_pc(flush_pc));

  // X: decode
  wire [31:2] expanded;
  wire [31:0] imm;
  wire        c_illegal, d_illegal;
  wire [4:0]  rs1, rs2, rd;
  wire [2:0]  funct3;
  wire        is_alu, is_lui, is_auipc, is_jal, is_jalr, is_branch, is_load, is_store, is_muldiv,
              is_csr, is_ecall, is_ebreak, is_mret, is_wfi, is_fence_i, use_imm, alu_alt;

  core_decompress decompress (.half(x_bits[15:0]), .insn(expanded), .illegal(c_illegal));

  core_decode decode (
      .insn(x_compressed ? expanded : x_bits[31:2]),
      .rs1(rs1), .rs2(rs2), .rd(rd), .imm(imm), .funct3(funct3), .illegal(d_illegal),
      .is_alu(is_alu), .is_lui(is_lui), .is_auipc(is_auipc), .is_jal(is_jal), .is_jalr(is_jalr),
      .is_branch(is_branch), .is_load(is_load), .is_store(is_store), .is_muldiv(is_muldiv),
      .is_csr(is_csr), .is_ecall(is_ecall), .is_ebreak(is_ebreak), .is_mret(is_mret),
      .is_wfi(is_wfi), .is_fence_i(is_fence_i), .use_imm(use_imm), .alu_alt(alu_alt));

  wire is_mem = is_load || is_store;

  // X: operands
  wire [31:0] reg1, reg2;

  core_regfile regfile (
      .clk(clk), .read1(rs1), .data1(reg1), .read2(rs2), .data2(reg2),
      .write(w_ready ? w_rd_q : 5'd0), .data(w_value));

  wire [31:0] op1 = w_rd_q != 5'd0 && w_rd_q == rs1 ? w_value : reg1;
  wire [31:0] op2 = w_rd_q != 5'd0 && w_rd_q == rs2 ? w_value : reg2;

  // X: execute
  wire [31:0] alu_result, alu_sum, md_result, csr_rdata;
  wire        branch_taken, md_busy, md_done, csr_illegal, misaligned;
  wire [31:0] target = x_pc + imm;

  core_alu alu (
      .a(op1), .b(use_imm ? imm : op2), .funct3(funct3), .alt(alu_alt),
      .force_add(!(is_alu || is_branch)),
      .result(alu_result), .sum(alu_sum), .branch_taken(branch_taken));

  core_lsu lsu (
      .req_offset(alu_sum[1:0]), .req_size(funct3[1:0]), .req_value(op2),
      .misaligned(misaligned), .req_wdata(d_req_wdata), .req_strb(d_req_strb),
      .rsp_offset(w_result_q[1:0]), .rsp_funct3(w_funct3_q), .rsp_data(d_rsp_data),
      .rsp_value(w_loaded));

  // X: may it go on?
  reg         d_stalled_q;   // the request is waiting for ready and must stay
  wire        irq_pending, irq_wake;
  wire [4:0]  irq_code;
  wire        x_illegal   = (x_compressed && c_illegal) || d_illegal || (is_csr && csr_illegal);
  wire        x_exception = x_valid && (x_err || x_illegal || is_ecall || is_ebreak
                                        || (is_mem && misaligned));
  wire        x_legal     = x_valid && !x_exception;

  // Begun accesses and divisions are finished first; WFI completes, the interrupt comes behind it.
  wire take_irq = irq_pending && w_ready && !d_stalled_q && !md_busy && !(x_legal && is_wfi);
  wire x_trap   = x_exception && w_ready && !take_irq;
  wire x_start  = x_legal && w_ready && !take_irq && !(is_csr && w_valid_q);

  assign x_go = x_start && (is_mem ? d_req_ready : is_muldiv ? md_done : is_wfi ? irq_wake : 1'b1);

  assign d_req_valid = x_start && is_mem;
  assign d_req_we    = is_store;
  assign d_req_addr  = alu_sum;
  assign core_sleep  = x_start && is_wfi && !irq_wake;

  core_muldiv muldiv (
      .clk(clk), .rst(rst), .valid(x_start && is_muldiv), .funct3(funct3), .a(op1), .b(op2),
      .busy(md_busy), .done(md_done), .result(md_result));

  // Jumps
  assign redirect    = x_go && (is_jal || is_jalr || (is_branch && branch_taken));
  assign redirect_pc = is_jalr ? alu_sum[31:1] : target[31:1];

  // Traps
  wire        trap = w_fault || x_trap || take_irq;
  // No load or store jumps, so that the instruction in W lies in front of that in X.
  wire [31:1] w_pc = pc - (w_short_q ? 31'd1 : 31'd2);
  wire [4:0]  x_code = x_err ? INSN_FAULT
                       : x_illegal ? ILLEGAL
                       : is_ecall ? ECALL_M
                       : is_ebreak ? BREAKPOINT
                       : is_load ? LOAD_MISALIGNED : STORE_MISALIGNED;
  wire [31:0] x_tval = x_err ? (x_err_high ? {pc[31:2] + 30'd1, 2'b00} : x_pc)
                       : x_illegal ? x_bits
                       : is_ecall ? 32'd0
                       : is_ebreak ? x_pc : alu_sum;
  wire [4:0]  trap_code = w_fault ? (w_load_q ? LOAD_FAULT : STORE_FAULT)
                          : take_irq ? irq_code : x_code;
  wire [31:0] trap_value = w_fault ? w_result_q : take_irq ? 32'd0 : x_tval;
  wire [31:2] trap_vector;
  wire [31:1] mepc;
  wire [31:0] mip;
  wire        mret = x_go && is_mret;

  assign flush    = trap || mret || (x_go && is_fence_i);
  assign flush_pc = trap ? {trap_vector, 1'b0} : is_mret ? mepc : next_pc;

  wire         csr_read_only = funct3[1] && rs1 == 5'd0;
  wire         retiring = w_valid_q && w_ready && w_count_q;
  wire         wait_data = x_valid && (!w_ready || (d_req_valid && !d_req_ready));
  wire         wait_muldiv = x_start && is_muldiv && !md_done;
  wire [319:0] csr_state;

  core_csr #(.HART_ID(HART_ID), .STALL_COUNTERS(STALL_COUNTERS)) csr (
      .clk(clk), .rst(rst),
      .irq_software(irq_software), .irq_timer(irq_timer), .irq_external(irq_external),
      .irq_local(irq_local), .irq_pending(irq_pending), .irq_wake(irq_wake), .irq_code(irq_code),
      .csr_addr(imm[11:0]), .csr_op(funct3[1:0]),
      .csr_operand(funct3[2] ? {27'd0, rs1} : op1),
      .csr_read_only(csr_read_only), .csr_commit(x_go && is_csr),
      .csr_rdata(csr_rdata), .csr_illegal(csr_illegal),
      .trap(trap), .trap_is_irq(!w_fault && take_irq), .trap_code(trap_code),
      .trap_pc(w_fault ? w_pc : pc), .trap_value(trap_value), .trap_vector(trap_vector),
      .mret(mret), .mepc(mepc),
      .retire(retiring), .event_fetch(!x_valid), .event_data(wait_data),
      .event_muldiv(wait_muldiv), .mip(mip), .state(csr_state));

  // X to W
  wire [31:0] x_result = is_lui ? imm
                         : is_auipc ? target
                         : is_jal || is_jalr ? x_next_pc
                         : is_csr ? csr_rdata
                         : is_muldiv ? md_result
                         : is_mem ? alu_sum : alu_result;
  wire        wrote_minstret = is_csr && imm[11:8] == 4'hb && imm[6:0] == 7'h02 && !csr_read_only;

  always @(posedge clk)
    if (rst) begin
      w_valid_q   <= 1'b0;
      w_mem_q     <= 1'b0;
      w_rd_q      <= 5'd0;
      d_stalled_q <= 1'b0;
    end else begin
      if (w_ready || w_fault) begin
        w_valid_q <= x_go;
        w_mem_q   <= x_go && is_mem;
        w_rd_q    <= x_go ? rd : 5'd0;
      end
      d_stalled_q <= d_req_valid && !d_req_ready;
    end

  always @(posedge clk)
    if (x_go) begin
      w_load_q   <= is_load;
      w_count_q  <= !wrote_minstret;
      w_funct3_q <= funct3;
      w_result_q <= x_result;
      w_short_q  <= x_compressed;
    end

`ifdef CORE_DEBUG
  core_debug debug (
      .clk(clk), .x_valid(x_valid), .x_illegal(x_err || x_illegal),
      .insn({x_compressed ? expanded : x_bits[31:2], 2'b11}), .pc(x_pc),
      .go(x_go), .jump(redirect || flush), .trap(trap), .irq(take_irq), .wait_memory(wait_data),
      .wait_muldiv(wait_muldiv), .sleep(core_sleep));
`endif

`ifdef RVFI
  core_rvfi rvfi (
      .clk(clk), .rst(rst),
      .x_done(x_go || x_trap), .x_trap(x_trap), .take_irq(take_irq), .mip(mip),
      .insn(x_err ? 32'd0 : x_bits), .pc(x_pc),
      .next_pc(x_trap ? {trap_vector, 1'b0} : redirect ? redirect_pc : flush ? flush_pc : next_pc),
      .rs1(x_err || is_lui || is_auipc || is_jal || (is_csr && funct3[2]) ? 5'd0 : rs1),
      .rs2(!x_err && (is_branch || is_store || is_muldiv || (is_alu && !use_imm)) ? rs2 : 5'd0),
      .op1(op1), .op2(op2), .rd(rd),
      .load(is_load), .store(is_store), .addr(alu_sum), .strb(d_req_strb), .wdata(d_req_wdata),
      .w_done(w_ready || w_fault), .w_fault(w_fault), .w_value(w_value), .w_rdata(d_rsp_data),
      .trap_vector(trap_vector),
      .fetch_fault(x_err), .csr_write(is_csr && !csr_read_only), .csr_addr(imm[11:0]),
      .mret(is_mret), .mepc(mepc), .csr_state(csr_state), .retiring(retiring),
      .fault_code(trap_code), .fault_pc({w_pc, 1'b0}), .fault_value(trap_value),
      `CORE_RVFI_CONNECT);
`else
  /* verilator lint_off UNUSEDSIGNAL */
  wire unused = ^{mip, csr_state};   // only the trace port looks at them
  /* verilator lint_on UNUSEDSIGNAL */
`endif

endmodule

`default_nettype wire
