/* EGETKEY and EREPORT for code inside enclaves, with the structures of the manual. */
#ifndef KEYS_H
#define KEYS_H

#include <stdint.h>

enum { REPORT_KEY = 3, SEAL_KEY = 4 };
enum { KEYPOLICY_MRENCLAVE = 1, KEYPOLICY_MRSIGNER = 2 };

struct keyrequest {
	uint16_t keyname, keypolicy, isvsvn, reserved1;
	uint8_t cpusvn[16];
	uint64_t attributemask, xfrmmask;
	uint8_t keyid[32];
	uint32_t miscmask;
	uint16_t configsvn;
	uint8_t reserved2[434];
} __attribute__((aligned(512)));

struct targetinfo {
	uint8_t measurement[32];
	uint64_t attributes, xfrm;
	uint8_t cet_attributes, reserved1;
	uint16_t configsvn;
	uint32_t miscselect;
	uint8_t reserved2[8], configid[64], reserved3[384];
} __attribute__((aligned(512)));

struct report {
	uint8_t cpusvn[16];
	uint32_t miscselect;
	uint8_t reserved1[12], isvextprodid[16];
	uint64_t attributes, xfrm;
	uint8_t mrenclave[32], reserved2[32], mrsigner[32], reserved3[32], configid[64];
	uint16_t isvprodid, isvsvn, configsvn;
	uint8_t reserved4[42], isvfamilyid[16], reportdata[64];
	/* The MAC covers what is above. */
	uint8_t keyid[32], mac[16], reserved5[80];
} __attribute__((aligned(512)));

enum { REPORT_SIGNED = 384 };

_Static_assert(sizeof(struct keyrequest) == 512, "KEYREQUEST");
_Static_assert(sizeof(struct targetinfo) == 512, "TARGETINFO");
_Static_assert(sizeof(struct report) == 512 && __builtin_offsetof(struct report, keyid) == REPORT_SIGNED, "REPORT");

/* RAX of EGETKEY: 0, or what the processor has against it. */
static inline uint64_t egetkey(const struct keyrequest *request, uint8_t key[16])
{
	uint64_t result = 1;
	__asm__ volatile("enclu" : "+a"(result) : "b"(request), "c"(key) : "memory", "cc");
	return result;
}

static inline void ereport(const struct targetinfo *target, const uint8_t reportdata[64], struct report *report)
{
	__asm__ volatile("enclu" : : "a"(0ul), "b"(target), "c"(reportdata), "d"(report) : "memory");
}

#endif
