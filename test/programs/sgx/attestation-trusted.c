/* One of two enclaves on the same machine: reports to the other, and checks the other's reports ("local attestation"). */
#include "aes-cmac.h"
#include "attestation.h"
#include "trusted.h"

#ifndef VARIANT
#define VARIANT 1
#endif
const int variant = VARIANT;

static struct targetinfo target;
static struct report report;
static uint8_t data[64] __attribute__((aligned(128)));
static struct keyrequest request;

static void copy(void *to, const volatile void *from, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

static uint64_t is_genuine(void)
{
	uint8_t key[16] __attribute__((aligned(16)));
	aes_block mac;
	request.keyname = REPORT_KEY;
	copy(request.keyid, report.keyid, sizeof report.keyid);
	if (egetkey(&request, key))
		return 0;
	aes_cmac(key, (const uint8_t *)&report, REPORT_SIGNED, mac);
	uint8_t difference = 0;
	for (int i = 0; i < 16; i++)
		difference |= mac[i] ^ report.mac[i];
	return difference == 0;
}

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t unused)
{
	struct attestation *call = (struct attestation *)argument;
	(void)unused;
	if (!is_outside(call, sizeof *call))
		return ~0ul;
	copy(&target, &call->target, sizeof target);
	copy(&report, &call->report, sizeof report);
	copy(data, call->data, sizeof data);
	switch (operation) {
	case TELL: {
		static struct targetinfo nobody;
		ereport(&nobody, data, &report);
		copy(target.measurement, report.mrenclave, 32);
		target.attributes = report.attributes;
		target.xfrm = report.xfrm;
		target.miscselect = report.miscselect;
		target.configsvn = report.configsvn;
		copy(target.configid, report.configid, 64);
		copy(&call->target, &target, sizeof target);
		return 0;
	}
	case PROVE:
		ereport(&target, data, &report);
		copy(&call->report, &report, sizeof report);
		return 0;
	case CHECK:
		return is_genuine();
	}
	return ~0ul;
}
