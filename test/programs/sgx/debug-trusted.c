/* Has a secret that only a debugger may see, and only if the enclave has the DEBUG attribute. */
#include "debug.h"
#include "trusted.h"

static volatile uint64_t secret = 0x1122334455667788;

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t unused)
{
	(void)argument, (void)unused;
	switch (operation) {
	case WHERE:
		return (uint64_t)&secret;
	case TELL:
		return secret;
	case FAULT:
		__asm__ volatile("ud2");
		return 5;
	case SPIN:
		while (secret)
			;
		return 6;
	}
	return ~0ul;
}
