/*
 * Calls the vDSO through a plain C function pointer: no assembly, no wrapper. The compiler keeps values in callee-saved
 * registers across the call, and this program looks whether they are still there.
 *
 *   direct mainline | v29 | v29-misc | v28
 */
#include "enclave.h"

#include <stdio.h>
#include <string.h>

typedef int handler_v29(long rdi, long rsi, long rdx, long ursp, long r8, long r9, void *tcs, int ret, void *e, void *misc);

typedef int call_mainline(unsigned long rdi, unsigned long rsi, unsigned long rdx, unsigned int function, unsigned long r8,
			  unsigned long r9, struct sgx_enclave_run *run);
typedef int call_v29(unsigned long rdi, unsigned long rsi, unsigned long rdx, unsigned int leaf, unsigned long r8,
		     unsigned long r9, void *tcs, void *e, handler_v29 *handler, void *misc);
/* v28 takes the leaf in EAX. C can only put a number there by passing as many floating-point numbers to "...". */
typedef int call_v28(unsigned long rdi, ...);

static struct enclave enclave;
static const char *abi;
static volatile unsigned long seed = 3;
static unsigned int handled;
static void *seen_misc;

static int serve(long rdi, long rsi, long rdx, long rsp, long r8, long r9, struct sgx_enclave_run *run)
{
	(void)rdi, (void)rdx, (void)rsp, (void)r8, (void)r9;
	handled += rsi == 42 && run->function == EEXIT;
	return 0;
}

static int serve_v29(long rdi, long rsi, long rdx, long ursp, long r8, long r9, void *tcs, int ret, void *e, void *misc)
{
	(void)rdi, (void)rdx, (void)ursp, (void)r8, (void)r9, (void)e;
	handled += rsi == 42 && ret == 0 && tcs == enclave.tcs;
	seen_misc = misc;
	return 0;
}

static inline int enter(int with_handler)
{
	void *f = vdso_sgx_enter_enclave;
	handler_v29 *handler = with_handler ? serve_v29 : NULL;
	if (!strcmp(abi, "mainline")) {
		struct sgx_enclave_run run = { .tcs = (uint64_t)enclave.tcs, .user_handler = with_handler ? (uint64_t)serve : 0 };
		int result = ((call_mainline *)f)(0, 1, 2, EENTER, 4, 5, &run);
		return result ? result : run.function == EEXIT ? 0 : -1;
	}
	if (!strcmp(abi, "v28"))
		return ((call_v28 *)f)(0, 1ul, 2ul, 0ul, 4ul, 5ul, (void *)enclave.tcs, NULL, handler, 0.0, 0.0);
	return ((call_v29 *)f)(0, 1, 2, EENTER, 4, 5, enclave.tcs, NULL, handler, &handled);
}

/* More values than there are callee-saved registers. */
static __attribute__((noinline)) int survives(int with_handler)
{
	unsigned long a = seed, b = a * 3, c = b * 5, d = c * 7, e = d * 11, f = e * 13, g = f * 17;
	int result = enter(with_handler);
	unsigned long s = seed;
	if (result)
		printf("returned %d\n", result);
	return result == 0 && a == s && b == s * 3 && c == s * 15 && d == s * 105 && e == s * 1155 && f == s * 15015 &&
	       g == s * 255255;
}

int main(int argc, char **argv)
{
	abi = argc > 1 ? argv[1] : "mainline";
	enclave = enclave_load();
	int good = 0;
	for (int i = 0; i < 100; i++)
		good += survives(i & 1);
	printf("%s: %d of 100 calls kept everything, the handler was called %u times\n", abi, good, handled);
	if (!strcmp(abi, "v29-misc"))
		printf("misc: %s\n", seen_misc == &handled ? "arrived" : "lost");
	return 0;
}
