// SPDX-License-Identifier: Apache-2.0
// Access to the control core from C: CSRs, interrupts, sleep, counters, memory-mapped registers.
#ifndef RISCV_H
#define RISCV_H

#include <stdint.h>

#define CSR_READ(name)                                                      \
  ({                                                                        \
    uint32_t value_;                                                        \
    __asm__ volatile("csrr %0, " #name : "=r"(value_) : : "memory");        \
    value_;                                                                 \
  })
#define CSR_WRITE(name, value) \
  __asm__ volatile("csrw " #name ", %0" : : "rK"((uint32_t)(value)) : "memory")
#define CSR_SET(name, bits) \
  __asm__ volatile("csrs " #name ", %0" : : "rK"((uint32_t)(bits)) : "memory")
#define CSR_CLEAR(name, bits) \
  __asm__ volatile("csrc " #name ", %0" : : "rK"((uint32_t)(bits)) : "memory")

// Interrupt numbers: bits of mie and mip, low bits of mcause (whose bit 31 is set for interrupts)
enum {
  IRQ_SOFTWARE = 3,
  IRQ_TIMER = 7,
  IRQ_EXTERNAL = 11,
  IRQ_LOCAL0 = 16,  // local line n is IRQ_LOCAL0 + n, n = 0 to 15
};
#define CAUSE_INTERRUPT 0x80000000u

enum {
  CAUSE_INSTRUCTION_FAULT = 1,
  CAUSE_ILLEGAL = 2,
  CAUSE_BREAKPOINT = 3,
  CAUSE_LOAD_MISALIGNED = 4,
  CAUSE_LOAD_FAULT = 5,
  CAUSE_STORE_MISALIGNED = 6,
  CAUSE_STORE_FAULT = 7,
  CAUSE_ECALL = 11,
};

static inline void interrupts_on(void) { CSR_SET(mstatus, 8); }

// Turns interrupts off; returns what interrupts_restore needs.
static inline uint32_t interrupts_off(void) {
  uint32_t before;
  __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
  return before & 8;
}

static inline void interrupts_restore(uint32_t before) { CSR_SET(mstatus, before); }

// Sleeps until an interrupt that mie enables is pending, taken or not. To wait for a condition
// without losing a wake-up: turn interrupts off, test, sleep, restore, in a loop.
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" : : : "memory"); }

static inline uint32_t cycles(void) { return CSR_READ(mcycle); }
static inline uint32_t instructions(void) { return CSR_READ(minstret); }

// To be called after code was written, before it is run.
static inline void sync_code(void) { __asm__ volatile("fence.i" : : : "memory"); }

static inline uint32_t load32(uintptr_t address) { return *(volatile uint32_t *)address; }
static inline void store32(uintptr_t address, uint32_t value) {
  *(volatile uint32_t *)address = value;
}

#endif
