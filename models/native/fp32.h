// SPDX-License-Identifier: Apache-2.0
// models/fp32.py and models/transcendental.py in C, operation by operation. Every float handled here
// has been flushed.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#define NAN_BITS 0x7fc00000u
#define INF_BITS 0x7f800000u

static inline uint32_t bits(float x) { uint32_t u; memcpy(&u, &x, 4); return u; }
static inline float from_bits(uint32_t u) { float x; memcpy(&x, &u, 4); return x; }

static inline float flush(float x) {
  uint32_t u = bits(x), size = u & 0x7fffffffu;
  u = size < 0x00800000u ? 0 : u;
  return from_bits(size > INF_BITS ? NAN_BITS : u);
}
static inline float add(float a, float b) { return flush(a + b); }
static inline float sub(float a, float b) { return flush(a - b); }
static inline float mul(float a, float b) { return flush(a * b); }

static inline float scaled(float x, int32_t n) {  // fp32.ldexp
  uint32_t u = bits(x);
  int32_t field = u >> 23 & 255, changed = field + n;
  uint32_t v = (u & 0x807fffffu) | (uint32_t)changed << 23;
  v = field == 0 || changed <= 0 ? 0 : v;
  v = field > 0 && changed >= 255 ? (u & 0x80000000u) | INF_BITS : v;
  return from_bits(field == 255 ? u : v);
}

typedef struct { const uint32_t (*exp2)[3], (*recip)[3], (*rsqrt)[3], (*tail)[3]; } tables_t;

static inline float quadratic(const uint32_t row[3], float t) {
  float high = add(mul(from_bits(row[2]), t), from_bits(row[1]));
  return add(mul(high, t), from_bits(row[0]));
}

static inline float f_exp2(const tables_t *tables, float x) {
  const float magic = 1.5f * 131072;  // EXP2_MAGIC
  if (isnan(x)) return x;
  if (x >= 128) return from_bits(INF_BITS);
  if (x < -126) return 0;
  float k = add(x, magic);
  int32_t index = (int32_t)(bits(k) - bits(magic));
  return scaled(quadratic(tables->exp2[index & 63], sub(x, sub(k, magic))), index >> 6);
}

static inline float residue(float x, int32_t *exponent, uint32_t *index) {
  uint32_t u = bits(x);
  *exponent = (int32_t)(u >> 23 & 255) - 127;
  *index = u >> 16 & 127;
  return sub(from_bits((u & 0x7fffffu) | 0x3f800000u), from_bits((u & 0x7f0000u) | 0x3f800000u));
}

static inline float f_recip(const tables_t *tables, float x) {
  int32_t exponent;
  uint32_t index;
  if (isnan(x)) return x;
  if (x == 0) return from_bits(INF_BITS);
  if (isinf(x)) return 0;
  float t = residue(x, &exponent, &index);
  float y = scaled(quadratic(tables->recip[index], t), -exponent);
  return x < 0 ? flush(-y) : y;
}

static inline float f_rsqrt(const tables_t *tables, float x) {
  int32_t exponent;
  uint32_t index;
  if (isnan(x) || x < 0) return from_bits(NAN_BITS);
  if (x == 0) return from_bits(INF_BITS);
  if (isinf(x)) return 0;
  float t = residue(x, &exponent, &index);
  return scaled(quadratic(tables->rsqrt[(exponent & 1) << 7 | index], t), -(exponent >> 1));
}

static inline float f_tail(const tables_t *tables, float x) {
  const float magic = 1.5f * 262144, end = 255.5f / 32;  // TAIL_MAGIC, TAIL_END
  float a = fabsf(x);
  if (isnan(x)) return x;
  if (!(a < end)) return 0;
  float k = add(a, magic);
  return quadratic(tables->tail[bits(k) - bits(magic)], sub(a, sub(k, magic)));
}

static inline float logistic(const tables_t *tables, float x, float slope) {
  float e = f_exp2(tables, mul(fabsf(x), slope)), rc = f_recip(tables, add(1, e));
  return x < 0 ? mul(e, rc) : rc;
}

static inline float f_silu(const tables_t *tables, float x) {
  return mul(x, logistic(tables, x, (float)-1.4426950408889634));  // -LOG2E
}

static inline float f_gelu(const tables_t *tables, float x) {
  float upper = f_tail(tables, x);
  return mul(x, x < 0 ? upper : sub(1, upper));
}

static inline float f_gelu_tanh(const tables_t *tables, float x, float linear, float cubic) {
  return mul(x, logistic(tables, x, add(linear, mul(cubic, mul(x, x)))));
}
