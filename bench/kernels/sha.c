/* The SHA-256 compression function over n blocks of 64 bytes; the constants are made, not listed. */
#include "bench.h"

static uint32_t K[64];

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t state[8], const uint32_t in[16]) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(in[i]);
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (int i = 0; i < 8; i++) v[i] = state[i];
  for (int i = 0; i < 64; i++) {
    uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]), most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + choose + K[i] + w[i];
    uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + most;
    v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t1;
    v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

uint64_t sha(uint64_t n) {
  uint32_t state[8], data[16];
  uint64_t s = 0x9e3779b97f4a7c15u, hash = 0;
  for (int i = 0; i < 64; i++) K[i] = (uint32_t)(nextRandom(&s) >> 16);
  for (int i = 0; i < 8; i++) state[i] = (uint32_t)(nextRandom(&s) >> 16);
  for (int i = 0; i < 16; i++) data[i] = (uint32_t)(nextRandom(&s) >> 16);
  for (uint64_t i = 0; i < n; i++) {
    data[0] = (uint32_t)i;
    block(state, data);
  }
  for (int i = 0; i < 8; i++) hash = mix(hash, state[i]);
  return hash;
}
