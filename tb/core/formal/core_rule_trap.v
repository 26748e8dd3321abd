// SPDX-License-Identifier: Apache-2.0
// Rules for each trace record alone: when an instruction traps, and what CSRs it reads and writes.
`default_nettype none

module core_rule_trap #(
    parameter [31:0] HART_ID = 0
) (
    input wire         clk,
    input wire         valid,
    input wire [31:0]  insn,
    input wire         trap,
    input wire         intr,
    input wire         mem_fault,
    input wire [31:0]  pc_rdata, pc_wdata,
    input wire [31:0]  rs1_rdata, rs2_rdata,
    input wire [4:0]   rd_addr,
    input wire [31:0]  rd_wdata,
    input wire [31:0]  mem_addr,
    input wire [3:0]   fault_rmask, fault_wmask,
    input wire [415:0] rmask, wmask, rdata, wdata
);
  wire         legal, system, ebreak, load, store, exists, known, writes;
  wire [31:0]  address, value;
  wire [2:0]   bytes;
  wire [415:0] then;
  wire [4:0]   rs1, rs2, rd;
  wire [31:0]  result, next_pc;

  rvfi_insn_spec spec (
      .insn(insn), .pc(pc_rdata), .rs1_rdata(rs1_rdata), .rs2_rdata(rs2_rdata),
      .mem_rdata(32'd0), .legal(legal), .rs1(rs1), .rs2(rs2), .rd(rd), .rd_wdata(result),
      .next_pc(next_pc), .system(system), .ebreak(ebreak), .load(load), .store(store),
      .address(address), .bytes(bytes));

  rvfi_csr_spec #(.HART_ID(HART_ID)) csr (
      .insn(insn), .rs1_rdata(rs1_rdata), .now(rdata), .exists(exists), .known(known),
      .value(value), .writes(writes), .then(then));

  wire ecall  = insn == 32'h0000_0073;
  wire broken = ebreak || insn == 32'h0010_0073;
  wire mret   = insn == 32'h3020_0073;
  wire wfi    = insn == 32'h1050_0073;
  wire bad_fetch = mem_fault && fault_rmask == 4'd0 && fault_wmask == 4'd0;
  wire bad_bus   = mem_fault && !bad_fetch;
  wire illegal = !legal || (system && !(exists || ecall || broken || mret || wfi));
  wire misaligned = (load || store) && (bytes == 3'd4 ? address[1:0] != 2'd0
                                        : bytes == 3'd2 && address[0]);

  // ---- the cause, highest priority first
  wire [31:0] cause = bad_fetch ? 32'd1 : illegal ? 32'd2 : ecall ? 32'd11 : broken ? 32'd3
                      : misaligned ? (load ? 32'd4 : 32'd6) : load ? 32'd5 : 32'd7;
  wire [31:0] tval  = illegal ? insn : ecall ? 32'd0 : broken ? pc_rdata : address;
  wire [31:0] mtvec = rdata[127:96];

  wire [31:0] mstatus = rdata[31:0];
  wire        written = |wmask[351:288];

  always @(posedge clk) if (valid) begin
    // a record traps for one of the reasons of the specification, and always then
    assert (trap == (bad_fetch || illegal || ecall || broken || misaligned || bad_bus));
    if (bad_bus) assert ((load || store) && !misaligned && mem_addr == {address[31:2], 2'b00});
    if (bad_bus) assert ((fault_rmask == 4'd0) == store && (fault_wmask == 4'd0) == load);
    // every CSR is shown; what is not written does not change
    assert (&rmask);
    assert ((~wmask[287:0] & (rdata[287:0] ^ wdata[287:0])) == 288'd0);
    if (trap) begin
      // trap entry: pc, cause, value, interrupt enable, vector
      assert (wdata[191:160] == pc_rdata);
      assert (wdata[223:192] == cause);
      if (bad_fetch) assert (wdata[255:224] == pc_rdata
                             || wdata[255:224] == {pc_rdata[31:2] + 30'd1, 2'b00});
      else assert (wdata[255:224] == tval);
      assert (wdata[31:0] == {24'h00_0018, mstatus[3], 7'd0});
      assert (pc_wdata == {mtvec[31:2], 2'b00});
      // and nothing else
      assert (wdata[159:32] == rdata[159:32] && wmask[415:288] == 128'd0);
    end else begin
      // CSR instructions write as the specification says, mret restores, all others write nothing
      assert (wdata[255:0] == (system ? then[255:0] : rdata[255:0]));
      assert (!(|wmask[319:288]) || (system && then[319:288] == wdata[319:288]));
      assert (!(|wmask[383:352]) || (system && then[383:352] == wdata[383:352]));
      if (system && writes && insn[31:20] == 12'hb80) assert (wdata[351:320] == then[351:320]);
      if (system && writes && insn[31:20] == 12'hb82) assert (wdata[415:384] == then[415:384]);
      if (system && writes) begin
        assert (insn[31:20] != 12'hb00 || (&wmask[351:288]));
        assert (insn[31:20] != 12'hb02 || (&wmask[415:352]));
      end
      if (system) begin
        assert (pc_wdata == (mret ? rdata[191:160] : pc_rdata + 32'd4));
        // a CSR instruction returns the old value in rd
        assert (rd_addr == (exists ? insn[11:7] : 5'd0));
        if (exists && known && rd_addr != 5'd0) assert (rd_wdata == value);
      end
    end
    // fields that do not exist read as specified
    assert (mstatus == {24'h00_0018, mstatus[7], 3'd0, mstatus[3], 3'd0});
    assert ((mtvec & 32'h2) == 32'd0 && (!mtvec[0] || mtvec[6:2] == 5'd0));
    assert (!rdata[160]);
  end

endmodule

`default_nettype wire
