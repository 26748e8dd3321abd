# SPDX-License-Identifier: Apache-2.0
# Start-up code and trap entry of every program.
#
# _start: gives every register a value (they have none after reset), sets stack and trap vector,
# copies initialised data where they are not loaded in place, clears .bss, calls main().
# Interrupts are off and all their enables 0 (reset state, or as the boot ROM leaves them).
# When main returns, its value is in a0 and the core sleeps at `stopped`.
#
# trap_entry: saves what a C function may change and calls
#     uint32_t trap(uint32_t mcause, uint32_t mepc, uint32_t mtval)
# which returns the address to continue at: mepc itself after an interrupt. A program without its
# own trap() stops at `stopped`. Traps do not nest.

    .section .text.start, "ax", @progbits
    .globl _start
_start:
    li   x1, 0
    li   x3, 0
    li   x4, 0
    li   x5, 0
    li   x6, 0
    li   x7, 0
    li   x8, 0
    li   x9, 0
    li   x10, 0
    li   x11, 0
    li   x12, 0
    li   x13, 0
    li   x14, 0
    li   x15, 0
    li   x16, 0
    li   x17, 0
    li   x18, 0
    li   x19, 0
    li   x20, 0
    li   x21, 0
    li   x22, 0
    li   x23, 0
    li   x24, 0
    li   x25, 0
    li   x26, 0
    li   x27, 0
    li   x28, 0
    li   x29, 0
    li   x30, 0
    li   x31, 0
    la   sp, stack_top
    la   t0, trap_entry
    csrw mtvec, t0

    la   t0, data_load
    la   t1, data_start
    la   t2, data_end
    beq  t0, t1, clear
copy:
    bgeu t1, t2, clear
    lw   t3, 0(t0)
    sw   t3, 0(t1)
    addi t0, t0, 4
    addi t1, t1, 4
    j    copy
clear:
    la   t0, bss_start
    la   t1, bss_end
1:  bgeu t0, t1, 2f
    sw   zero, 0(t0)
    addi t0, t0, 4
    j    1b
2:  call main
    .globl stopped
stopped:
    csrci mstatus, 8
    wfi
    j    stopped

    .balign 4
trap_entry:
    addi sp, sp, -64
    sw   ra, 0(sp)
    sw   t0, 4(sp)
    sw   t1, 8(sp)
    sw   t2, 12(sp)
    sw   t3, 16(sp)
    sw   t4, 20(sp)
    sw   t5, 24(sp)
    sw   t6, 28(sp)
    sw   a0, 32(sp)
    sw   a1, 36(sp)
    sw   a2, 40(sp)
    sw   a3, 44(sp)
    sw   a4, 48(sp)
    sw   a5, 52(sp)
    sw   a6, 56(sp)
    sw   a7, 60(sp)
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call trap
    csrw mepc, a0
    lw   ra, 0(sp)
    lw   t0, 4(sp)
    lw   t1, 8(sp)
    lw   t2, 12(sp)
    lw   t3, 16(sp)
    lw   t4, 20(sp)
    lw   t5, 24(sp)
    lw   t6, 28(sp)
    lw   a0, 32(sp)
    lw   a1, 36(sp)
    lw   a2, 40(sp)
    lw   a3, 44(sp)
    lw   a4, 48(sp)
    lw   a5, 52(sp)
    lw   a6, 56(sp)
    lw   a7, 60(sp)
    addi sp, sp, 64
    mret

    .weak trap
trap:
    j    stopped
