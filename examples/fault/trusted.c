/* Writes into a page of its own, which the host may have made read-only. */
#include "trusted.h"
#include "fault.h"

static volatile uint64_t page[512] __attribute__((aligned(4096))) = { 1 };

uint64_t enclave_main(uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	(void)rdx;
	switch (rdi) {
	case PAGE_ADDRESS:
		return (uint64_t)page;
	case PAGE_WRITE:
		page[5] = rsi;
		return page[5];
	default:
		return 0;
	}
}
