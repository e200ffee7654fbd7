/* What the host of two enclaves that attest to each other carries between them. */
#ifndef ATTESTATION_H
#define ATTESTATION_H

#include "keys.h"

/* TELL: its own TARGETINFO. PROVE: a report for `target` with `data`. CHECK: 1 if `report` is genuine and for this enclave. */
enum { TELL, PROVE, CHECK };

struct attestation {
	struct targetinfo target;
	struct report report;
	uint8_t data[64];
};

#endif
