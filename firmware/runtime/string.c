// SPDX-License-Identifier: Apache-2.0
// The memory functions that a C compiler may call. Words where both sides are aligned, else bytes.
#include <stdint.h>

#include "string.h"

typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((((uintptr_t)d | (uintptr_t)s) & 3) == 0)
    for (; n >= 4; n -= 4, d += 4, s += 4) *(word *)d = *(const word *)s;
  for (; n != 0; n--) *d++ = *s++;
  return to;
}

void *memmove(void *to, const void *from, size_t n) {
  uint8_t *d = to;
  const uint8_t *s = from;
  if ((uintptr_t)d - (uintptr_t)s >= n) return memcpy(to, from, n);
  while (n-- != 0) d[n] = s[n];
  return to;
}

void *memset(void *to, int value, size_t n) {
  uint8_t *d = to;
  if (((uintptr_t)d & 3) == 0)
    for (uint32_t all = (uint8_t)value * 0x01010101u; n >= 4; n -= 4, d += 4) *(word *)d = all;
  for (; n != 0; n--) *d++ = (uint8_t)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t n) {
  const uint8_t *a = left, *b = right;
  for (; n != 0; n--, a++, b++)
    if (*a != *b) return *a - *b;
  return 0;
}
