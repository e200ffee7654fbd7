/* Adds up numbers that it asks the host for, one by one, and has every intermediate sum printed. */
#include "trusted.h"
#include "handler.h"

uint64_t enclave_main(uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	const volatile struct shared *shared = (const volatile struct shared *)rdi;
	(void)rsi, (void)rdx;
	if (!is_outside(shared, sizeof *shared))
		return 0;
	int64_t sum = 0;
	for (;;) {
		ask_host(REQUEST_NUMBER, 0);
		int64_t number = shared->answer;
		if (number == 0)
			return sum;
		sum += number;
		ask_host(REQUEST_PRINT, sum);
	}
}
