/* Takes the right to write away from a page of the enclave, sees the fault, repairs it, and resumes the enclave. */
#include "enclave.h"
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static uint8_t *page;

/* What the program does about an exception in the enclave. */
static void repair(const struct sgx_enclave_run *run)
{
	printf("exception: function %u, vector %u, error code 0x%x, %s the page\n", run->function, run->exception_vector,
	       run->exception_error_code, run->exception_addr == (uint64_t)page ? "at" : "not at");
	if (run->function != ERESUME || run->exception_vector != 14 || run->exception_addr != (uint64_t)page)
		fail("fault", "this exception cannot be repaired");
	if (mprotect(page, 4096, PROT_READ | PROT_WRITE))
		fail("mprotect", strerror(errno));
	printf("the page is writable again, the enclave is resumed\n");
}

/* Enters the enclave, and resumes it until it leaves by itself. */
static uint64_t call(const struct enclave *enclave, uint64_t what, uint64_t value)
{
	struct sgx_enclave_run run = { .tcs = (uint64_t)enclave->tcs };
	struct enclave_registers registers = { .rdi = what, .rsi = value };
	for (unsigned int function = EENTER;; function = ERESUME) {
		if (enclave_call(&registers, function, &run))
			fail("fault", "the enclave was not entered");
		if (run.function == EEXIT)
			return registers.rsi;
		repair(&run);
	}
}

int main(void)
{
	struct enclave enclave = enclave_load();
	page = (uint8_t *)call(&enclave, PAGE_ADDRESS, 0);
	if (mprotect(page, 4096, PROT_READ))
		fail("mprotect", strerror(errno));
	printf("the page is read-only, the enclave writes to it\n");
	uint64_t value = call(&enclave, PAGE_WRITE, 42);
	printf("the enclave left, the page holds %lu\n", value);
	return 0;
}
