// SPDX-License-Identifier: Apache-2.0
// Machine mode as programs for any RISC-V machine use it, without knowing this one: they try what
// may be missing, and every trap has to say exactly what it is.
#include "program.h"

// Case n: `code` ends in a trap with this cause and value, at label `at` of the code. The handler
// goes on at 9.
#define TRAP(n, cause, value, ...) \
  li gp, n;                        \
  la s0, 9f;                       \
  li s1, 0;                        \
  __VA_ARGS__;                     \
  9: li t6, cause;                 \
  bne s1, t6, fail;                \
  la t6, 8b;                       \
  bne s2, t6, fail;                \
  mv t6, value;                    \
  bne s3, t6, fail

// Case n: a misaligned access at s5 + offset changes neither a2 nor memory.
#define MISALIGNED(n, cause, insn, offset)                                   \
  TRAP(n, cause, s6, addi s6, s5, offset; li a2, 0x5a5a5a5a; 8: insn a2, offset(s5)); \
  li t6, 0x5a5a5a5a; bne a2, t6, fail;                                       \
  lw t6, 0(s5); li a0, 0x03020100; bne t6, a0, fail;                         \
  lw t6, 4(s5); li a0, 0x07060504; bne t6, a0, fail

START
  la t0, record
  csrw mtvec, t0
  la s5, bytes

  // No triggers: the usual search for one ends at once.
  CASE(1, a1, 0, csrw tselect, zero; csrr a1, tselect)
  CASE(2, a1, 0, csrr a1, tdata1; srli a1, a1, 28)
  // RV32; C can be neither turned off nor lost.
  CASE(3, a1, 1, csrr a1, misa; srli a1, a1, 30)
  CASE(4, a1, 4, csrci misa, 4; csrr a1, misa; andi a1, a1, 4)
  CASE(5, a1, 0, csrr a1, mhartid; csrr a0, mvendorid; csrr a0, marchid; csrr a0, mimpid)
  // Machine mode is the only one: MPP stays.
  CASE(6, a1, 0x1800, li a0, 0x1800; csrc mstatus, a0; csrr a1, mstatus; and a1, a1, a0)
  CASE(7, a1, 0x1800, csrw mstatus, zero; csrr a1, mstatus)
  // Interrupt enables, and a vector table aligned to 128 bytes
  CASE(8, a1, 0x888, li a0, 0x888; csrw mie, a0; csrr a1, mie; csrw mie, zero)
  CASE(9, a1, 1, csrr a2, mtvec; la a0, vectors + 1; csrw mtvec, a0; csrr a1, mtvec; csrw mtvec, a2; sub a1, a1, a0; seqz a1, a1)

  .option push
  .option norvc
  TRAP(20, 2, zero, 8: .word 0)
  TRAP(21, 2, a0, li a0, -1; 8: .word 0xffffffff)
  TRAP(22, 2, a0, li a0, 0x10200073; 8: .word 0x10200073)   // sret
  TRAP(23, 2, a0, li a0, 0x02051513; 8: .word 0x02051513)   // slli a0, a0, 32
  TRAP(24, 2, a0, li a0, 0x10001073; 8: .word 0x10001073)   // csrw sstatus
  TRAP(25, 2, a0, li a0, 0xc0101073; 8: .word 0xc0101073)   // csrw time
  TRAP(26, 3, a0, la a0, 8f; 8: ebreak)
  TRAP(27, 11, zero, 8: ecall)
  .option rvc
  TRAP(28, 3, a0, la a0, 8f; 8: c.ebreak)
  TRAP(29, 2, a0, lui a0, 0x9; addi a0, a0, -0x1f8; 8: .half 0x8e08)
  .option norvc
  MISALIGNED(30, 4, lh, 1)
  MISALIGNED(31, 4, lhu, 3)
  MISALIGNED(32, 4, lw, 1)
  MISALIGNED(33, 4, lw, 2)
  MISALIGNED(34, 4, lw, 3)
  MISALIGNED(35, 6, sh, 1)
  MISALIGNED(36, 6, sh, 3)
  MISALIGNED(37, 6, sw, 1)
  MISALIGNED(38, 6, sw, 2)
  MISALIGNED(39, 6, sw, 3)
  .option pop

  // A jump to an odd address drops bit 0; one to the middle of a word is none to complain of.
  CASE(50, a2, 1, li a2, 1; la a0, 1f; jalr a1, 1(a0); li a2, 0; 1:)
  CASE(51, a2, 3, li a2, 1; la a0, 1f; jr 2(a0); .balign 4; 1: c.nop; c.addi a2, 2)

  // Counters: what is written is what is counted on from; reads in one block of straight code
  CASE(60, a2, 1, li a0, 1000; csrw mcycle, a0; csrr a1, mcycle; sub a1, a1, a0; sltiu a2, a1, 20)
  CASE(61, a2, 1, csrw mcycleh, zero; li a0, -4; csrw mcycle, a0; nop; nop; nop; nop; nop; csrr a2, mcycleh)
  CASE(62, a2, 5, csrwi minstreth, 4; li a0, -2; csrw minstret, a0; nop; nop; nop; csrr a2, minstreth)
  CASE(63, a2, 0, csrr a2, minstreth; csrr a1, instreth; sub a2, a2, a1)
  CASE(64, a2, 0, li a0, -1; csrw mcountinhibit, a0; csrr a2, mcountinhibit)
  CASE(65, a2, 0, csrw mhpmevent31, a0; csrw mhpmcounter31, a0; csrr a2, mhpmevent31; csrr a1, mhpmcounter31; or a2, a2, a1)
  CASE(66, a2, 6, csrr a0, mhpmevent3; csrr a1, mhpmevent4; csrr a2, mhpmevent5; add a2, a2, a1; add a2, a2, a0)
  CASE(67, a2, 77, li a0, 77; csrw mhpmcounter5, a0; csrr a2, mhpmcounter5)

  // A trap inside a handler, and back out of both: mstatus comes back as it was.
  la t0, nest
  csrw mtvec, t0
  CASE(70, a2, 0x88, csrwi mstatus, 8; li a3, 0; ecall; csrr a2, mstatus; andi a2, a2, 0x88)
  CASE(71, a3, 2, nop)
  csrwi mstatus, 0

  // Vectored: interrupts go to their own entry, exceptions to the base.
  la t0, vectors + 1
  csrw mtvec, t0
  li s4, 0x02000000
  li a0, 0x888
  csrw mie, a0
  CASE(80, a3, 3, li a3, 0; csrsi mstatus, 8; li a0, 1; sw a0, 0(s4); nop; nop; nop)
  CASE(81, a3, 100, ecall)
  // An interrupt that is not enabled does not come; it is seen in mip.
  CASE(82, a3, 0, csrw mie, zero; li a3, 0; li a0, 1; sw a0, 0(s4); nop; nop)
  CASE(83, a0, 8, csrr a0, mip)
  // WFI goes on with it, though interrupts are off.
  CASE(84, a3, 0, csrci mstatus, 8; csrwi mie, 8; wfi; sw zero, 0(s4))
  la t0, trap_entry
  csrw mtvec, t0
  PASS

  .balign 4
record:
  csrr s1, mcause
  csrr s2, mepc
  csrr s3, mtval
  csrw mepc, s0
  mret

  .balign 4
nest:
  addi a3, a3, 1
  csrr t5, mepc
  csrr t4, mstatus
  li t6, 2
  beq a3, t6, 1f
  mv s7, t5
  mv s8, t4
  .option push
  .option norvc
  ecall                   // from within
  .option pop
  mv t5, s7
  mv t4, s8
1:addi t5, t5, 4
  .option push
  .option norvc
  csrw mepc, t5
  csrw mstatus, t4
  mret
  .option pop

  .balign 128
vectors:
  .option push
  .option norvc
  j exception
  j fail
  j fail
  j software
  .option pop
exception:
  li a3, 100
  csrr t5, mepc
  addi t5, t5, 4
  csrw mepc, t5
  mret
software:
  li a3, 3
  sw zero, 0(s4)
  mret

  .data
  .balign 4
bytes: .byte 0, 1, 2, 3, 4, 5, 6, 7
