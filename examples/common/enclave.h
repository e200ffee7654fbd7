/* Building and entering an enclave that is embedded in the host program (see embed.S). */
#ifndef EXAMPLES_ENCLAVE_H
#define EXAMPLES_ENCLAVE_H

#include "sgx.h"

struct enclave {
	uint8_t *base;
	uint64_t size;
	uint8_t *tcs;
	uint8_t mrenclave[32];
};

/* The registers that reach the enclave, and what they hold when the call is over. */
struct enclave_registers {
	uint64_t rdi, rsi, rdx, r8, r9;
};

/* The files that embed.S puts into the program. */
extern const uint8_t embedded_enclave[], embedded_sigstruct[];

/* Loads the embedded enclave. On failure, says why and ends the program with status 1. */
struct enclave enclave_load(void);

/*
 * Calls __vdso_sgx_enter_enclave(). Can be called from C although an enclave that is left by an exception leaves zeros
 * in registers that C expects to keep: all of these are saved around the call. Returns what the vDSO returns.
 *
 * After an exception, call again with ERESUME, and from the same place: when the enclave leaves at last, it returns to
 * the stack that it was entered with.
 */
int enclave_call(struct enclave_registers *registers, unsigned int function, struct sgx_enclave_run *run);

/* The vDSO's function, looked up by enclave_load(). */
extern void *vdso_sgx_enter_enclave;
void *vdso_find(const char *name);

/* Prints "program: what: reason" and ends the program with status 1. */
__attribute__((noreturn)) void fail(const char *what, const char *reason);

#endif
