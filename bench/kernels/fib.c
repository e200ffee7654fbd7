/* Nothing but calls and returns: Fibonacci numbers by definition, n times the 27th. */
#include "bench.h"

__attribute__((noinline)) static uint64_t number(uint64_t n) { return n < 2 ? n : number(n - 1) + number(n - 2); }

uint64_t fib(uint64_t n) {
  uint64_t hash = 0;
  for (uint64_t i = 0; i < n; i++) hash = mix(hash, number(27 + (i & 1)));
  return hash;
}
