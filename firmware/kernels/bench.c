// SPDX-License-Identifier: Apache-2.0
// Runs one kernel (KERNEL, SEED, ROUNDS are macros) and leaves checksum, cycles and instructions
// where scripts/run_core.py --signature finds them.
#include "kernels.h"
#include "riscv.h"
#include "tohost.h"

volatile uint32_t begin_signature[3];
__asm__(".globl end_signature\n.set end_signature, begin_signature + 12");

int main(void) {
  volatile uint32_t seed = SEED;
  uint32_t start = seed, cycle = cycles(), instruction = instructions();
  uint32_t sum = KERNEL(start, ROUNDS);
  begin_signature[2] = instructions() - instruction;
  begin_signature[1] = cycles() - cycle;
  begin_signature[0] = sum;
  finish(1);
  return 0;
}
