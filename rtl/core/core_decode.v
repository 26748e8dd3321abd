// SPDX-License-Identifier: Apache-2.0
// Instruction decoder for RV32IM_Zicsr_Zifencei, machine mode.
//
// Contract: combinational. Exactly one of the `is_*` outputs is 1 for a legal instruction, none for
// an illegal one (`illegal`). Legality of CSR numbers is decided in core_csr. FENCE decodes as an
// ALU instruction that writes x0: the data port completes in order and has nothing to wait for.
`default_nettype none

module core_decode (
    input  wire [31:2] insn,

    output wire [4:0]  rs1,
    output wire [4:0]  rs2,
    output reg  [4:0]  rd,          // 0 when nothing is written
    output reg  [31:0] imm,
    output wire [2:0]  funct3,

    output reg         illegal,
    output reg         is_alu,      // OP, OP-IMM, FENCE
    output reg         is_lui,
    output reg         is_auipc,
    output reg         is_jal,
    output reg         is_jalr,
    output reg         is_branch,
    output reg         is_load,
    output reg         is_store,
    output reg         is_muldiv,
    output reg         is_csr,
    output reg         is_ecall,
    output reg         is_ebreak,
    output reg         is_mret,
    output reg         is_wfi,
    output reg         is_fence_i,

    output wire        use_imm,     // second ALU operand is imm
    output wire        alu_alt      // subtract, or arithmetic shift
);

  localparam [4:0] LOAD = 5'b00000, MISC_MEM = 5'b00011, OP_IMM = 5'b00100, AUIPC = 5'b00101,
                   STORE = 5'b01000, OP = 5'b01100, LUI = 5'b01101, BRANCH = 5'b11000,
                   JALR = 5'b11001, JAL = 5'b11011, SYSTEM = 5'b11100;

  wire [4:0] opcode = insn[6:2];
  wire [6:0] funct7 = insn[31:25];
  wire       plain  = funct7 == 7'b0000000;
  wire       alt    = funct7 == 7'b0100000;

  assign rs1     = insn[19:15];
  assign rs2     = insn[24:20];
  assign funct3  = insn[14:12];
  assign use_imm = !(opcode == OP || opcode == BRANCH);
  // Bit 30 means "alternative" for OP, and for OP-IMM only in shifts; branches subtract.
  assign alu_alt = opcode == BRANCH || (opcode == OP && insn[30])
                   || (opcode == OP_IMM && funct3 == 3'b101 && insn[30]);

  always @* begin
    rd         = insn[11:7];
    imm        = {{20{insn[31]}}, insn[31:20]};
    illegal    = 1'b0;
    is_alu     = 1'b0;
    is_lui     = 1'b0;
    is_auipc   = 1'b0;
    is_jal     = 1'b0;
    is_jalr    = 1'b0;
    is_branch  = 1'b0;
    is_load    = 1'b0;
    is_store   = 1'b0;
    is_muldiv  = 1'b0;
    is_csr     = 1'b0;
    is_ecall   = 1'b0;
    is_ebreak  = 1'b0;
    is_mret    = 1'b0;
    is_wfi     = 1'b0;
    is_fence_i = 1'b0;
    case (opcode)
      LUI: begin
        imm    = {insn[31:12], 12'd0};
        is_lui = 1'b1;
      end
      AUIPC: begin
        imm      = {insn[31:12], 12'd0};
        is_auipc = 1'b1;
      end
      JAL: begin
        imm    = {{12{insn[31]}}, insn[19:12], insn[20], insn[30:21], 1'b0};
        is_jal = 1'b1;
      end
      JALR:
        if (funct3 == 3'b000) is_jalr = 1'b1;
        else illegal = 1'b1;
      BRANCH: begin
        rd  = 5'd0;
        imm = {{20{insn[31]}}, insn[7], insn[30:25], insn[11:8], 1'b0};
        if (funct3[2:1] != 2'b01) is_branch = 1'b1;
        else illegal = 1'b1;
      end
      LOAD:
        if (funct3[1:0] != 2'b11 && funct3 != 3'b110) is_load = 1'b1;
        else illegal = 1'b1;
      STORE: begin
        rd  = 5'd0;
        imm = {{20{insn[31]}}, insn[31:25], insn[11:7]};
        if (funct3[1:0] != 2'b11 && !funct3[2]) is_store = 1'b1;
        else illegal = 1'b1;
      end
      OP_IMM:
        if (funct3[1:0] != 2'b01 || plain || (alt && funct3[2])) is_alu = 1'b1;
        else illegal = 1'b1;
      OP:
        if (funct7 == 7'b0000001) is_muldiv = 1'b1;
        else if (plain || (alt && (funct3 == 3'b000 || funct3 == 3'b101))) is_alu = 1'b1;
        else illegal = 1'b1;
      MISC_MEM: begin
        rd = 5'd0;
        if (funct3 == 3'b000) is_alu = 1'b1;
        else if (funct3 == 3'b001) is_fence_i = 1'b1;
        else illegal = 1'b1;
      end
      SYSTEM:
        if (funct3[1:0] != 2'b00) is_csr = 1'b1;
        else begin
          rd = 5'd0;
          case (insn[31:7])
            25'h000_0000: is_ecall  = 1'b1;
            25'h000_2000: is_ebreak = 1'b1;
            25'h060_4000: is_mret   = 1'b1;
            25'h020_a000: is_wfi    = 1'b1;
            default:      illegal   = 1'b1;
          endcase
        end
      default: illegal = 1'b1;
    endcase
  end

endmodule

`default_nettype wire
