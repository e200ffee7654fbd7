/* More data than the EPC may hold: a table of 3 MiB, walked in an order that no cache likes. */
#include "paging.h"
#include "trusted.h"

static uint64_t table[TABLE_BYTES / 8];

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t seed)
{
	uint64_t n = sizeof table / sizeof table[0], sum = seed;
	(void)argument;
	switch (operation) {
	case FILL:
		for (uint64_t i = 0; i < n; i += 32)
			table[i] = mix(seed + i);
		return n;
	case WALK:
		for (uint64_t i = 0; i < STEPS; i++) {
			uint64_t at = mix(seed + i) % n & ~31ul;
			sum = mix(sum + table[at]);
			table[at] = sum;
		}
		return sum;
	case SUM:
		for (uint64_t i = 0; i < n; i += 32)
			sum = mix(sum + table[i]);
		return sum;
	}
	return ~0ul;
}
