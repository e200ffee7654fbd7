/* Byte work over 64 KiB, n times: copy with a changing mask, and count how often each byte value occurs. */
#include "bench.h"

enum { SIZE = 1 << 16 };

uint64_t mem(uint64_t n) {
  static uint8_t from[SIZE], to[SIZE];
  static uint32_t count[256];
  uint64_t s = 0xb5ad4eceda1ce2a9u, hash = 0;
  if (n == 0) return 0;
  for (int i = 0; i < SIZE; i++) from[i] = (uint8_t)(nextRandom(&s) >> 30);
  for (uint64_t i = 0; i < n; i++) {
    uint8_t mask = (uint8_t)i;
    /* The counting in the same loop keeps the compiler from turning it into vectors. */
    for (int k = 0; k < SIZE; k++) {
      uint8_t b = from[k] ^ mask;
      to[k] = b;
      count[b]++;
    }
    hash = mix(hash, to[hash % SIZE]);
  }
  for (int i = 0; i < 256; i++) hash = mix(hash, count[i]);
  return hash;
}
