// SPDX-License-Identifier: Apache-2.0
// Each 16-bit instruction with the ends of its ranges; results are constants.
#include "program.h"
START
  .option rvc
  CASE(1, a2, -31, li a2, 1; c.addi a2, -32)
  CASE(2, a2, 32, li a2, 1; c.addi a2, 31)
  CASE(3, s11, -32, c.li s11, -32)
  CASE(4, a2, 31, c.li a2, 31)
  CASE(5, a2, 0x1f000, c.lui a2, 0x1f)
  CASE(6, a2, 0xfffe0000, c.lui a2, 0xfffe0)
  CASE(7, sp, 496, li sp, 0; c.addi16sp sp, 496)
  CASE(8, sp, -512, li sp, 0; c.addi16sp sp, -512)
  CASE(9, sp, 0x90, li sp, 0x80; c.addi16sp sp, 16)
  CASE(10, sp, 0xa0, li sp, 0x80; c.addi16sp sp, 32)
  CASE(11, sp, 0x60, li sp, 0x80; c.addi16sp sp, -32)
  CASE(12, a5, 1020, li sp, 0; c.addi4spn a5, sp, 1020)
  CASE(13, s0, 20, li sp, 16; c.addi4spn s0, sp, 4)
  CASE(14, s0, 24, c.addi4spn s0, sp, 8)
  CASE(15, a2, 0x80000000, li a2, 1; c.slli a2, 31)
  CASE(16, a2, 1, li a2, 0x80000000; c.srli a2, 31)
  CASE(17, a2, -1, li a2, 0x80000000; c.srai a2, 31)
  CASE(18, a2, 0x1234ffe0, li a2, 0x1234ffff; c.andi a2, -32)
  CASE(19, a2, 31, li a2, -1; c.andi a2, 31)
  CASE(20, a2, 5, li a1, 5; c.mv a2, a1)
  CASE(21, a2, 12, li a2, 7; c.add a2, a1)
  CASE(22, a2, -2, li a2, 3; c.sub a2, a1)
  CASE(23, a2, 6, li a2, 3; c.xor a2, a1)
  CASE(24, a2, 7, li a2, 3; c.or a2, a1)
  CASE(25, a2, 1, li a2, 3; c.and a2, a1)
  CASE(26, a2, 3, li a2, 3; c.nop)

  // Loads and stores at both ends of their offsets, which are never negative
  la s1, words
  CASE(30, a2, 0x11111111, li a0, 0x11111111; c.sw a0, 0(s1); lw a2, 0(s1))
  CASE(31, a2, 0x22222222, li a0, 0x22222222; c.sw a0, 124(s1); lw a2, 124(s1))
  CASE(32, a2, 0x33333333, li a0, 0x33333333; sw a0, 64(s1); c.lw a2, 64(s1))
  CASE(33, a2, 0x22222222, c.lw a2, 124(s1))
  CASE(34, a2, 0x44444444, mv sp, s1; li t5, 0x44444444; c.swsp t5, 252(sp); lw a2, 252(s1))
  CASE(35, t5, 0x33333333, c.lwsp t5, 64(sp))
  CASE(36, a2, 0x55555555, li a0, 0x55555555; sw a0, 128(s1); c.lwsp a2, 128(sp))
  CASE(37, a2, 0x66666666, li a0, 0x66666666; c.swsp a0, 4(sp); lw a2, 4(s1))

  CASE(40, a2, 1, li a2, 1; c.j 1f; li a2, 0; 1:)
  CASE(41, a2, 4, li a2, 0; c.j 2f; 1: c.addi a2, 4; c.j 3f; 2: c.j 1b; 3:)
  CASE(42, a2, 2, li a2, 0; c.jal 1f; 0: c.j 2f; 1: la a0, 0b; bne a0, ra, 2f; li a2, 2; 2:)
  CASE(43, a2, 3, li a2, 3; la a0, 1f; c.jr a0; li a2, 0; 1:)
  CASE(44, a2, 4, li a2, 0; la a0, 1f; c.jalr a0; 0: c.j 2f; 1: la a0, 0b; bne a0, ra, 2f; li a2, 4; 2:)
  CASE(45, a2, 5, li a2, 5; li a0, 0; c.beqz a0, 1f; li a2, 0; 1:)
  CASE(46, a2, 6, li a2, 0; c.bnez a0, 1f; li a2, 6; 1:)
  CASE(47, a2, 7, li a2, 7; li a0, 0x80000000; c.bnez a0, 1f; li a2, 0; 1:)
  CASE(48, a2, 15, li a2, 0; li a0, 5; 1: c.addi a2, 3; c.addi a0, -1; c.bnez a0, 1b)
  // As far as they reach: 254 bytes for a branch, 2046 for a jump, and back
  CASE(49, a2, 1, li a0, 0; c.beqz a0, 1f; .skip 252, 0; 1: li a2, 1)
  CASE(50, a2, 2, c.j 1f; .skip 2044, 0; 1: li a2, 2)
  CASE(51, a2, 3, c.j 2f; 1: c.j 3f; .skip 2044, 0; 2: c.j 1b; 3: li a2, 3)
  PASS

  .data
  .balign 4
words: .fill 64, 4, 0
