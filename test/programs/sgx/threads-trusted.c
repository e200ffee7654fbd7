/* Several threads in one enclave at once: counts entries, its own and everybody's. */
#include "threads.h"
#include "trusted.h"

static volatile uint64_t own[4];
static uint64_t entries, bad;

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t thread)
{
	volatile struct threads *shared = (volatile struct threads *)argument;
	switch (operation) {
	case COUNT:
		/* Read and written in two steps: only this thread may come here with its number. */
		own[thread]++;
		__atomic_add_fetch(&entries, 1, __ATOMIC_SEQ_CST);
		/* Not locked, but never wrong either: nobody else has this thread's registers or stack. */
		for (volatile int i = 0; i < 5; i++)
			if (i < 0 || i >= 5)
				__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		return own[thread];
	case TOTAL:
		return entries + (bad << 32);
	case STAY:
		/* Until the host says so. */
		shared->inside = 1;
		while (!shared->leave)
			;
		return 1;
	}
	return ~0ul;
}
