/* Calls of the threads enclave. */
#ifndef THREADS_H
#define THREADS_H

#include <stdint.h>

enum { COUNT, TOTAL, STAY };

struct threads {
	uint32_t inside, leave;
};

#endif
