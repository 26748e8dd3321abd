// SPDX-License-Identifier: Apache-2.0
// What the stall counters count: the signature gets the growth of mhpmcounter3, 4 and 5 (fetch, data
// port, multiply and divide) over three pieces of code, each behind a full fetch buffer.
#include "program.h"
#define BEGIN \
  fence.i;    \
  nop; nop; nop; nop; nop; nop; nop; nop; \
  csrr a0, mhpmcounter3; csrr a1, mhpmcounter4; csrr a2, mhpmcounter5
#define END                                                                     \
  csrr a3, mhpmcounter3; csrr a4, mhpmcounter4; csrr a5, mhpmcounter5;          \
  sub a3, a3, a0; sub a4, a4, a1; sub a5, a5, a2;                               \
  sw a3, 0(s0); sw a4, 4(s0); sw a5, 8(s0); addi s0, s0, 12
START
  la s0, begin_signature
  la s1, word
  li t1, 77
  li t2, 5
  .balign 4
  BEGIN
  div t3, t1, t2
  divu t3, t1, t2
  mul t3, t1, t2
  mulh t3, t1, t2
  END
  BEGIN
  lw t3, 0(s1)
  lw t3, 0(s1)
  sw t3, 0(s1)
  add t4, t3, t3
  END
  BEGIN
  j 1f
  .balign 4
1:j 2f
  .balign 4
2:j 3f
  .balign 4
3:nop
  END
  li gp, 1
  j leave
  .data
  .balign 4
word: .word 3
  .globl begin_signature
  .globl end_signature
begin_signature: .fill 9, 4, 0xdeadbeef
end_signature:
