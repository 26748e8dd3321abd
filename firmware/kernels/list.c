// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"

#include <stddef.h>

#define N 40

typedef struct node {
  struct node *next;
  int16_t key, value;
} node;

typedef int32_t (*compare)(const node *, const node *);

static node nodes[N];

static int32_t by_key(const node *a, const node *b) { return a->key - b->key; }
static int32_t by_value(const node *a, const node *b) {
  return a->value == b->value ? a->key - b->key : a->value - b->value;
}

static node *find(node *head, int32_t key) {
  while (head && head->key != key) head = head->next;
  return head;
}

static node *reverse(node *head) {
  node *done = NULL;
  while (head) {
    node *rest = head->next;
    head->next = done;
    done = head;
    head = rest;
  }
  return done;
}

// Merge sort from the bottom up: runs of 1, 2, 4, ... nodes are merged pair by pair.
static node *sort(node *head, compare order) {
  for (uint32_t run = 1;; run *= 2) {
    node *left = head, **tail = &head;
    uint32_t merges = 0;
    while (left) {
      node *right = left;
      uint32_t n = 0;
      while (n < run && right) n++, right = right->next;
      uint32_t m = run;
      merges++;
      while (n || (m && right)) {
        node *take;
        if (n && (!m || !right || order(left, right) <= 0))
          take = left, left = left->next, n--;
        else
          take = right, right = right->next, m--;
        *tail = take;
        tail = &take->next;
      }
      left = right;
    }
    *tail = NULL;
    if (merges <= 1) return head;
  }
}

uint32_t list_kernel(uint32_t seed, uint32_t rounds) {
  node *head = NULL;
  for (uint32_t i = 0; i < N; i++) {
    seed = next(seed);
    nodes[i] = (node){head, (int16_t)i, (int16_t)(seed >> 16 & 63)};
    head = &nodes[i];
  }
  uint32_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (int32_t key = 0; key < N; key += 5) {
      node *found = find(head, key + (int32_t)round % 5);
      sum += found ? (uint32_t)found->value : 1000;
    }
    head = reverse(head);
    head = sort(head, by_value);
    for (node *n = head; n; n = n->next) sum = sum * 31 + (uint32_t)n->key;
    head = sort(head, by_key);
    sum += (uint32_t)head->value;
  }
  return sum;
}
