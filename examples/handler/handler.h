/* What the enclave of handler asks its host for, in RDI when it leaves. 0 means that it is done. */
#include <stdint.h>

enum {
	REQUEST_NUMBER = 1, /* put the next number into shared->answer; 0 ends the list */
	REQUEST_PRINT = 2,  /* print RSI */
};

struct shared {
	int64_t answer;
};
