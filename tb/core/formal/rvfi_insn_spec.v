// SPDX-License-Identifier: Apache-2.0
// What each instruction of RV32IMC does, written from the specification as a function of a trace
// record: the expectation of core_props. Instructions of SYSTEM are in rvfi_csr_spec.
//
// Contract: combinational. `legal` says that the encoding exists here; the other outputs are
// meaningful for legal ones. 16-bit instructions are described on their own, not by expansion.
// Multiply and divide are riscv-formal's alternative operations (RISCV_FORMAL_ALTOPS).
`default_nettype none

module rvfi_insn_spec (
    input  wire [31:0] insn,
    input  wire [31:0] pc,
    input  wire [31:0] rs1_rdata,
    input  wire [31:0] rs2_rdata,
    input  wire [31:0] mem_rdata,    // the aligned word

    output reg         legal,
    output reg  [4:0]  rs1,          // 0: not read
    output reg  [4:0]  rs2,
    output reg  [4:0]  rd,           // 0: not written
    output reg  [31:0] rd_wdata,
    output reg  [31:0] next_pc,
    output reg         system,       // opcode SYSTEM, or its 16-bit form
    output reg         ebreak,
    output reg         load,
    output reg         store,
    output reg  [31:0] address,
    output reg  [2:0]  bytes         // of a load or store
);

  // ---- one record of fields for both lengths
  localparam [4:0] NONE = 0, ALU = 1, LOAD = 2, STORE = 3, BRANCH = 4, JUMP = 5, JUMP_REG = 6,
                   UPPER = 7, UPPER_PC = 8, MULDIV = 9, FENCE = 10, SYSTEM = 11, BREAK = 12;
  localparam [3:0] ADD = 0, SLL = 1, SLT = 2, SLTU = 3, XOR = 4, SRL = 5, OR = 6, AND = 7, SUB = 8,
                   SRA = 9;

  reg [4:0]  kind;
  reg [3:0]  op;
  reg [2:0]  f3;
  reg [4:0]  a, b, d;        // registers read and written
  reg        immediate;      // the second operand is imm
  reg [31:0] imm;

  wire [15:0] c = insn[15:0];
  wire        is_short = insn[1:0] != 2'b11;
  wire [4:0]  short1 = {2'b01, c[9:7]}, short2 = {2'b01, c[4:2]};
  wire [31:0] c_imm = {{27{c[12]}}, c[6:2]};
  wire [31:0] lw_offset = {25'd0, c[5], c[12:10], c[6], 2'b00};

  always @* begin
    kind = NONE;
    op = ADD;
    f3 = insn[14:12];
    a = 5'd0;
    b = 5'd0;
    d = 5'd0;
    immediate = 1'b1;
    imm = {{20{insn[31]}}, insn[31:20]};
    if (is_short) begin
      imm = c_imm;
      f3 = 3'b010;
      case ({c[1:0], c[15:13]})
        {2'd0, 3'd0}: if (c[12:5] != 8'd0) begin  // c.addi4spn
          kind = ALU; d = short2; a = 5'd2;
          imm = {22'd0, c[10:7], c[12:11], c[5], c[6], 2'b00};
        end
        {2'd0, 3'd2}: begin kind = LOAD; d = short2; a = short1; imm = lw_offset; end
        {2'd0, 3'd6}: begin kind = STORE; b = short2; a = short1; imm = lw_offset; end
        {2'd1, 3'd0}: begin kind = ALU; d = c[11:7]; a = c[11:7]; end  // c.addi, c.nop
        {2'd1, 3'd1}, {2'd1, 3'd5}: begin  // c.jal, c.j
          kind = JUMP;
          d = {4'd0, !c[15]};
          imm = {{21{c[12]}}, c[8], c[10:9], c[6], c[7], c[2], c[11], c[5:3], 1'b0};
        end
        {2'd1, 3'd2}: begin kind = ALU; d = c[11:7]; end  // c.li
        {2'd1, 3'd3}: if (c_imm != 32'd0) begin
          kind = c[11:7] == 5'd2 ? ALU : UPPER;
          d = c[11:7];
          if (c[11:7] == 5'd2) a = 5'd2;
          imm = c[11:7] == 5'd2 ? {{23{c[12]}}, c[4:3], c[5], c[2], c[6], 4'd0}
                                : {{15{c[12]}}, c[6:2], 12'd0};
        end
        {2'd1, 3'd4}: begin
          a = short1;
          d = short1;
          if (c[11:10] == 2'd3) begin
            b = short2;
            immediate = 1'b0;
            op = c[6:5] == 2'd0 ? SUB : c[6:5] == 2'd1 ? XOR : c[6:5] == 2'd2 ? OR : AND;
          end else op = c[11:10] == 2'd0 ? SRL : c[11:10] == 2'd1 ? SRA : AND;
          if (c[11:10] == 2'd2 || !c[12]) kind = ALU;
        end
        {2'd1, 3'd6}, {2'd1, 3'd7}: begin  // c.beqz, c.bnez
          kind = BRANCH;
          f3 = {2'b00, c[13]};
          a = short1;
          imm = {{24{c[12]}}, c[6:5], c[2], c[11:10], c[4:3], 1'b0};
        end
        {2'd2, 3'd0}: if (!c[12]) begin kind = ALU; op = SLL; d = c[11:7]; a = c[11:7]; end
        {2'd2, 3'd2}: if (c[11:7] != 5'd0) begin  // c.lwsp
          kind = LOAD; d = c[11:7]; a = 5'd2;
          imm = {24'd0, c[3:2], c[12], c[6:4], 2'b00};
        end
        {2'd2, 3'd4}:
          if (c[6:2] != 5'd0) begin  // c.mv, c.add
            kind = ALU; immediate = 1'b0; d = c[11:7]; b = c[6:2];
            if (c[12]) a = c[11:7];
          end else if (c[11:7] != 5'd0) begin  // c.jr, c.jalr
            kind = JUMP_REG; a = c[11:7]; d = {4'd0, c[12]}; imm = 32'd0;
          end else if (c[12]) kind = BREAK;
        {2'd2, 3'd6}: begin  // c.swsp
          kind = STORE; b = c[6:2]; a = 5'd2;
          imm = {24'd0, c[8:7], c[12:9], 2'b00};
        end
        default: ;
      endcase
    end else
      case (insn[6:0])
        7'h37, 7'h17: begin
          kind = insn[5] ? UPPER : UPPER_PC; d = insn[11:7]; imm = {insn[31:12], 12'd0};
        end
        7'h6f: begin
          kind = JUMP; d = insn[11:7];
          imm = {{12{insn[31]}}, insn[19:12], insn[20], insn[30:21], 1'b0};
        end
        7'h67: if (f3 == 3'd0) begin kind = JUMP_REG; d = insn[11:7]; a = insn[19:15]; end
        7'h63: if (f3 != 3'd2 && f3 != 3'd3) begin
          kind = BRANCH; a = insn[19:15]; b = insn[24:20];
          imm = {{20{insn[31]}}, insn[7], insn[30:25], insn[11:8], 1'b0};
        end
        7'h03: if (f3 != 3'd3 && f3 != 3'd6 && f3 != 3'd7) begin
          kind = LOAD; d = insn[11:7]; a = insn[19:15];
        end
        7'h23: if (f3 == 3'd0 || f3 == 3'd1 || f3 == 3'd2) begin
          kind = STORE; a = insn[19:15]; b = insn[24:20];
          imm = {{20{insn[31]}}, insn[31:25], insn[11:7]};
        end
        7'h13: begin
          d = insn[11:7]; a = insn[19:15];
          op = {1'b0, f3};
          if (f3 == 3'd1 || f3 == 3'd5) begin
            if (insn[31:25] == 7'h00) kind = ALU;
            else if (insn[31:25] == 7'h20 && f3 == 3'd5) begin kind = ALU; op = SRA; end
          end else kind = ALU;
        end
        7'h33: begin
          d = insn[11:7]; a = insn[19:15]; b = insn[24:20];
          immediate = 1'b0;
          op = {1'b0, f3};
          if (insn[31:25] == 7'h01) kind = MULDIV;
          else if (insn[31:25] == 7'h00) kind = ALU;
          else if (insn[31:25] == 7'h20 && f3 == 3'd0) begin kind = ALU; op = SUB; end
          else if (insn[31:25] == 7'h20 && f3 == 3'd5) begin kind = ALU; op = SRA; end
        end
        7'h0f: if (f3 == 3'd0 || f3 == 3'd1) kind = FENCE;
        7'h73: kind = SYSTEM;
        default: ;
      endcase
  end

  // ---- what it does
  wire [31:0] second = immediate ? imm : rs2_rdata;
  wire [4:0]  by = second[4:0];
  wire [31:0] after = pc + (is_short ? 32'd2 : 32'd4);
  wire        less = $signed(rs1_rdata) < $signed(second);
  wire [31:0] at = rs1_rdata + imm;
  wire [31:0] lanes = mem_rdata >> {at[1:0], 3'b000};
  reg  [31:0] alu, altop, loaded;
  reg         taken;

  always @* begin
    case (op)
      ADD:     alu = rs1_rdata + second;
      SUB:     alu = rs1_rdata - second;
      SLL:     alu = rs1_rdata << by;
      SLT:     alu = {31'd0, less};
      SLTU:    alu = {31'd0, rs1_rdata < second};
      XOR:     alu = rs1_rdata ^ second;
      SRL:     alu = rs1_rdata >> by;
      SRA:     alu = $signed(rs1_rdata) >>> by;
      OR:      alu = rs1_rdata | second;
      default: alu = rs1_rdata & second;
    endcase
    case (f3)
      3'd0:    altop = (rs1_rdata + rs2_rdata) ^ 32'h5876063e;
      3'd1:    altop = (rs1_rdata + rs2_rdata) ^ 32'hf6583fb7;
      3'd2:    altop = (rs1_rdata - rs2_rdata) ^ 32'hecfbe137;
      3'd3:    altop = (rs1_rdata + rs2_rdata) ^ 32'h949ce5e8;
      3'd4:    altop = (rs1_rdata - rs2_rdata) ^ 32'h7f8529ec;
      3'd5:    altop = (rs1_rdata - rs2_rdata) ^ 32'h10e8fd70;
      3'd6:    altop = (rs1_rdata - rs2_rdata) ^ 32'h8da68fa5;
      default: altop = (rs1_rdata - rs2_rdata) ^ 32'h3138d0e1;
    endcase
    case (f3)
      3'd0:    loaded = {{24{lanes[7]}}, lanes[7:0]};
      3'd1:    loaded = {{16{lanes[15]}}, lanes[15:0]};
      3'd4:    loaded = {24'd0, lanes[7:0]};
      3'd5:    loaded = {16'd0, lanes[15:0]};
      default: loaded = lanes;
    endcase
    case (f3)
      3'd0:    taken = rs1_rdata == rs2_rdata;
      3'd1:    taken = rs1_rdata != rs2_rdata;
      3'd4:    taken = $signed(rs1_rdata) < $signed(rs2_rdata);
      3'd5:    taken = $signed(rs1_rdata) >= $signed(rs2_rdata);
      3'd6:    taken = rs1_rdata < rs2_rdata;
      default: taken = rs1_rdata >= rs2_rdata;
    endcase

    legal   = kind != NONE;
    rs1     = a;
    rs2     = b;
    rd      = d;
    system  = kind == SYSTEM || kind == BREAK;
    ebreak  = kind == BREAK;
    load    = kind == LOAD;
    store   = kind == STORE;
    address = at;
    bytes   = f3[1:0] == 2'd0 ? 3'd1 : f3[1:0] == 2'd1 ? 3'd2 : 3'd4;
    next_pc = kind == JUMP || (kind == BRANCH && taken) ? pc + imm
              : kind == JUMP_REG ? at & 32'hffff_fffe : after;
    case (kind)
      LOAD:           rd_wdata = loaded;
      JUMP, JUMP_REG: rd_wdata = after;
      UPPER:          rd_wdata = imm;
      UPPER_PC:       rd_wdata = pc + imm;
      MULDIV:         rd_wdata = altop;
      default:        rd_wdata = alu;
    endcase
    if (d == 5'd0) rd_wdata = 32'd0;
  end

endmodule

`default_nettype wire
