// SPDX-License-Identifier: Apache-2.0
// Kernels of the kind that control code is made of. Each returns a checksum of its work, which
// scripts/kernels.py computes too.
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

uint32_t list_kernel(uint32_t seed, uint32_t rounds);     // search, reverse, sort a linked list
uint32_t matrix_kernel(uint32_t seed, uint32_t rounds);   // 16-bit matrices: scale, product, bits
uint32_t state_kernel(uint32_t seed, uint32_t rounds);    // state machine that classifies words
uint32_t crc_kernel(uint32_t seed, uint32_t rounds);      // CRC-16, bit by bit

// Next number of a generator that all kernels take their data from.
static inline uint32_t next(uint32_t x) { return x * 1103515245u + 12345u; }

#endif
