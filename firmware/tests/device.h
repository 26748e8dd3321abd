// SPDX-License-Identifier: Apache-2.0
// The device of tb/core/core_tb.v, and checks that end the test with the number of the failing line.
#ifndef DEVICE_H
#define DEVICE_H

#include "riscv.h"

#define DEVICE 0x20000000u
static inline void finish(uint32_t result) { store32(DEVICE, result); }
static inline void put(char c) { store32(DEVICE + 4, (uint8_t)c); }
static inline void raise_lines(uint32_t bits) { store32(DEVICE + 8, bits); }
static inline void lower_lines(uint32_t bits) { store32(DEVICE + 12, bits); }
static inline void start_timer(uint32_t after) { store32(DEVICE + 16, after); }

#define CHECK(condition)              \
  do {                                \
    if (!(condition)) {               \
      finish(0x10000u | __LINE__);    \
      for (;;)                        \
        ;                             \
    }                                 \
  } while (0)

#endif
