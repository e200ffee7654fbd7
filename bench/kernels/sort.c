/* Recursive quicksort of n random integers: unpredictable branches, calls, loads and stores. */
#include "bench.h"
#include <stdlib.h>

static void sortRange(uint32_t *a, long low, long high) {
  while (low < high) {
    uint32_t pivot = a[low + (high - low) / 2];
    long i = low, j = high;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i > j) break;
      uint32_t t = a[i];
      a[i++] = a[j];
      a[j--] = t;
    }
    sortRange(a, low, j);
    low = i;
  }
}

uint64_t sort(uint64_t n) {
  uint64_t s = 0x2545f4914f6cdd1du, hash = 0;
  uint32_t *a = malloc((n + 1) * sizeof *a);
  if (!a) abort();
  for (uint64_t i = 0; i < n; i++) a[i] = (uint32_t)(nextRandom(&s) >> 20);
  sortRange(a, 0, (long)n - 1);
  for (uint64_t i = 0; i < n; i++) hash = mix(hash, a[i]);
  free(a);
  return hash;
}
