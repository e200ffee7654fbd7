/* Computing: deep recursion, longjmp, callbacks, integers at their edges, floating point and how it prints. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf out;

static int ackermann(int m, int n)
{
	return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static __attribute__((noinline)) long descend(long n)
{
	volatile long keep = n;
	if (n == 0)
		return 0;
	return descend(n - 1) + keep % 7;
}

static __attribute__((noinline)) void leave(volatile int n)
{
	volatile char frame[64];
	frame[0] = n;
	if (n == 0)
		longjmp(out, 77);
	if (n > 0)
		leave(n - 1);
	frame[1] = frame[0];
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void integers(void)
{
	static const int64_t edge[] = { 0, 1, -1, 2, -2, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 0x5555555555555555 };
	uint64_t hash = 14695981039346656037u;
	for (unsigned i = 0; i < 10; i++)
		for (unsigned k = 0; k < 10; k++) {
			int64_t a = edge[i], b = edge[k];
			uint64_t parts[] = { a + b, (uint64_t)a * b, a & b, a ^ b, (uint64_t)a >> (b & 63), a >> (b & 63),
					     (uint64_t)a << (b & 63), a < b, (uint64_t)a < (uint64_t)b,
					     b == 0 || (a == INT64_MIN && b == -1) ? 0 : a / b,
					     b == 0 || (a == INT64_MIN && b == -1) ? 0 : a % b, b == 0 ? 0 : (uint64_t)a / b,
					     (uint64_t)(((__int128)a * b) >> 64), (int8_t)a * (int16_t)b,
					     a == 0 ? 64 : __builtin_ctzll(a), __builtin_bswap64(a) };
			for (unsigned p = 0; p < sizeof parts / sizeof *parts; p++)
				hash = (hash ^ parts[p]) * 1099511628211u;
		}
	printf("integers %016lx\n", hash);
}

static void floats(void)
{
	double sum = 0;
	float single = 0;
	for (int i = 1; i < 20000; i++) {
		sum += 1.0 / i / i;
		single += 1.0f / i;
	}
	printf("%.17g %.9g %a\n", sum, single, sqrt(6 * sum));
	printf("%g %g %g %g %e\n", 0.1 + 0.2, DBL_MIN / 3, DBL_MAX * 10, -1.0 / 0.0, 5e-324);
	printf("%.3f %.0f %10.4e %g %s\n", 2.0005, 2.5, 123456.789, 1e100, isnan(0.0 / 0.0) ? "nan" : "number");
	printf("%Lg %.20Lf\n", 1.0L / 3, 3.14159265358979323846L);
	printf("%d %ld %u %lu %d\n", (int)-2.9, (long)1e18, (unsigned)4e9, (unsigned long)1.8e19, (int)(float)16777217);
	printf("%.15g %.15g %.15g %.15g\n", sin(1), exp(1), pow(2, 0.5), log(10));
	printf("%.15g %.15g\n", strtod("1.7976931348623157e308", NULL), strtod("4.9e-324", NULL));
	printf("%.17g %.17g\n", floor(-2.5), fmod(5.3, 2));
}

static void vectors(void)
{
	static float a[1000], b[1000];
	static int c[1000];
	for (int i = 0; i < 1000; i++) {
		a[i] = i * 0.5f;
		b[i] = 1000.f / (i + 1);
		c[i] = i * 1234567;
	}
	float dot = 0;
	int sum = 0, most = 0;
	for (int i = 0; i < 1000; i++) {
		a[i] = a[i] * b[i] + 1;
		c[i] = (c[i] >> 3) ^ (c[i] << 5);
	}
	for (int i = 0; i < 1000; i++) {
		dot += a[i];
		sum += c[i];
		most = c[i] > most ? c[i] : most;
	}
	printf("vectors %.9g %d %d\n", dot, sum, most);
}

int main(void)
{
	printf("ackermann %d\n", ackermann(2, 300));
	printf("deep %ld\n", descend(100000));
	int r = setjmp(out);
	if (r == 0)
		leave(5000);
	printf("longjmp %d\n", r);
	static uint32_t numbers[5000];
	uint32_t x = 1;
	for (unsigned i = 0; i < 5000; i++)
		numbers[i] = x = x * 1664525 + 1013904223;
	qsort(numbers, 5000, sizeof *numbers, by_value);
	printf("sorted %u %u %u\n", numbers[0], numbers[2500], numbers[4999]);
	integers();
	floats();
	vectors();
	return 0;
}
