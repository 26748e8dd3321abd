// SPDX-License-Identifier: Apache-2.0
// Every instruction class with the corners that go wrong; results are constants.
#include "program.h"
START
  RR(1, add, 0x80000000, 0x7fffffff, 1)
  RR(2, sub, 0x7fffffff, 0x80000000, 1)
  RR(3, sll, 0x80000000, 1, 0xffffffff)
  RR(4, srl, 1, 0x80000000, 31)
  RR(5, sra, 0xffffffff, 0x80000000, 31)
  RR(6, slt, 1, 0x80000000, 0x7fffffff)
  RR(7, sltu, 0, 0x80000000, 0x7fffffff)
  RR(8, xor, 0xff00ff00, 0xf0f00f0f, 0x0ff0f00f)
  RR(9, or, 0xfff0ff0f, 0xf0f00f0f, 0x0ff0f00f)
  RR(10, and, 0x00f0000f, 0xf0f00f0f, 0x0ff0f00f)
  RI(11, addi, 0x7ffff7ff, 0x7fffffff, -2048)
  RI(12, slti, 0, 5, -1)
  RI(13, sltiu, 1, 5, -1)
  RI(14, xori, 0xfffffffa, 5, -1)
  RI(15, ori, 0xfffffff5, 5, -16)
  RI(16, andi, 0x00000700, 0x0000ff0f, 0x7f0)
  RI(17, slli, 0xfffe0000, 0xffffffff, 17)
  RI(18, srli, 0x00007fff, 0xffffffff, 17)
  RI(19, srai, 0xffff8000, 0x80000000, 16)
  CASE(20, a2, 0xfffff000, lui a2, 0xfffff)
  CASE(21, a2, 12, auipc a0, 0; .option push; .option norvc; auipc a1, 0; addi a1, a1, 8; .option pop; sub a2, a1, a0)

  RR(30, mul, 0x00000001, 0xffffffff, 0xffffffff)
  RR(31, mul, 0x80000000, 0x80000000, 0xffffffff)
  RR(32, mulh, 0x00000000, 0xffffffff, 0xffffffff)
  RR(33, mulh, 0x40000000, 0x80000000, 0x80000000)
  RR(34, mulh, 0xffff0081, 0xaaaaaaab, 0x0002fe7d)
  RR(35, mulhu, 0xfffffffe, 0xffffffff, 0xffffffff)
  RR(36, mulhu, 0x7fffffff, 0x80000000, 0xffffffff)
  RR(37, mulhsu, 0xffffffff, 0xffffffff, 0xffffffff)
  RR(38, mulhsu, 0x80000000, 0x80000000, 0xffffffff)
  RR(39, mulhsu, 0x7ffffffe, 0x7fffffff, 0xffffffff)
  RR(40, div, -3, -20, 6)
  RR(41, rem, -2, -20, 6)
  RR(42, div, -3, 20, -6)
  RR(43, rem, 2, 20, -6)
  RR(44, div, 0x80000000, 0x80000000, -1)
  RR(45, rem, 0, 0x80000000, -1)
  RR(46, div, -1, 7, 0)
  RR(47, rem, 7, 7, 0)
  RR(48, divu, 0xffffffff, 7, 0)
  RR(49, remu, 7, 7, 0)
  RR(50, divu, 0x2aaaaaa8, 0xfffffff0, 6)
  RR(51, remu, 2, 0xfffffff0, 7)
  RR(52, divu, 0, 0x80000000, 0xffffffff)

  la s0, bytes
  CASE(60, a2, 0xffffff80, lb a2, 0(s0))
  CASE(61, a2, 0x00000080, lbu a2, 0(s0))
  CASE(62, a2, 0xffff80ff, lh a2, 2(s0))
  CASE(63, a2, 0x000080ff, lhu a2, 2(s0))
  CASE(64, a2, 0x80ff7f80, lw a2, 0(s0))
  CASE(65, a2, 0x0000007f, lb a2, 1(s0))
  CASE(66, a2, 0xffffffff, lb a2, 2(s0))
  CASE(67, a2, 0x12345678, li a0, 0x12345678; sw a0, 4(s0); lw a2, 4(s0))
  CASE(68, a2, 0x12cd5678, li a0, 0xabcd; sb a0, 6(s0); lw a2, 4(s0))
  CASE(69, a2, 0xabcd5678, sh a0, 6(s0); lw a2, 4(s0))
  CASE(70, a2, 0xabcd5679, lw a1, 4(s0); addi a2, a1, 1)

  CASE(80, a2, 1, li a2, 1; li a0, -1; li a1, 1; blt a0, a1, 1f; li a2, 0; 1:)
  CASE(81, a2, 0, li a2, 1; bltu a0, a1, 1f; li a2, 0; 1:)
  CASE(82, a2, 0, li a2, 1; bge a0, a1, 1f; li a2, 0; 1:)
  CASE(83, a2, 1, li a2, 1; bgeu a0, a1, 1f; li a2, 0; 1:)
  CASE(84, a2, 0, li a2, 1; beq a0, a1, 1f; li a2, 0; 1:)
  CASE(85, a2, 1, li a2, 1; bne a0, a1, 1f; li a2, 0; 1:)
  CASE(86, a2, 10, li a2, 0; li a0, 5; 1: addi a2, a2, 2; addi a0, a0, -1; bnez a0, 1b)
  CASE(87, a2, 3, la a0, 2f; li a2, 3; jalr ra, 1(a0); li a2, 4; 2:)
  CASE(88, a2, 5, li a2, 5; jal ra, 2f; 1: li a2, 6; 2: la a0, 1b; xor a0, a0, ra; beqz a0, 3f; li a2, 7; 3:)
  // A 32-bit instruction on each of both half words, and across words
  CASE(89, a2, 9, .option push; .option rvc; li a2, 1; c.nop; .option norvc; addi a2, a2, 4; .option rvc; c.addi a2, 2; .option norvc; addi a2, a2, 2; .option pop)

  CASE(100, a2, 0x0f, li a0, 0xff; csrw mscratch, a0; csrrci a2, mscratch, 0x1f; csrwi mscratch, 0xf; csrr a2, mscratch)
  CASE(101, a2, 0x1f, csrrsi a0, mscratch, 0x10; csrr a2, mscratch)
  CASE(102, a2, 0x40001104, csrr a2, misa)
  CASE(103, a2, 0x1800, csrwi mstatus, 0; csrr a2, mstatus)
  CASE(104, a2, 0, csrr a0, minstret; nop; nop; csrr a1, minstret; sub a2, a1, a0; addi a2, a2, -3)
  CASE(105, a2, 7, la a0, patch; lw a1, new; sh a1, 0(a0); srli a1, a1, 16; sh a1, 2(a0); fence.i; li a2, 0; .option push; .option norvc; patch: li a2, 3; .option pop)
  PASS

  .balign 4
new:
  .option push
  .option norvc
  li a2, 7
  .option pop
  .data
bytes: .byte 0x80, 0x7f, 0xff, 0x80
  .word 0
