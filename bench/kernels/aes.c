/* AES-128 in counter mode with the AES instructions, four blocks at a time; n times 64 bytes. */
#include "bench.h"
#include <wmmintrin.h>

#define AES __attribute__((target("aes,sse2")))

#define NEXT_KEY(previous, round) nextKey(previous, _mm_aeskeygenassist_si128(previous, round))
AES static inline __m128i nextKey(__m128i key, __m128i assist) {
  for (int i = 0; i < 3; i++) key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

AES uint64_t aes(uint64_t n) {
  uint64_t s = 0x369dea0f31a53f85u, hash = 0, out[2];
  uint64_t first = nextRandom(&s), second = nextRandom(&s);
  __m128i k[11];
  k[0] = _mm_set_epi64x((long long)first, (long long)second);
  k[1] = NEXT_KEY(k[0], 0x01), k[2] = NEXT_KEY(k[1], 0x02), k[3] = NEXT_KEY(k[2], 0x04), k[4] = NEXT_KEY(k[3], 0x08);
  k[5] = NEXT_KEY(k[4], 0x10), k[6] = NEXT_KEY(k[5], 0x20), k[7] = NEXT_KEY(k[6], 0x40), k[8] = NEXT_KEY(k[7], 0x80);
  k[9] = NEXT_KEY(k[8], 0x1b), k[10] = NEXT_KEY(k[9], 0x36);
  for (uint64_t i = 0; i < n; i++) {
    __m128i block[4], sum = _mm_setzero_si128();
    for (int b = 0; b < 4; b++) block[b] = _mm_xor_si128(_mm_set_epi64x(42, (long long)(4 * i) + b), k[0]);
    for (int round = 1; round < 10; round++)
      for (int b = 0; b < 4; b++) block[b] = _mm_aesenc_si128(block[b], k[round]);
    for (int b = 0; b < 4; b++) sum = _mm_add_epi64(sum, _mm_aesenclast_si128(block[b], k[10]));
    _mm_storeu_si128((__m128i *)out, sum);
    hash = mix(hash, out[i & 1]);
  }
  return hash;
}
