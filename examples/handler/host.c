/* One call of the vDSO serves several requests of the enclave: the handler answers and says "enter again". */
#include "enclave.h"
#include "handler.h"

#include <stdio.h>

struct conversation {
	const int64_t *numbers;
	struct shared shared;
	unsigned int requests;
	int64_t result;
};

/* The vDSO hands over the registers as the enclave left them. The return value is the next leaf function, or the result. */
static int serve(long rdi, long rsi, long rdx, long rsp, long r8, long r9, struct sgx_enclave_run *run)
{
	struct conversation *c = (struct conversation *)run->user_data;
	(void)rdx, (void)rsp, (void)r8, (void)r9;
	if (run->function != EEXIT)
		return -1;
	switch (rdi) {
	case REQUEST_NUMBER:
		c->requests++;
		c->shared.answer = *c->numbers;
		if (*c->numbers)
			c->numbers++;
		return EENTER;
	case REQUEST_PRINT:
		c->requests++;
		printf("so far: %ld\n", rsi);
		return EENTER;
	default:
		c->result = rsi;
		return 0;
	}
}

int main(void)
{
	static const int64_t numbers[] = { 20, 30, -8, 0 };
	struct conversation conversation = { .numbers = numbers };
	struct enclave enclave = enclave_load();
	struct sgx_enclave_run run = {
		.tcs = (uint64_t)enclave.tcs,
		.user_handler = (uint64_t)serve,
		.user_data = (uint64_t)&conversation,
	};
	struct enclave_registers registers = { .rdi = (uint64_t)&conversation.shared };
	if (enclave_call(&registers, EENTER, &run))
		fail("handler", "the enclave failed");
	printf("sum: %ld, after %u requests in one call\n", conversation.result, conversation.requests);
	return 0;
}
