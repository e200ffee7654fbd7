/* For the code inside the enclave. */
#ifndef EXAMPLES_TRUSTED_H
#define EXAMPLES_TRUSTED_H

#include <stddef.h>
#include <stdint.h>

/* The body of every call: RDI, RSI, RDX of the host come in, the result goes out in RSI with RDI = 0. */
uint64_t enclave_main(uint64_t rdi, uint64_t rsi, uint64_t rdx);

/*
 * Leaves the enclave with RDI = request (not 0) and RSI = argument, and returns when the host enters again. What the
 * host answers, it puts into memory that both know.
 */
void ask_host(uint64_t request, uint64_t argument);

/* Where the enclave begins and ends; trusted.ld knows. */
extern char enclave_base[], enclave_limit[];

/* Whether a range that the host names really is outside: or the host could make us read or write our own secrets. */
static inline int is_outside(const volatile void *pointer, uint64_t size)
{
	uint64_t start = (uint64_t)pointer, end = start + size;
	return start <= end && (end <= (uint64_t)enclave_base || start >= (uint64_t)enclave_limit);
}

#endif
