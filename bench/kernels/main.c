/* bench KERNEL N: prints the kernel's result hash and the CPU time of this thread in nanoseconds. */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct { const char *name; uint64_t (*run)(uint64_t n); } KERNELS[] = {
    {"alu", alu}, {"sha", sha},     {"sort", sort},     {"list", list}, {"listl1", listl1},
    {"vm", vm},   {"nbody", nbody}, {"chacha", chacha}, {"fib", fib},   {"mem", mem},
    {"bignum", bignum}, {"aes", aes},
};

static uint64_t cpuTime(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv) {
  for (size_t i = 0; argc == 3 && i < sizeof KERNELS / sizeof *KERNELS; i++) {
    if (strcmp(argv[1], KERNELS[i].name)) continue;
    uint64_t start = cpuTime();
    uint64_t hash = KERNELS[i].run(strtoull(argv[2], 0, 10));
    printf("%016llx %llu\n", (unsigned long long)hash, (unsigned long long)(cpuTime() - start));
    return 0;
  }
  fputs("usage: bench KERNEL N\n", stderr);
  return 2;
}
