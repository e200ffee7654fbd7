/* Gravitation of five bodies in double precision: multiplication, division, square root. */
#include "bench.h"
#include <math.h>
#include <string.h>

enum { BODIES = 5 };
struct body { double x[3], v[3], mass; };

static void step(struct body *b, double dt) {
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) {
      double d[3], square = 1e-3;
      for (int k = 0; k < 3; k++) {
        d[k] = b[i].x[k] - b[j].x[k];
        square += d[k] * d[k];
      }
      double pull = dt / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        b[i].v[k] -= d[k] * b[j].mass * pull;
        b[j].v[k] += d[k] * b[i].mass * pull;
      }
    }
  for (int i = 0; i < BODIES; i++)
    for (int k = 0; k < 3; k++) b[i].x[k] += dt * b[i].v[k];
}

uint64_t nbody(uint64_t n) {
  struct body b[BODIES];
  uint64_t s = 0xda942042e4dd58b5u, hash = 0;
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) {
      b[i].x[k] = (double)(nextRandom(&s) >> 40) / (1 << 20) - 8;
      b[i].v[k] = (double)(nextRandom(&s) >> 40) / (1 << 26) - 0.125;
    }
    b[i].mass = i == 0 ? 40 : 0.1 * i;
  }
  for (uint64_t i = 0; i < n; i++) step(b, 0.001);
  for (size_t i = 0; i < sizeof b / 8; i++) {
    uint64_t bits;
    memcpy(&bits, (const char *)b + 8 * i, 8);
    hash = mix(hash, bits);
  }
  return hash;
}
