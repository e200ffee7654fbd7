/* What the host of hello hands to its enclave. */
#include <stdint.h>

struct hello {
	const char *text;
	uint64_t size;
	char *reply;
};

enum { MAX_TEXT = 256 };
