/* Montgomery multiplication of 2048-bit numbers, 32 words of 64 bits; n products. */
#include "bench.h"

enum { WORDS = 32 };
typedef unsigned __int128 Double;

/* out = a * b / 2^2048 modulo m, at most one m too large; inverse is -1/m modulo 2^64. */
static void multiply(uint64_t *out, const uint64_t *a, const uint64_t *b, const uint64_t *m, uint64_t inverse) {
  uint64_t t[WORDS + 2] = {0};
  for (int i = 0; i < WORDS; i++) {
    uint64_t carry = 0;
    for (int k = 0; k < WORDS; k++) {
      Double sum = (Double)a[k] * b[i] + t[k] + carry;
      t[k] = (uint64_t)sum, carry = (uint64_t)(sum >> 64);
    }
    Double top = (Double)t[WORDS] + carry;
    t[WORDS] = (uint64_t)top, t[WORDS + 1] = (uint64_t)(top >> 64);
    uint64_t q = t[0] * inverse;
    carry = (uint64_t)(((Double)q * m[0] + t[0]) >> 64);
    for (int k = 1; k < WORDS; k++) {
      Double sum = (Double)q * m[k] + t[k] + carry;
      t[k - 1] = (uint64_t)sum, carry = (uint64_t)(sum >> 64);
    }
    top = (Double)t[WORDS] + carry;
    t[WORDS - 1] = (uint64_t)top, t[WORDS] = t[WORDS + 1] + (uint64_t)(top >> 64);
  }
  uint64_t borrow = 0;
  for (int k = 0; k < WORDS; k++) {
    uint64_t subtract = t[WORDS] ? m[k] : 0;
    Double difference = (Double)t[k] - subtract - borrow;
    out[k] = (uint64_t)difference, borrow = (uint64_t)(difference >> 64) & 1;
  }
}

uint64_t bignum(uint64_t n) {
  static uint64_t a[WORDS], b[WORDS], m[WORDS];
  uint64_t s = 0x2545f4914f6cdd1du, hash = 0;
  for (int i = 0; i < WORDS; i++) a[i] = nextRandom(&s), b[i] = nextRandom(&s), m[i] = nextRandom(&s);
  m[0] |= 1, m[WORDS - 1] |= 1ull << 63;
  uint64_t inverse = 1;
  for (int i = 0; i < 6; i++) inverse *= 2 - m[0] * inverse;
  for (uint64_t i = 0; i < n; i++) {
    multiply(a, a, b, m, -inverse);
    hash = mix(hash, a[i & (WORDS - 1)]);
  }
  return hash;
}
