// SPDX-License-Identifier: Apache-2.0
// Firmware of chiplet_tb: carries out a script that the bench has put at SCRIPT (tb/chiplet/
// scenario.py writes it). HOST_STATUS says how it goes: DONE, or FAILED with the place in the script
// in HOST_ERROR and what was read there in HOST_ERROR_INFO; until then whatever the script stores.
#include <stdint.h>

#include "runtime/riscv.h"

#define SCRIPT 0x10001000u
#define HOST_STATUS 0x20000154u
#define HOST_ERROR 0x20000158u
#define HOST_ERROR_INFO 0x2000015Cu
#define DISPATCH 0x2000003Cu
#define PUSH_READY 8u
#define PUSH 0x200000C0u
#define CONTROL 0x20000038u
#define ENGINE_RESET 2u
#define DISPATCH_ERROR 4u
#define DISPATCH_RESETTING 16u
#define ERROR 0x2000004Cu
#define ERROR_SEQUENCE 0x20000050u

enum { OP_END, OP_STORE, OP_CHECK, OP_POLL, OP_PUSH, OP_SLEEP, OP_WAIT, OP_REFUSED };
enum { DONE = 0xD0DE, FAILED = 0xFA11 };

static void stop(uint32_t status, uint32_t where, uint32_t value) {
  store32(HOST_ERROR, where);
  store32(HOST_ERROR_INFO, value);
  store32(HOST_STATUS, status);
  for (;;) __asm__ volatile("csrw mie, zero\n\twfi");
}

static void push(uint32_t words) {
  while (!(load32(DISPATCH) & PUSH_READY)) {
  }
  for (uint32_t word = 0; word < 8; word++) store32(PUSH + 4 * word, load32(words + 4 * word));
}

uint32_t trap(uint32_t cause, uint32_t pc, uint32_t value) {
  (void)cause;
  stop(FAILED, pc, value);
  return pc;
}

int main(void) {
  for (uint32_t at = SCRIPT;;) {
    uint32_t here = at, op = load32(at), a = load32(at + 4), b = load32(at + 8);
    switch (op) {
      case OP_STORE:  // address, value
        store32(a, b);
        at += 12;
        break;
      case OP_CHECK:  // address, mask, value
      case OP_POLL: {
        uint32_t value;
        do value = load32(a);
        while (op == OP_POLL && (value & b) != load32(at + 12));
        if ((value & b) != load32(at + 12)) stop(FAILED, here, value);
        at += 16;
        break;
      }
      case OP_PUSH:  // eight words of a command
        push(at + 4);
        at += 36;
        break;
      case OP_SLEEP:  // until one of these interrupt lines is high
        __asm__ volatile("csrw mie, %0" : : "r"(a));
        for (uint32_t pending = 0; !(pending & a);) {
          __asm__ volatile("wfi\n\tcsrr %0, mip" : "=r"(pending));
        }
        at += 8;
        break;
      case OP_WAIT:  // about so many cycles, times four
        for (uint32_t n = a; n; n--) __asm__ volatile("nop");
        at += 8;
        break;
      case OP_REFUSED:  // eight words of a command; ERROR, ERROR_SEQUENCE that it leads to
        push(at + 4);
        while (!(load32(DISPATCH) & DISPATCH_ERROR)) {
        }
        if (load32(ERROR) != load32(at + 36)) stop(FAILED, here, load32(ERROR));
        if (load32(ERROR_SEQUENCE) != load32(at + 40)) stop(FAILED, here, load32(ERROR_SEQUENCE));
        store32(CONTROL, ENGINE_RESET);
        while (load32(DISPATCH) & (DISPATCH_ERROR | DISPATCH_RESETTING)) {
        }
        at += 44;
        break;
      default:
        stop(op == OP_END ? DONE : FAILED, here, op);
    }
  }
}
