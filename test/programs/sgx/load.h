/* Enclaves from files, built and entered by the host programs of this folder. */
#ifndef LOAD_H
#define LOAD_H

#include "enclave.h"

/*
 * Builds the enclave of the file NAME.enclave with the signature NAME.sigstruct, which also says what SECS.ATTRIBUTES, XFRM
 * and MISCSELECT are to be. The first TCS is enclave.tcs, the next one a page behind it. The device stays open as `device`.
 * On failure, says why and ends the program with status 1.
 */
struct enclave load_enclave(const char *name, int *device);

/* Enters at `tcs` with three registers; ends the program unless the enclave comes back by EEXIT. What it answers in RSI. */
uint64_t enter(void *tcs, uint64_t rdi, const volatile void *rsi, uint64_t rdx);

#endif
