// SPDX-License-Identifier: Apache-2.0
// Rules for each trace record alone: what the instruction computed.
`default_nettype none

module core_rule_insn (
    input wire        clk,
    input wire        valid,
    input wire [31:0] insn,
    input wire        trap,
    input wire        mem_fault,
    input wire [31:0] pc_rdata, pc_wdata,
    input wire [4:0]  rs1_addr, rs2_addr, rd_addr,
    input wire [31:0] rs1_rdata, rs2_rdata, rd_wdata,
    input wire [31:0] mem_addr, mem_rdata, mem_wdata,
    input wire [3:0]  mem_rmask, mem_wmask
);
  wire        legal, system, ebreak, load, store;
  wire [4:0]  rs1, rs2, rd;
  wire [31:0] result, next_pc, address;
  wire [2:0]  bytes;

  rvfi_insn_spec spec (
      .insn(insn), .pc(pc_rdata), .rs1_rdata(rs1_rdata), .rs2_rdata(rs2_rdata),
      .mem_rdata(mem_rdata), .legal(legal), .rs1(rs1), .rs2(rs2), .rd(rd), .rd_wdata(result),
      .next_pc(next_pc), .system(system), .ebreak(ebreak), .load(load), .store(store),
      .address(address), .bytes(bytes));

  wire [3:0]  mask = (bytes == 3'd1 ? 4'b0001 : bytes == 3'd2 ? 4'b0011 : 4'b1111) << address[1:0];
  wire [31:0] wanted = rs2_rdata << {address[1:0], 3'b000};   // in the lanes of a store
  wire [31:0] lanes = {{8{mask[3]}}, {8{mask[2]}}, {8{mask[1]}}, {8{mask[0]}}};

  always @(posedge clk) if (valid) begin
    // x0 reads and writes as zero
    assert (rs1_addr != 5'd0 || rs1_rdata == 32'd0);
    assert (rs2_addr != 5'd0 || rs2_rdata == 32'd0);
    assert (rd_addr != 5'd0 || rd_wdata == 32'd0);
    // what traps changes no register and no memory
    if (trap) assert (rd_addr == 5'd0 && mem_rmask == 4'd0 && mem_wmask == 4'd0);
    if (!trap) begin
      // only legal instructions retire
      assert (legal && !ebreak && !mem_fault);
      if (!system) begin
        // reads the registers that it names
        assert (rs1 == 5'd0 || rs1_addr == rs1);
        assert (rs2 == 5'd0 || rs2_addr == rs2);
        // writes the register that it names, with what the specification says
        assert (rd_addr == rd && rd_wdata == result);
        // goes where the specification says
        assert (pc_wdata == next_pc);
        // loads and stores exactly the bytes that it names, aligned
        assert (mem_rmask == (load ? mask : 4'd0));
        assert (mem_wmask == (store ? mask : 4'd0));
        if (load || store) begin
          assert (mem_addr == {address[31:2], 2'b00});
          assert (bytes != 3'd4 || address[1:0] == 2'd0);
          assert (bytes != 3'd2 || !address[0]);
        end
        if (store) assert (((mem_wdata ^ wanted) & lanes) == 32'd0);
      end else assert (mem_rmask == 4'd0 && mem_wmask == 4'd0);
    end
  end

endmodule

`default_nettype wire
