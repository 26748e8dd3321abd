// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

static uint32_t crc8(uint8_t data, uint32_t crc) {
  for (uint32_t i = 0; i < 8; i++) {
    uint32_t odd = (data ^ crc) & 1;
    data >>= 1;
    crc >>= 1;
    if (odd) crc = (crc ^ 0x2001) | 0x8000;
    else crc &= 0x7fff;
  }
  return crc;
}

static uint32_t crc32bits(uint32_t data, uint32_t crc) {
  for (uint32_t i = 0; i < 4; i++, data >>= 8) crc = crc8((uint8_t)data, crc);
  return crc;
}

uint32_t crc_kernel(uint32_t seed, uint32_t rounds) {
  uint32_t crc = 0;
  for (uint32_t round = 0; round < 16 * rounds; round++) {
    seed = next(seed);
    crc = crc32bits(seed, crc);
    crc = crc8((uint8_t)round, crc);
  }
  return crc;
}
