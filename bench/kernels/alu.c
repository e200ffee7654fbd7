/* Registers only: xorshift and a population count in plain arithmetic. */
#include "bench.h"

static uint64_t ones(uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (x * 0x0101010101010101u) >> 56;
}

uint64_t alu(uint64_t n) {
  uint64_t s = 88172645463325252u, sum = 0;
  for (uint64_t i = 0; i < n; i++) sum = sum * 3 + ones(nextRandom(&s));
  return mix(s, sum);
}
