/* bench enter ENCLAVE COUNT: that many calls of an enclave. bench build ENCLAVE COUNT: that many enclaves, one after another. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 4)
		fail("bench", "wrong arguments");
	long count = strtol(argv[3], NULL, 10);
	int device;
	if (!strcmp(argv[1], "enter")) {
		struct enclave enclave = load_enclave(argv[2], &device);
		typedef int call(unsigned long rdi, unsigned long rsi, unsigned long rdx, unsigned int function, unsigned long r8,
				 unsigned long r9, struct sgx_enclave_run *run);
		struct sgx_enclave_run run = { .tcs = (uint64_t)enclave.tcs };
		for (long i = 0; i < count; i++)
			if (((call *)vdso_sgx_enter_enclave)(0, 0, 0, EENTER, 0, 0, &run) || run.function != EEXIT)
				fail("enter", "failed");
	} else {
		struct image image = read_image(argv[2]);
		for (long i = 0; i < count; i++) {
			struct enclave enclave = build_enclave(&image, &device);
			munmap(enclave.base, enclave.size);
			close(device);
		}
	}
	return 0;
}
