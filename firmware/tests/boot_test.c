// SPDX-License-Identifier: Apache-2.0
// Traps, interrupts, timer, sleep and CSRs of the control core, seen from C.
#include "device.h"

#include <string.h>

#define NOWHERE 0x30000000u
#define ROM_WORD 0x00000010u

static uint32_t last_cause, last_pc, last_value, traps, resume_at;
static uint32_t initialised = 0x12345678;
static uint32_t zeroed[5];
static uint8_t order[8];

uint32_t trap(uint32_t cause, uint32_t pc, uint32_t value) {
  last_cause = cause;
  last_pc = pc;
  last_value = value;
  if (cause & CAUSE_INTERRUPT) {
    order[traps++ & 7] = (uint8_t)cause;
    lower_lines(1u << (cause & 31));
    return pc;
  }
  traps++;
  if (cause == CAUSE_INSTRUCTION_FAULT) return resume_at;
  return pc + ((*(uint16_t *)pc & 3) == 3 ? 4 : 2);
}

// Runs one assembly statement and checks what it trapped with.
#define TRAPS(cause, value, ...)         \
  do {                                   \
    uint32_t before = traps;             \
    __asm__ volatile(__VA_ARGS__);       \
    CHECK(traps == before + 1);          \
    CHECK(last_cause == (cause));        \
    CHECK(last_value == (value));        \
  } while (0)

static void exceptions(void) {
  uint32_t word = 0xa5a5a5a5, got = 7, at;
  TRAPS(CAUSE_ECALL, 0, "ecall" ::: "memory");
  __asm__ volatile("la %0, 1f\n1: .option push\n.option norvc\nebreak\n.option pop" : "=r"(at)::"memory");
  CHECK(last_cause == CAUSE_BREAKPOINT && last_value == at && last_pc == at);
  TRAPS(CAUSE_ILLEGAL, 0xffffffffu, ".word 0xffffffff" ::: "memory");
  TRAPS(CAUSE_ILLEGAL, 0, ".half 0" ::: "memory");
  TRAPS(CAUSE_LOAD_MISALIGNED, (uint32_t)&word + 1, "lw %0, 1(%1)" : "+r"(got) : "r"(&word) : "memory");
  CHECK(got == 7);
  TRAPS(CAUSE_LOAD_MISALIGNED, (uint32_t)&word + 3, "lhu %0, 3(%1)" : "+r"(got) : "r"(&word) : "memory");
  TRAPS(CAUSE_STORE_MISALIGNED, (uint32_t)&word + 2, "sw %0, 2(%1)" ::"r"(got), "r"(&word) : "memory");
  CHECK(word == 0xa5a5a5a5);
  TRAPS(CAUSE_LOAD_FAULT, NOWHERE + 5, "lbu %0, 5(%1)" : "+r"(got) : "r"(NOWHERE) : "memory");
  CHECK(got == 7);
  // The instructions behind a fault must not have happened: neither the second store nor the add.
  uint32_t count = 0;
  TRAPS(CAUSE_STORE_FAULT, ROM_WORD, "sw %2, 0(%1)\naddi %0, %0, 1"
        : "+r"(count) : "r"(ROM_WORD), "r"(got) : "memory");
  CHECK(count == 1);
  // Jump to an address without memory
  uint32_t before = traps;
  __asm__ volatile("la t0, 1f\nsw t0, 0(%0)\njr %1\n1:" ::"r"(&resume_at), "r"(NOWHERE) : "t0", "memory");
  CHECK(traps == before + 1 && last_cause == CAUSE_INSTRUCTION_FAULT);
  CHECK(last_pc == NOWHERE && last_value == NOWHERE);
  // Read-only and missing CSRs
  before = traps;
  __asm__ volatile("csrwi mhartid, 1" ::: "memory");
  CHECK(traps == before + 1 && last_cause == CAUSE_ILLEGAL);
  __asm__ volatile("csrr zero, 0x180" ::: "memory");
  CHECK(traps == before + 2 && last_cause == CAUSE_ILLEGAL);
}

static void csrs(void) {
  CHECK(CSR_READ(misa) == 0x40001104);
  CHECK(CSR_READ(mhartid) == 5);
  CHECK((CSR_READ(mstatus) & 0x1800) == 0x1800);
  CSR_WRITE(mie, 0xffffffff);
  CHECK(CSR_READ(mie) == 0xffff0888);
  CSR_WRITE(mie, 0);
  CSR_WRITE(mscratch, 0xdeadbeef);
  CSR_CLEAR(mscratch, 0x0000ffff);
  CSR_SET(mscratch, 0x00000011);
  CHECK(CSR_READ(mscratch) == 0xdead0011);
  CSR_WRITE(mepc, 0xffffffff);
  CHECK(CSR_READ(mepc) == 0xfffffffe);
  uint32_t vector = CSR_READ(mtvec);
  CSR_WRITE(mtvec, 0x1000007d);
  CHECK(CSR_READ(mtvec) == 0x10000001);
  CSR_WRITE(mtvec, 0x1000007e);
  CHECK(CSR_READ(mtvec) == 0x1000007c);
  CSR_WRITE(mtvec, vector);
  CSR_WRITE(minstret, 0xffffffff);
  CHECK(CSR_READ(minstret) == 0xffffffff);   // one more has retired by now
  CHECK(CSR_READ(minstreth) == 1);
}

static void interrupts(void) {
  // Pending but not enabled: nothing happens. All enabled: by priority, one after the other.
  uint32_t before = traps;
  raise_lines(0xffffffff);
  CHECK(CSR_READ(mip) == 0xffff0888);
  lower_lines(0xffffffff);
  CHECK(CSR_READ(mip) == 0);
  static const uint8_t expected[6] = {11, 3, 7, 16, 25, 31};
  CSR_WRITE(mie, 0xffffffff);
  raise_lines(1u << 31 | 1u << 16 | 1u << 25 | 1u << 7 | 1u << 3 | 1u << 11);
  CHECK(traps == before);
  traps = 0;
  interrupts_on();
  while (traps < 6)
    ;
  CHECK(memcmp(order, expected, 6) == 0);
  CHECK(CSR_READ(mstatus) & 8);

  // Sleep with interrupts off: woken, not interrupted
  interrupts_off();
  CSR_WRITE(mie, 1u << IRQ_TIMER);
  uint32_t then = cycles();
  start_timer(100);
  wait_for_interrupt();
  uint32_t slept = cycles() - then;
  CHECK(traps == 6 && slept >= 100 && slept < 20000);
  CHECK(CSR_READ(mip) == 1u << IRQ_TIMER);
  interrupts_on();
  CHECK(traps == 7 && last_cause == (CAUSE_INTERRUPT | IRQ_TIMER) && CSR_READ(mip) == 0);
  // Sleep with interrupts on: interrupted behind the wfi, or before it, never stuck
  start_timer(60);
  uint32_t at;
  __asm__ volatile("la %0, 1f\n1: .option push\n.option norvc\nwfi\n.option pop\nnop" : "=r"(at)::"memory");
  if (traps == 7) wait_for_interrupt();
  CHECK(traps == 8);
  interrupts_off();
  CSR_WRITE(mie, 0);
}

// Vectored: interrupt n enters at base + 4 n, exceptions at base.
extern uint32_t vector_table[], vector_seen;
__asm__(
    ".data\n.balign 4\nvector_seen: .word 0\n"
    ".text\n.balign 128\n.option push\n.option norvc\n"
    "vector_table:\n"
    ".rept 19\nj unexpected\n.endr\n"
    "j line3\n"   // code 19
    ".rept 12\nj unexpected\n.endr\n"
    ".option pop\n"
    "unexpected: j unexpected\n"
    "line3: csrw mscratch, t0\nla t0, vector_seen\nsw t0, 0(t0)\n"
    "li t0, 0x80000\ncsrc mie, t0\ncsrr t0, mscratch\nmret\n");

static void vectors(void) {
  uint32_t direct = CSR_READ(mtvec);
  CSR_WRITE(mtvec, (uint32_t)vector_table | 1);
  CSR_WRITE(mie, 1u << 19);
  interrupts_on();
  raise_lines(1u << 19);
  while (*(volatile uint32_t *)&vector_seen == 0)
    ;
  interrupts_off();
  lower_lines(1u << 19);
  CSR_WRITE(mtvec, direct);
}

// Replaces, by its argument, the instruction right behind its fence.i: while the division runs, the
// core fetches as far as that.
// Lies in .data so that it can be written in a ROM program too.
uint32_t patch_ahead(uint32_t instruction);
__asm__(
    ".data\n.balign 4\n.globl patch_ahead\n.option push\n.option norvc\n"
    "patch_ahead: la t0, 1f\ndiv t1, t0, t0\nsw a0, 0(t0)\nfence.i\n1: li a0, 99\nret\n"
    ".option pop\n.text\n");

static void new_code(void) {
  for (uint32_t n = 0; n < 4; n++) CHECK(patch_ahead(n << 20 | 10 << 7 | 0x13) == n);

  static uint32_t __attribute__((aligned(4))) code[2];
  uint32_t (*call)(void) = (uint32_t(*)(void))code;
  for (uint32_t n = 0; n < 4; n++) {
    code[0] = n << 20 | 10 << 7 | 0x13;  // li a0, n
    code[1] = 0x00008067;                // ret
    sync_code();
    CHECK(call() == n);
  }
}

static void arithmetic(void) {
  volatile uint32_t minimum = 0x80000000, minus1 = 0xffffffff, zero = 0, seven = 7;
  CHECK((uint32_t)((int32_t)minus1 / (int32_t)seven) == 0);
  CHECK(minus1 / seven == 613566756 && minus1 % seven == 3);
  uint32_t q, r;
  __asm__("div %0, %1, %2" : "=r"(q) : "r"(minimum), "r"(minus1));
  __asm__("rem %0, %1, %2" : "=r"(r) : "r"(minimum), "r"(minus1));
  CHECK(q == 0x80000000 && r == 0);
  __asm__("div %0, %1, %2" : "=r"(q) : "r"(minimum), "r"(zero));
  __asm__("rem %0, %1, %2" : "=r"(r) : "r"(minimum), "r"(zero));
  CHECK(q == 0xffffffff && r == minimum);
  __asm__("divu %0, %1, %2" : "=r"(q) : "r"(seven), "r"(zero));
  __asm__("remu %0, %1, %2" : "=r"(r) : "r"(seven), "r"(zero));
  CHECK(q == 0xffffffff && r == 7);
  __asm__("div %0, %1, %2" : "=r"(q) : "r"(-7), "r"(2));
  __asm__("rem %0, %1, %2" : "=r"(r) : "r"(-7), "r"(2));
  CHECK(q == (uint32_t)-3 && r == (uint32_t)-1);
  __asm__("mulh %0, %1, %2" : "=r"(q) : "r"(minimum), "r"(minimum));
  CHECK(q == 0x40000000);
  __asm__("mulhsu %0, %1, %2" : "=r"(q) : "r"(minus1), "r"(minus1));
  CHECK(q == 0xffffffff);
  __asm__("mulhu %0, %1, %2" : "=r"(q) : "r"(minus1), "r"(minus1));
  CHECK(q == 0xfffffffe);
  CHECK(minus1 * minus1 == 1);
  CHECK((uint64_t)minus1 * minus1 / seven == 0x2492492449249249u);
}

int main(void) {
  CHECK(initialised == 0x12345678);
  for (int i = 0; i < 5; i++) CHECK(zeroed[i] == 0);
  uint8_t text[9];
  memcpy(text, "tessera\n", 9);
  memmove(text + 1, text, 7);
  CHECK(memcmp(text, "ttessera", 8) == 0);
  memset(text, 0x55, 3);
  CHECK(text[2] == 0x55 && text[3] == 's');

  csrs();
  arithmetic();
  exceptions();
  interrupts();
  vectors();
  new_code();
  finish(1);
  return 0;
}
