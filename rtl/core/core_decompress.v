// SPDX-License-Identifier: Apache-2.0
// Expands a 16-bit instruction (C extension, RV32) into the 32-bit instruction it stands for.
//
// Contract: combinational. `insn` is the expansion of `half`; `illegal` marks encodings that are
// reserved, belong to RV64/RV128 or to the floating-point extensions, and the all-zero half word.
// HINT encodings expand to instructions that write x0. Not meaningful when half[1:0] is 2'b11.
`default_nettype none

module core_decompress (
    input  wire [15:0] half,
    output reg  [31:2] insn,
    output reg         illegal
);

  localparam [4:0] LOAD = 5'b00000, OP_IMM = 5'b00100, STORE = 5'b01000, OP = 5'b01100,
                   LUI = 5'b01101, BRANCH = 5'b11000, JALR = 5'b11001, JAL = 5'b11011,
                   SYSTEM = 5'b11100;
  localparam [4:0] X0 = 5'd0, RA = 5'd1, SP = 5'd2;

  // Register fields: full ones, and the three-bit ones that name x8 to x15
  wire [4:0] rd  = half[11:7];
  wire [4:0] rs2 = half[6:2];
  wire [4:0] rs1_short = {2'b01, half[9:7]};
  wire [4:0] rs2_short = {2'b01, half[4:2]};

  // Immediates
  wire [11:0] imm6      = {{7{half[12]}}, half[6:2]};
  wire [11:0] imm_addi4 = {2'b00, half[10:7], half[12:11], half[5], half[6], 2'b00};
  wire [11:0] imm_sp16  = {{3{half[12]}}, half[4:3], half[5], half[2], half[6], 4'b0000};
  wire [11:0] imm_word  = {5'b00000, half[5], half[12:10], half[6], 2'b00};
  wire [11:0] imm_lwsp  = {4'b0000, half[3:2], half[12], half[6:4], 2'b00};
  wire [11:0] imm_swsp  = {4'b0000, half[8:7], half[12:9], 2'b00};
  wire [20:1] imm_j     = {{10{half[12]}}, half[8], half[10:9], half[6], half[7], half[2],
                           half[11], half[5:3]};
  wire [12:1] imm_b     = {{5{half[12]}}, half[6:5], half[2], half[11:10], half[4:3]};

  wire [31:2] jump   = {imm_j[20], imm_j[10:1], imm_j[11], imm_j[19:12], 5'd0, JAL};
  wire        no_imm = {half[12], half[6:2]} == 6'd0;

  always @* begin
    insn    = {imm6, rd, 3'b000, rd, OP_IMM};
    illegal = 1'b0;
    case ({half[1:0], half[15:13]})
      5'b00_000: begin  // c.addi4spn
        insn    = {imm_addi4, SP, 3'b000, rs2_short, OP_IMM};
        illegal = imm_addi4 == 12'd0;
      end
      5'b00_010: insn = {imm_word, rs1_short, 3'b010, rs2_short, LOAD};  // c.lw
      5'b00_110:  // c.sw
        insn = {imm_word[11:5], rs2_short, rs1_short, 3'b010, imm_word[4:0], STORE};

      5'b01_000: insn = {imm6, rd, 3'b000, rd, OP_IMM};  // c.addi
      5'b01_001: insn = jump | {20'd0, RA, 5'd0};  // c.jal
      5'b01_010: insn = {imm6, X0, 3'b000, rd, OP_IMM};  // c.li
      5'b01_011: begin  // c.addi16sp, c.lui
        insn    = rd == SP ? {imm_sp16, SP, 3'b000, SP, OP_IMM}
                           : {{15{half[12]}}, half[6:2], rd, LUI};
        illegal = no_imm;
      end
      5'b01_100:
        case (half[11:10])
          2'b00, 2'b01: begin  // c.srli, c.srai
            insn    = {1'b0, half[10], 5'd0, half[6:2], rs1_short, 3'b101, rs1_short, OP_IMM};
            illegal = half[12];
          end
          2'b10: insn = {imm6, rs1_short, 3'b111, rs1_short, OP_IMM};  // c.andi
          default: begin
            illegal = half[12];
            case (half[6:5])
              2'b00:   insn = {7'b0100000, rs2_short, rs1_short, 3'b000, rs1_short, OP};  // c.sub
              2'b01:   insn = {7'b0000000, rs2_short, rs1_short, 3'b100, rs1_short, OP};  // c.xor
              2'b10:   insn = {7'b0000000, rs2_short, rs1_short, 3'b110, rs1_short, OP};  // c.or
              default: insn = {7'b0000000, rs2_short, rs1_short, 3'b111, rs1_short, OP};  // c.and
            endcase
          end
        endcase
      5'b01_101: insn = jump;  // c.j
      5'b01_110, 5'b01_111:  // c.beqz, c.bnez
        insn = {imm_b[12], imm_b[10:5], X0, rs1_short, 2'b00, half[13], imm_b[4:1], imm_b[11],
                BRANCH};

      5'b10_000: begin  // c.slli
        insn    = {7'd0, half[6:2], rd, 3'b001, rd, OP_IMM};
        illegal = half[12];
      end
      5'b10_010: begin  // c.lwsp
        insn    = {imm_lwsp, SP, 3'b010, rd, LOAD};
        illegal = rd == X0;
      end
      5'b10_100:
        if (rs2 != X0)  // c.mv, c.add
          insn = {7'd0, rs2, half[12] ? rd : X0, 3'b000, rd, OP};
        else if (half[12] && rd == X0) insn = {25'h000_2000, SYSTEM};  // c.ebreak
        else begin  // c.jr, c.jalr
          insn    = {12'd0, rd, 3'b000, half[12] ? RA : X0, JALR};
          illegal = rd == X0;
        end
      5'b10_110: insn = {imm_swsp[11:5], rs2, SP, 3'b010, imm_swsp[4:0], STORE};  // c.swsp
      default: illegal = 1'b1;
    endcase
  end

endmodule

`default_nettype wire
