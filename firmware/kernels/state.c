// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

enum { START, SIGN, INTEGER, POINT, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static const char alphabet[] = "0123456+-.,,eE,x";
static char text[256];
static uint32_t seen[STATES], steps[STATES];

static int digit(char ch) { return ch >= '0' && ch <= '9'; }

// Reads one word up to its comma; returns the state in which it ended.
static uint32_t classify(const char **at) {
  uint32_t state = START;
  const char *p = *at;
  for (; *p && state != INVALID; p++) {
    char ch = *p;
    if (ch == ',') {
      p++;
      break;
    }
    switch (state) {
      case START:
        state = digit(ch) ? INTEGER : ch == '+' || ch == '-' ? SIGN : ch == '.' ? POINT : INVALID;
        break;
      case SIGN:
        state = digit(ch) ? INTEGER : ch == '.' ? POINT : INVALID;
        break;
      case INTEGER:
        if (ch == '.') state = POINT;
        else if (!digit(ch)) state = INVALID;
        break;
      case POINT:
        if (ch == 'e' || ch == 'E') state = EXPONENT;
        else if (!digit(ch)) state = INVALID;
        break;
      case EXPONENT:
        state = ch == '+' || ch == '-' ? EXPONENT_SIGN : INVALID;
        break;
      case EXPONENT_SIGN:
        state = digit(ch) ? SCIENTIFIC : INVALID;
        break;
      case SCIENTIFIC:
        if (!digit(ch)) state = INVALID;
        break;
    }
    steps[state]++;
  }
  *at = p;
  return state;
}

uint32_t state_kernel(uint32_t seed, uint32_t rounds) {
  for (uint32_t i = 0; i < STATES; i++) seen[i] = steps[i] = 0;
  for (uint32_t i = 0; i < sizeof text - 1; i++) {
    seed = next(seed);
    text[i] = alphabet[seed >> 16 & 15];
  }
  text[sizeof text - 1] = 0;
  uint32_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (const char *at = text; *at;) seen[classify(&at)]++;
    for (uint32_t i = round % 7; i < sizeof text - 1; i += 7)
      if (text[i] != ',') text[i] = alphabet[(i + round) & 15];
    for (uint32_t i = 0; i < STATES; i++) sum = sum * 31 + seen[i] + steps[i];
  }
  return sum;
}
