// SPDX-License-Identifier: Apache-2.0
// For memories that answer in the next cycle: by how much mhpmcounter3, 4 and 5 (fetch, data port,
// multiply and divide) grow over three pieces of code, each behind a full fetch buffer; that they
// hold what is written to them, count on from there and carry into every bit. Ends with 1, or with
// 256 times the number of the case that failed.
#define EXPECT(register, value) li t6, value; bne register, t6, fail; addi s11, s11, 256
#define READ(to3, to4, to5) csrr to3, mhpmcounter3; csrr to4, mhpmcounter4; csrr to5, mhpmcounter5
#define BEGIN fence.i; nop; nop; nop; nop; nop; nop; nop; nop; READ(a0, a1, a2)
#define END(fetch, data, muldiv)                   \
  READ(a3, a4, a5);                                \
  sub a3, a3, a0; sub a4, a4, a1; sub a5, a5, a2;  \
  EXPECT(a3, fetch); EXPECT(a4, data); EXPECT(a5, muldiv)

  .section .text.start, "ax", @progbits
  .globl _start
_start:
  li s11, 256
  li tp, 0x20000000
  la s1, word
  la t0, fail
  csrw mtvec, t0
  li t1, 77
  li t2, 5
  li s10, 2
again:
  .balign 4
  BEGIN
  div t3, t1, t2
  divu t3, t1, t2
  mul t3, t1, t2
  mulh t3, t1, t2
  END(0, 0, 68)
  BEGIN
  lw t3, 0(s1)
  lw t3, 0(s1)
  sw t3, 0(s1)
  add t4, t3, t3
  END(0, 0, 0)
  BEGIN
  j 1f
  .balign 4
1:j 2f
  .balign 4
2:j 3f
  .balign 4
3:nop
  END(3, 0, 0)
  // again, with a carry through all bits on the way
  li t0, -3
  csrw mhpmcounter3, t0
  csrw mhpmcounter5, t0
  li t0, 0x55aaff00
  csrw mhpmcounter4, t0
  csrr t3, mhpmcounter4
  EXPECT(t3, 0x55aaff00)
  addi s10, s10, -1
  beqz s10, 1f
  j again
1:li t0, 0x7fffffff
  csrw mhpmcounter5, t0
  mul t3, t1, t2
  csrr t3, mhpmcounter5
  EXPECT(t3, 0x80000000)
  li t3, 1
  sw t3, 0(tp)
1:j 1b
  .balign 128
fail:
  sw s11, 0(tp)
1:j 1b
  .data
  .balign 4
word: .word 3
