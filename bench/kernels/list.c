/* Pointer chasing through n nodes: `list` in 4 MiB of random order (bound by the cache), `listl1` in 8 KiB. */
#include "bench.h"
#include <stdlib.h>

struct node {
  struct node *next;
  uint64_t value;
};

static uint64_t walk(uint64_t steps, uint32_t nodes) {
  uint64_t s = 0x853c49e6748fea9bu, sum = 0;
  if (steps == 0) return 0;
  struct node *all = malloc(nodes * sizeof *all);
  uint32_t *order = malloc(nodes * sizeof *order);
  if (!all || !order) abort();
  for (uint32_t i = 0; i < nodes; i++) order[i] = i;
  for (uint32_t i = nodes - 1; i > 0; i--) {
    uint32_t j = (uint32_t)(nextRandom(&s) % i), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < nodes; i++) {
    all[order[i]].next = &all[order[(i + 1) % nodes]];
    all[order[i]].value = nextRandom(&s);
  }
  const struct node *p = all;
  for (uint64_t i = 0; i < steps; i++, p = p->next) sum = (sum ^ p->value) + (sum >> 7);
  free(order);
  free(all);
  return sum;
}

uint64_t list(uint64_t n) { return walk(n, 1 << 18); }
uint64_t listl1(uint64_t n) { return walk(n, 512); }
