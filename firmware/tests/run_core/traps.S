// SPDX-License-Identifier: Apache-2.0
// One trap of each kind; mcause, mepc and mtval of each go to the signature, mepc and pc-relative
// mtval as offsets from `main`.
#include "program.h"
START
  la s0, begin_signature
  la s1, main
  la s2, nowhere
  lw s2, 0(s2)
  .option push
  .option norvc
first:
  .word 0xffffffff        // illegal
  csrr a0, 0x3a0          // no such CSR
  csrw mhartid, a0        // read-only
  ebreak
  lw a0, 1(s1)            // misaligned
  lh a0, 1(s1)
  sw a0, 2(s1)
  sh a0, 3(s1)
  lw a0, 4(s2)            // nobody answers
  sb a0, 5(s2)
  .option rvc
  c.ebreak
  .half 0                 // illegal, 16 bits
  .option pop
  la ra, 1f
  jr s2                   // nobody answers the fetch
1:
  li gp, 1
  j leave

handler:
  csrr t5, mcause
  sw t5, 0(s0)
  csrr t5, mepc
  sub t6, t5, s1
  sw t6, 4(s0)
  csrr t6, mtval
  sw t6, 8(s0)
  addi s0, s0, 12
  csrr t6, mcause
  addi t6, t6, -1
  bnez t6, 1f
  csrw mepc, ra           // a failed fetch goes back to where it came from
  mret
1:lhu t6, 0(t5)
  andi t6, t6, 3
  addi t6, t6, -3
  bnez t6, 2f
  addi t5, t5, 2
2:addi t5, t5, 2
  csrw mepc, t5
  mret

  .data
nowhere: .word 0x40000000
  .globl begin_signature
  .globl end_signature
  .globl main
  .globl first
  .balign 4
begin_signature:
  .fill 3 * 13, 4, 0xdeadbeef
end_signature:
