// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

#define N 10

static int16_t a[N][N], b[N][N];
static int32_t c[N][N];

// Sum in which each element that falls below its left neighbour counts 10 instead.
static uint32_t checksum(void) {
  uint32_t sum = 0;
  int32_t last = 0;
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) {
      sum += c[i][j] < last ? 10 : (uint32_t)c[i][j];
      last = c[i][j];
    }
  return sum;
}

static void scale(int32_t factor) {
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) c[i][j] = a[i][j] * factor;
}

static void product(void) {
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < N; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
}

static void product_of_bits(void) {
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) {
      int32_t sum = 0;
      for (uint32_t k = 0; k < N; k++) {
        int32_t p = a[i][k] * b[k][j];
        sum += (p >> 2 & 15) * (p >> 5 & 127);
      }
      c[i][j] = sum;
    }
}

uint32_t matrix_kernel(uint32_t seed, uint32_t rounds) {
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = 0; j < N; j++) {
      seed = next(seed);
      a[i][j] = (int16_t)((seed >> 16 & 511) - 256);
      b[i][j] = (int16_t)((seed >> 20 & 511) - 256);
    }
  uint32_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    scale((int32_t)round - 3);
    sum = sum * 31 + checksum();
    product();
    sum = sum * 31 + checksum();
    product_of_bits();
    sum = sum * 31 + checksum();
    for (uint32_t i = 0; i < N; i++)
      for (uint32_t j = 0; j < N; j++) a[i][j] = (int16_t)(a[i][j] + (int32_t)round);
  }
  return sum;
}
