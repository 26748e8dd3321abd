// SPDX-License-Identifier: Apache-2.0
// Names in ASCII for waveform viewers: the instruction in X, and what X is doing.
//
// Contract: simulation only (`CORE_DEBUG` defined); drives nothing. Show `mnemonic` and `state` as
// ASCII. `insn` is the instruction in X, expanded to 32 bits.
//   fetch   no complete instruction     memory  waits for the data port     muldiv, csr, sleep
//   jump    goes elsewhere              trap    exception or bus fault      irq     interrupt taken
//   go      retires into W
`default_nettype none

module core_debug (
    input  wire        clk,
    input  wire        x_valid,
    input  wire        x_illegal,
    input  wire [31:0] insn,
    input  wire [31:0] pc,
    input  wire        go,
    input  wire        jump,
    input  wire        trap,
    input  wire        irq,
    input  wire        wait_memory,
    input  wire        wait_muldiv,
    input  wire        sleep
);

  reg [8*8-1:0] mnemonic;
  reg [8*6-1:0] state;
  reg [31:0]    last_pc;   // of the last instruction that left X

  always @* begin
    mnemonic = "illegal";
    casez ({insn[31:25], insn[14:12], insn[6:0]})
      17'b???????_???_0110111: mnemonic = "lui";
      17'b???????_???_0010111: mnemonic = "auipc";
      17'b???????_???_1101111: mnemonic = "jal";
      17'b???????_000_1100111: mnemonic = "jalr";
      17'b???????_000_1100011: mnemonic = "beq";
      17'b???????_001_1100011: mnemonic = "bne";
      17'b???????_100_1100011: mnemonic = "blt";
      17'b???????_101_1100011: mnemonic = "bge";
      17'b???????_110_1100011: mnemonic = "bltu";
      17'b???????_111_1100011: mnemonic = "bgeu";
      17'b???????_000_0000011: mnemonic = "lb";
      17'b???????_001_0000011: mnemonic = "lh";
      17'b???????_010_0000011: mnemonic = "lw";
      17'b???????_100_0000011: mnemonic = "lbu";
      17'b???????_101_0000011: mnemonic = "lhu";
      17'b???????_000_0100011: mnemonic = "sb";
      17'b???????_001_0100011: mnemonic = "sh";
      17'b???????_010_0100011: mnemonic = "sw";
      17'b???????_000_0010011: mnemonic = "addi";
      17'b0000000_001_0010011: mnemonic = "slli";
      17'b???????_010_0010011: mnemonic = "slti";
      17'b???????_011_0010011: mnemonic = "sltiu";
      17'b???????_100_0010011: mnemonic = "xori";
      17'b0000000_101_0010011: mnemonic = "srli";
      17'b0100000_101_0010011: mnemonic = "srai";
      17'b???????_110_0010011: mnemonic = "ori";
      17'b???????_111_0010011: mnemonic = "andi";
      17'b0000000_000_0110011: mnemonic = "add";
      17'b0100000_000_0110011: mnemonic = "sub";
      17'b0000000_001_0110011: mnemonic = "sll";
      17'b0000000_010_0110011: mnemonic = "slt";
      17'b0000000_011_0110011: mnemonic = "sltu";
      17'b0000000_100_0110011: mnemonic = "xor";
      17'b0000000_101_0110011: mnemonic = "srl";
      17'b0100000_101_0110011: mnemonic = "sra";
      17'b0000000_110_0110011: mnemonic = "or";
      17'b0000000_111_0110011: mnemonic = "and";
      17'b0000001_000_0110011: mnemonic = "mul";
      17'b0000001_001_0110011: mnemonic = "mulh";
      17'b0000001_010_0110011: mnemonic = "mulhsu";
      17'b0000001_011_0110011: mnemonic = "mulhu";
      17'b0000001_100_0110011: mnemonic = "div";
      17'b0000001_101_0110011: mnemonic = "divu";
      17'b0000001_110_0110011: mnemonic = "rem";
      17'b0000001_111_0110011: mnemonic = "remu";
      17'b???????_000_0001111: mnemonic = "fence";
      17'b???????_001_0001111: mnemonic = "fence.i";
      17'b???????_001_1110011: mnemonic = "csrrw";
      17'b???????_010_1110011: mnemonic = "csrrs";
      17'b???????_011_1110011: mnemonic = "csrrc";
      17'b???????_101_1110011: mnemonic = "csrrwi";
      17'b???????_110_1110011: mnemonic = "csrrsi";
      17'b???????_111_1110011: mnemonic = "csrrci";
      17'b0011000_000_1110011: mnemonic = "mret";
      17'b0001000_000_1110011: mnemonic = "wfi";
      17'b0000000_000_1110011: mnemonic = insn[20] ? "ebreak" : "ecall";
      default: ;
    endcase
    if (x_illegal) mnemonic = "illegal";
    if (!x_valid) mnemonic = "-";
  end

  always @*
    if (irq) state = "irq";
    else if (trap) state = "trap";
    else if (!x_valid) state = "fetch";
    else if (go) state = jump ? "jump" : "go";
    else if (wait_memory) state = "memory";
    else if (wait_muldiv) state = "muldiv";
    else if (sleep) state = "sleep";
    else state = "csr";

  always @(posedge clk)
    if (go) last_pc <= pc;

  /* verilator lint_off UNUSEDSIGNAL */
  wire unused = ^{mnemonic, state, last_pc, insn};
  /* verilator lint_on UNUSEDSIGNAL */

endmodule

`default_nettype wire
