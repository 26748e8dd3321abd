// SPDX-License-Identifier: Apache-2.0
// Four kernels of the kind that control code is made of: linked list, small matrix product, state
// machine over text, CRC. Text and results come as macros; the testbench measures the CPI.
#include "device.h"

typedef struct node {
  struct node *next;
  int32_t key;
} node;

static node nodes[24];

// Builds a list with keys in scrambled order and sorts it by insertion.
static int32_t list(void) {
  node *head = 0;
  for (int32_t i = 0; i < 24; i++) {
    node *n = &nodes[i];
    n->key = i * 7 % 24;
    node **at = &head;
    while (*at && (*at)->key < n->key) at = &(*at)->next;
    n->next = *at;
    *at = n;
  }
  int32_t sum = 0, place = 1;
  for (node *n = head; n; n = n->next) sum += n->key * place++;
  return sum;
}

static int16_t a[8][8], b[8][8];
static int32_t c[8][8];

static int32_t matrix(void) {
  for (int32_t i = 0; i < 8; i++)
    for (int32_t j = 0; j < 8; j++) {
      a[i][j] = (int16_t)(i - j);
      b[i][j] = (int16_t)(i + 2 * j);
    }
  for (int32_t i = 0; i < 8; i++)
    for (int32_t j = 0; j < 8; j++) {
      int32_t sum = 0;
      for (int32_t k = 0; k < 8; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  int32_t total = 0;
  for (int32_t i = 0; i < 8; i++)
    for (int32_t j = 0; j < 8; j++) total += c[i][j] * (i + 1);
  return total;
}

// Counts the numbers of each kind in a text.
static uint32_t machine(const char *text) {
  enum { START, SIGN, INTEGER, FRACTION, WORD } state = START;
  uint32_t integers = 0, fractions = 0, words = 0;
  for (;; text++) {
    char ch = *text;
    int digit = ch >= '0' && ch <= '9', end = ch == ' ' || ch == 0;
    switch (state) {
      case START:
        state = digit ? INTEGER : ch == '-' ? SIGN : ch == '.' ? FRACTION : end ? START : WORD;
        break;
      case SIGN:
        state = digit ? INTEGER : ch == '.' ? FRACTION : end ? START : WORD;
        break;
      case INTEGER:
        if (end) integers++;
        state = digit ? INTEGER : ch == '.' ? FRACTION : end ? START : WORD;
        break;
      case FRACTION:
        if (end) fractions++;
        state = digit ? FRACTION : end ? START : WORD;
        break;
      case WORD:
        if (end) words++;
        state = end ? START : WORD;
        break;
    }
    if (ch == 0) return integers << 16 | fractions << 8 | words;
  }
}

static uint32_t crc32(const uint8_t *data, uint32_t n) {
  uint32_t crc = 0xffffffff;
  for (; n != 0; n--) {
    crc ^= *data++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

int main(void) {
  static const char text[] = TEXT;
  CHECK(list() == LIST);
  CHECK(matrix() == MATRIX);
  CHECK(machine(text) == MACHINE);
  CHECK(crc32((const uint8_t *)text, sizeof text - 1) == CRC);
  finish(1);
  return 0;
}
