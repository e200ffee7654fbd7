/* What the host of the sealing enclave hands to it, and what it stores. */
#ifndef SEALING_H
#define SEALING_H

#include <stdint.h>

enum { SEAL, UNSEAL };
enum { MAX_SECRET = 64 };

/* RSI of the answer: 0, an error code of EGETKEY, or this. */
enum { WRONG_MAC = 1000 };

struct sealed {
	/* What the key was derived with. */
	uint16_t keypolicy, isvsvn, size, reserved;
	uint8_t cpusvn[16], keyid[32];
	uint8_t ciphertext[MAX_SECRET];
	/* AES-CMAC over all above. */
	uint8_t mac[16];
};

struct sealing {
	struct sealed sealed;
	uint8_t text[MAX_SECRET];
};

#endif
