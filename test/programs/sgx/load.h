/* Enclaves from files, built and entered by the host programs of this folder. */
#ifndef LOAD_H
#define LOAD_H

#include "enclave.h"

#define MAX_SEGMENTS 8

/* The pages of an enclave, in the order in which they are added; those of the first segment are TCSs. */
struct image {
	uint8_t *sigstruct;
	int count;
	struct segment {
		uint8_t *contents;
		uint64_t offset, size;
		int prot;
	} segments[MAX_SEGMENTS];
};

/*
 * Reads NAME.enclave and the signature NAME.sigstruct, which also says what SECS.ATTRIBUTES, XFRM and MISCSELECT are to be. On
 * failure, this and the next two say why and end the program with status 1.
 */
struct image read_image(const char *name);

/* Builds the enclave. The first TCS is enclave.tcs, the next one a page behind it. The device stays open as `device`. */
struct enclave build_enclave(const struct image *image, int *device);

/* Both at once. */
struct enclave load_enclave(const char *name, int *device);

/* Enters at `tcs` with three registers; ends the program unless the enclave comes back by EEXIT. What it answers in RSI. */
uint64_t enter(void *tcs, uint64_t rdi, const volatile void *rsi, uint64_t rdx);

#endif
