// SPDX-License-Identifier: Apache-2.0
// Software and timer interrupt, vectored; WFI with interrupts off and on.
#include "program.h"
#define MSIP 0x02000000
#define MTIMECMP 0x02004000
#define MTIME 0x0200bff8
START
  la t0, vectors + 1
  csrw mtvec, t0
  li a0, 0x88
  csrw mie, a0
  li s0, MSIP
  li s1, MTIMECMP
  li s2, MTIME
  li a3, 0
  li a4, 0

  CASE(1, a3, 1, csrsi mstatus, 8; li a0, 1; sw a0, 0(s0); nop; nop)
  CASE(2, a4, 1, lw a0, 0(s2); addi a0, a0, 100; sw zero, 4(s1); sw a0, 0(s1); wfi; nop)
  // Off: WFI ends, nothing is taken until interrupts are on again.
  CASE(3, a4, 1, csrci mstatus, 8; lw a0, 0(s2); addi a0, a0, 50; sw a0, 0(s1); sw zero, 4(s1); wfi; nop)
  CASE(4, a0, 0x80, csrr a0, mip)
  CASE(5, a4, 2, csrsi mstatus, 8; nop; nop)
  PASS

software:
  addi a3, a3, 1
  sw zero, 0(s0)
  mret
timer:
  addi a4, a4, 1
  li t5, -1
  sw t5, 4(s1)
  mret

  .balign 128
vectors:
  .option push
  .option norvc
  j trap_entry
  j fail
  j fail
  j software
  j fail
  j fail
  j fail
  j timer
  .option pop
