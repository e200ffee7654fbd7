/* Nothing to do, and PAGES pages of data to be measured. */
#include "trusted.h"

static uint64_t data[PAGES * 512ul] = { 1 };

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t more)
{
	(void)argument, (void)more;
	return operation ? data[operation % (PAGES * 512ul)] : 0;
}
