// SPDX-License-Identifier: Apache-2.0
// Frame of the self-checking assembly programs: gp holds the number of the case that runs, a
// failure ends with it, PASS with 1. The start-up writes the CSRs that programs written for larger
// machines write; those that do not exist here trap, which skips the rest of their block.
#ifndef PROGRAM_H
#define PROGRAM_H

// Writes that may trap; execution goes on behind the block either way.
#define MAY_TRAP(...)        \
  la t0, 1f;                 \
  csrw mtvec, t0;            \
  __VA_ARGS__;               \
  .balign 4;                 \
  1:

#define START                                    \
  .section .text.init, "ax", @progbits;          \
  .globl _start;                                 \
  _start:                                        \
  li gp, 0;                                      \
  csrr a0, mhartid;                              \
  bnez a0, .;                                    \
  MAY_TRAP(csrwi 0x744, 8)                       \
  MAY_TRAP(csrwi satp, 0)                        \
  MAY_TRAP(li t1, -1; csrw pmpaddr0, t1; li t1, 0x1f; csrw pmpcfg0, t1) \
  MAY_TRAP(csrwi medeleg, 0; csrwi mideleg, 0)   \
  csrwi mie, 0;                                  \
  la t0, trap_entry;                             \
  csrw mtvec, t0;                                \
  csrwi mstatus, 0;                              \
  la t0, main;                                   \
  csrw mepc, t0;                                 \
  mret;                                          \
  .balign 4;                                     \
  .weak handler;                                 \
  trap_entry:                                    \
  csrr t5, mcause;                               \
  li t6, 11;                                     \
  beq t5, t6, leave;                             \
  la t5, handler;                                \
  beqz t5, 1f;                                   \
  jr t5;                                         \
  1: ori gp, gp, 1337;                           \
  leave:                                         \
  la t5, tohost;                                 \
  sw gp, 0(t5);                                  \
  sw zero, 4(t5);                                \
  j leave;                                       \
  fail:                                          \
  slli gp, gp, 1;                                \
  ori gp, gp, 1;                                 \
  ecall;                                         \
  .section .tohost, "aw", @progbits;             \
  .balign 64;                                    \
  .globl tohost;                                 \
  tohost: .dword 0;                              \
  .text;                                         \
  main:

#define PASS     \
  li gp, 1;      \
  ecall

// Case n: `code` must leave `value` in `reg`.
#define CASE(n, reg, value, ...) \
  li gp, n;                      \
  __VA_ARGS__;                   \
  li t6, value;                  \
  bne reg, t6, fail

#define RR(n, op, value, x, y) CASE(n, a2, value, li a0, x; li a1, y; op a2, a0, a1)
#define RI(n, op, value, x, y) CASE(n, a2, value, li a0, x; op a2, a0, y)

#endif
