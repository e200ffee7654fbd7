/* A kernel does `n` units of work that no compiler can foresee and returns a hash of everything it computed. */
#ifndef BENCH_H
#define BENCH_H
#include <stddef.h>
#include <stdint.h>

uint64_t alu(uint64_t n);
uint64_t sha(uint64_t n);
uint64_t sort(uint64_t n);
uint64_t list(uint64_t n);
uint64_t listl1(uint64_t n);
uint64_t vm(uint64_t n);
uint64_t nbody(uint64_t n);
uint64_t chacha(uint64_t n);
uint64_t fib(uint64_t n);
uint64_t mem(uint64_t n);
uint64_t bignum(uint64_t n);
uint64_t aes(uint64_t n);

static inline uint64_t nextRandom(uint64_t *s) {
  uint64_t x = *s;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *s = x;
}

static inline uint64_t mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 0x100000001b3u; }
#endif
