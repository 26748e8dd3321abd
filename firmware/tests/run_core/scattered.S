// SPDX-License-Identifier: Apache-2.0
// Code, constants, variables and tohost in four corners of the address space.
  .section .low, "a", @progbits
constant: .word 0x1234
  .section .high, "aw", @nobits
variable: .skip 4
  .section .tohost, "aw", @progbits
  .globl tohost
tohost: .dword 0
  .section .text, "ax", @progbits
  .globl _start
_start:
  lui a0, %hi(constant)
  lw a1, %lo(constant)(a0)
  li a2, 0xfffffff0       // variable
  lw a3, 0(a2)            // starts as 0
  add a3, a3, a1
  sw a3, 0(a2)
  lw a4, 0(a2)
  li a5, 0x1234
  li a6, 3
  bne a4, a5, 1f
  li a6, 1
1:lui a7, %hi(tohost)
  sw a6, %lo(tohost)(a7)
  j 1b
