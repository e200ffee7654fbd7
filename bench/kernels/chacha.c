/* ChaCha20 blocks with SSE2 integer instructions, one row of the state in each register; n blocks of 64 bytes. */
#include "bench.h"
#include <emmintrin.h>

static inline __m128i rotate(__m128i x, int by) {
  return _mm_or_si128(_mm_slli_epi32(x, by), _mm_srli_epi32(x, 32 - by));
}

static inline void quarters(__m128i r[4]) {
  r[0] = _mm_add_epi32(r[0], r[1]), r[3] = rotate(_mm_xor_si128(r[3], r[0]), 16);
  r[2] = _mm_add_epi32(r[2], r[3]), r[1] = rotate(_mm_xor_si128(r[1], r[2]), 12);
  r[0] = _mm_add_epi32(r[0], r[1]), r[3] = rotate(_mm_xor_si128(r[3], r[0]), 8);
  r[2] = _mm_add_epi32(r[2], r[3]), r[1] = rotate(_mm_xor_si128(r[1], r[2]), 7);
}

uint64_t chacha(uint64_t n) {
  static uint64_t out[8] __attribute__((aligned(16)));
  uint64_t s = 0x14057b7ef767814fu, hash = 0;
  uint32_t words[16] __attribute__((aligned(16)));
  for (int i = 0; i < 16; i++) words[i] = (uint32_t)(nextRandom(&s) >> 20);
  for (uint64_t i = 0; i < n; i++) {
    __m128i start[4], r[4];
    words[12] = (uint32_t)i;
    for (int k = 0; k < 4; k++) r[k] = start[k] = _mm_load_si128((const __m128i *)words + k);
    for (int round = 0; round < 10; round++) {
      quarters(r);
      r[1] = _mm_shuffle_epi32(r[1], 0x39), r[2] = _mm_shuffle_epi32(r[2], 0x4e), r[3] = _mm_shuffle_epi32(r[3], 0x93);
      quarters(r);
      r[1] = _mm_shuffle_epi32(r[1], 0x93), r[2] = _mm_shuffle_epi32(r[2], 0x4e), r[3] = _mm_shuffle_epi32(r[3], 0x39);
    }
    for (int k = 0; k < 4; k++) _mm_store_si128((__m128i *)out + k, _mm_add_epi32(r[k], start[k]));
    hash = mix(hash, out[i & 7]);
  }
  return hash;
}
