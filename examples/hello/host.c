/* Passes a text into an enclave and prints the enclave's reply. */
#include "enclave.h"
#include "hello.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : "Hello, enclave";
	char reply[MAX_TEXT];
	if (strlen(text) > MAX_TEXT)
		fail("hello", "the text is too long");

	struct enclave enclave = enclave_load();
	printf("MRENCLAVE ");
	for (unsigned i = 0; i < sizeof enclave.mrenclave; i++)
		printf("%02x", enclave.mrenclave[i]);

	struct sgx_enclave_run run = { .tcs = (uint64_t)enclave.tcs };
	struct hello call = { .text = text, .size = strlen(text), .reply = reply };
	struct enclave_registers registers = { .rdi = (uint64_t)&call };
	int result = enclave_call(&registers, EENTER, &run);
	if (result != 0 || run.function != EEXIT || registers.rsi != call.size) {
		printf("\n");
		fail("hello", "the enclave did not answer");
	}
	printf("\nhost:    %s\nenclave: %.*s\n", text, (int)registers.rsi, reply);
	return 0;
}
