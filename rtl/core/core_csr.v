// SPDX-License-Identifier: Apache-2.0
// Machine-mode control and status registers, counters, interrupt selection, trap entry, return.
//
// Contract
// - `csr_rdata` and `csr_illegal` answer `csr_addr` and `csr_op` combinationally; the register
//   changes at the clock edge of `csr_commit`.
// - At the edge of `trap`, mepc/mcause/mtval/mstatus record it. `trap_vector` is where to go (it
//   follows trap_is_irq and trap_code combinationally). `mret` restores mstatus; go to `mepc`.
//   csr_commit, trap and mret never come together.
// - Interrupt lines are levels, synchronous to clk, and not registered: mip shows them as they are.
//   `irq_pending`: an enabled line is up and mstatus.MIE is set; `irq_code` names the one to take.
//   Order: external, software, timer, then local 0 to 15. `irq_wake` ignores MIE (for WFI).
// - tselect and tdata1 read 0: there are no triggers.
// - mtvec: in vectored mode the base is a multiple of 128, so that a vector address needs no adder.
// - mhpmcounter3 to 5 count the cycles of `event_fetch`, `event_data` and `event_muldiv`, modulo
//   2^32; their mhpmevent is fixed at 1, 2 and 3. STALL_COUNTERS = 0 leaves them out (they read 0)
//   and saves 96 flops with their adders.
// - `state` shows registers as they are, for the trace port: {mstatus, mie, mtvec, mscratch,
//   mcause, mtval, mcycle, minstret}.
`default_nettype none

module core_csr #(
    parameter [31:0] HART_ID = 32'd0,
    parameter integer STALL_COUNTERS = 1
) (
    input  wire        clk,
    input  wire        rst,

    input  wire        irq_software,
    input  wire        irq_timer,
    input  wire        irq_external,
    input  wire [15:0] irq_local,
    output wire        irq_pending,
    output wire        irq_wake,
    output reg  [4:0]  irq_code,

    input  wire [11:0] csr_addr,
    input  wire [1:0]  csr_op,          // funct3[1:0]: 1 write, 2 set, 3 clear
    input  wire [31:0] csr_operand,
    input  wire        csr_read_only,   // set or clear with x0 or 0: nothing is written
    input  wire        csr_commit,
    output reg  [31:0] csr_rdata,
    output wire        csr_illegal,

    input  wire        trap,
    input  wire        trap_is_irq,
    input  wire [4:0]  trap_code,
    input  wire [31:1] trap_pc,
    input  wire [31:0] trap_value,
    output wire [31:2] trap_vector,
    input  wire        mret,
    output wire [31:1] mepc,

    input  wire        retire,
    input  wire        event_fetch,
    input  wire        event_data,
    input  wire        event_muldiv,
    output wire [31:0] mip,
    output wire [32*6+64*2-1:0] state
);

  localparam [11:0] MSTATUS = 12'h300, MISA = 12'h301, MIE = 12'h304, MTVEC = 12'h305,
                    MSTATUSH = 12'h310, MSCRATCH = 12'h340, MEPC = 12'h341, MCAUSE = 12'h342,
                    MTVAL = 12'h343, MIP = 12'h344, MCYCLE = 12'hb00, MINSTRET = 12'hb02,
                    MCYCLEH = 12'hb80, MINSTRETH = 12'hb82, CYCLE = 12'hc00, INSTRET = 12'hc02,
                    CYCLEH = 12'hc80, INSTRETH = 12'hc82, MVENDORID = 12'hf11, MARCHID = 12'hf12,
                    MIMPID = 12'hf13, MHARTID = 12'hf14, MCONFIGPTR = 12'hf15,
                    MHPMEVENT = 12'h323, MHPMCOUNTER = 12'hb03, TSELECT = 12'h7a0,
                    TDATA1 = 12'h7a1;
  localparam [31:0] MISA_RV32IMC = 32'h4000_1104;

  reg        mie_q, mpie_q;          // mstatus.MIE, mstatus.MPIE
  reg [18:0] enable_q;               // mie: local 15..0, external, timer, software
  reg [31:2] mtvec_q;
  reg        vectored_q;
  reg [31:0] mscratch_q;
  reg [31:1] mepc_q;
  reg        mcause_irq_q;
  reg [4:0]  mcause_code_q;
  reg [31:0] mtval_q;
  reg [63:0] mcycle_q, minstret_q;

  // Interrupts
  wire [18:0] lines   = {irq_local, irq_external, irq_timer, irq_software};
  wire [18:0] active  = lines & enable_q;

  assign mip         = {irq_local, 4'd0, irq_external, 3'd0, irq_timer, 3'd0, irq_software, 3'd0};
  assign irq_wake    = active != 19'd0;
  assign irq_pending = mie_q && irq_wake;

  integer i;
  always @* begin
    irq_code = 5'd31;
    if (irq_wake) begin
      for (i = 14; i >= 0; i = i - 1) if (active[i+3]) irq_code = 5'd16 + i[4:0];
      if (active[1]) irq_code = 5'd7;
      if (active[0]) irq_code = 5'd3;
      if (active[2]) irq_code = 5'd11;
    end
  end

  wire [4:0] slot = trap_is_irq && vectored_q ? trap_code : mtvec_q[6:2];

  assign trap_vector = {mtvec_q[31:7], slot};
  assign mepc        = mepc_q;

  // Read
  wire [31:0] mstatus = {19'd0, 2'b11, 3'd0, mpie_q, 3'd0, mie_q, 3'd0};
  wire [31:0] mie     = {enable_q[18:3], 4'd0, enable_q[2], 3'd0, enable_q[1], 3'd0, enable_q[0],
                         3'd0};
  wire [31:0] mtvec   = {mtvec_q, 1'b0, vectored_q};
  wire [31:0] mcause  = {mcause_irq_q, 26'd0, mcause_code_q};
  wire [95:0] stalls;   // the counters, mhpmcounter3 lowest

  assign state = {mstatus, mie, mtvec, mscratch_q, mcause, mtval_q, mcycle_q, minstret_q};

  reg known;
  wire no_third = csr_addr[4:0] != 5'd1 && csr_addr[4:0] != 5'd2;   // holes in the hpm ranges

  always @* begin
    known     = 1'b1;
    csr_rdata = 32'd0;
    case (csr_addr)
      MSTATUS:   csr_rdata = mstatus;
      MISA:      csr_rdata = MISA_RV32IMC;
      MIE:       csr_rdata = mie;
      MTVEC:     csr_rdata = mtvec;
      MSCRATCH:  csr_rdata = mscratch_q;
      MEPC:      csr_rdata = {mepc_q, 1'b0};
      MCAUSE:    csr_rdata = mcause;
      MTVAL:     csr_rdata = mtval_q;
      MIP:       csr_rdata = mip;
      MCYCLE, CYCLE:         csr_rdata = mcycle_q[31:0];
      MCYCLEH, CYCLEH:       csr_rdata = mcycle_q[63:32];
      MINSTRET, INSTRET:     csr_rdata = minstret_q[31:0];
      MINSTRETH, INSTRETH:   csr_rdata = minstret_q[63:32];
      MHARTID:               csr_rdata = HART_ID;
      MHPMCOUNTER:           csr_rdata = stalls[31:0];
      MHPMCOUNTER + 12'd1:   csr_rdata = stalls[63:32];
      MHPMCOUNTER + 12'd2:   csr_rdata = stalls[95:64];
      MHPMEVENT:             csr_rdata = STALL_COUNTERS != 0 ? 32'd1 : 32'd0;
      MHPMEVENT + 12'd1:     csr_rdata = STALL_COUNTERS != 0 ? 32'd2 : 32'd0;
      MHPMEVENT + 12'd2:     csr_rdata = STALL_COUNTERS != 0 ? 32'd3 : 32'd0;
      MSTATUSH, MVENDORID, MARCHID, MIMPID, MCONFIGPTR, TSELECT, TDATA1: csr_rdata = 32'd0;
      default:  // mcountinhibit, the other mhpmevent, mhpmcounter and all upper halves are zero
        known = no_third && (csr_addr[11:5] == 7'h19 || csr_addr[11:5] == 7'h58
                             || csr_addr[11:5] == 7'h5c);
    endcase
  end

  assign csr_illegal = !known || (csr_addr[11:10] == 2'b11 && !csr_read_only);

  // Write
  wire        write = csr_commit && !csr_read_only;
  wire [31:0] value = csr_op == 2'b01 ? csr_operand
                      : csr_op == 2'b10 ? csr_rdata | csr_operand
                      : csr_rdata & ~csr_operand;

  always @(posedge clk) begin
    if (trap) begin
      mepc_q        <= trap_pc;
      mcause_irq_q  <= trap_is_irq;
      mcause_code_q <= trap_code;
      mtval_q       <= trap_value;
    end
    if (write)
      case (csr_addr)
        MIE:      enable_q <= {value[31:16], value[11], value[7], value[3]};
        MTVEC: begin
          mtvec_q    <= {value[31:7], value[0] ? 5'd0 : value[6:2]};
          vectored_q <= value[0];
        end
        MSCRATCH: mscratch_q <= value;
        MEPC:     mepc_q <= value[31:1];
        MCAUSE: begin
          mcause_irq_q  <= value[31];
          mcause_code_q <= value[4:0];
        end
        MTVAL:    mtval_q <= value;
        default: ;
      endcase
    if (rst) begin
      enable_q      <= 19'd0;
      mtvec_q       <= 30'd0;
      vectored_q    <= 1'b0;
      mscratch_q    <= 32'd0;
      mepc_q        <= 31'd0;
      mcause_irq_q  <= 1'b0;
      mcause_code_q <= 5'd0;
      mtval_q       <= 32'd0;
    end
  end

  always @(posedge clk)
    if (rst) begin
      mie_q  <= 1'b0;
      mpie_q <= 1'b1;
    end else if (trap) begin
      mie_q  <= 1'b0;
      mpie_q <= mie_q;
    end else if (mret) begin
      mie_q  <= mpie_q;
      mpie_q <= 1'b1;
    end else if (write && csr_addr == MSTATUS) begin
      mie_q  <= value[3];
      mpie_q <= value[7];
    end

  // Counters. A write replaces the increment of its cycle; `retire` is not raised for the
  // instruction that wrote minstret.
  always @(posedge clk)
    if (rst) mcycle_q <= 64'd0;
    else if (write && csr_addr == MCYCLE) mcycle_q[31:0] <= value;
    else if (write && csr_addr == MCYCLEH) mcycle_q[63:32] <= value;
    else mcycle_q <= mcycle_q + 64'd1;

  always @(posedge clk)
    if (rst) minstret_q <= 64'd0;
    else if (write && csr_addr == MINSTRET) minstret_q[31:0] <= value;
    else if (write && csr_addr == MINSTRETH) minstret_q[63:32] <= value;
    else if (retire) minstret_q <= minstret_q + 64'd1;

  /* verilator lint_off UNUSEDSIGNAL */
  wire [2:0] events = {event_muldiv, event_data, event_fetch};   // not used without counters
  /* verilator lint_on UNUSEDSIGNAL */

  generate
    genvar g;
    for (g = 0; g < 3; g = g + 1) begin : g_stalls
      if (STALL_COUNTERS != 0) begin : g_counter
        reg [31:0] count_q;
        always @(posedge clk)
          if (rst) count_q <= 32'd0;
          else if (write && csr_addr == MHPMCOUNTER + g) count_q <= value;
          else if (events[g]) count_q <= count_q + 32'd1;
        assign stalls[32*g +: 32] = count_q;
      end else begin : g_none
        assign stalls[32*g +: 32] = 32'd0;
      end
    end
  endgenerate

endmodule

`default_nettype wire
