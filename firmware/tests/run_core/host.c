// SPDX-License-Identifier: Apache-2.0
// Asks the host to print, as C libraries for simulators do, and ends with the status STATUS.
#include <stdint.h>

volatile uint64_t tohost __attribute__((section(".tohost"), aligned(64)));
volatile uint64_t fromhost __attribute__((section(".tohost"), aligned(64)));

static void print(const char *text) {
  static volatile uint64_t call[8] __attribute__((aligned(64)));
  call[0] = 64;
  call[1] = 1;
  call[2] = (uintptr_t)text;
  call[3] = 0;
  while (text[call[3]]) call[3]++;
  __asm__ volatile("fence" ::: "memory");
  tohost = (uintptr_t)call;
  while (fromhost == 0)
    ;
  fromhost = 0;
}

int main(void) {
  print("one ");
  print("two\n");
  for (;;) tohost = STATUS << 1 | 1;
}
