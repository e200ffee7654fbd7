/* Seals a text for whoever may derive the same key: encrypted in counter mode, then authenticated. */
#include "aes-cmac.h"
#include "keys.h"
#include "sealing.h"
#include "trusted.h"

#ifndef VARIANT
#define VARIANT 1
#endif
/* Makes another enclave, with another measurement, of the same code. */
const int variant = VARIANT;

static struct keyrequest request;
static struct targetinfo nobody;
static uint8_t no_data[64] __attribute__((aligned(128)));
static struct report self;
static struct sealed inside;
static uint8_t text[MAX_SECRET];

static void copy(void *to, const volatile void *from, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

static uint64_t seal_key(const struct sealed *s, uint8_t key[16])
{
	request.keyname = SEAL_KEY;
	request.keypolicy = s->keypolicy;
	request.isvsvn = s->isvsvn;
	request.attributemask = ~0ul;
	request.xfrmmask = 0;
	copy(request.cpusvn, s->cpusvn, 16);
	copy(request.keyid, s->keyid, 32);
	return egetkey(&request, key);
}

static void crypt(const uint8_t key[16], const uint8_t *from, uint8_t *to)
{
	for (int i = 0; i < MAX_SECRET; i += 16) {
		aes_block stream = { 'c', 't', 'r', (uint8_t)(i / 16) };
		aes_encrypt(key, stream);
		for (int k = 0; k < 16; k++)
			to[i + k] = from[i + k] ^ stream[k];
	}
}

uint64_t enclave_main(uint64_t operation, uint64_t argument, uint64_t policy)
{
	struct sealing *call = (struct sealing *)argument;
	uint8_t key[16] __attribute__((aligned(16)));
	aes_block mac;
	if (!is_outside(call, sizeof *call))
		return ~0ul;
	copy(&inside, &call->sealed, sizeof inside);
	if (operation == SEAL) {
		ereport(&nobody, no_data, &self);
		inside.keypolicy = (uint16_t)policy;
		inside.isvsvn = self.isvsvn;
		copy(inside.cpusvn, self.cpusvn, 16);
		copy(inside.keyid, self.keyid, 32);
		copy(text, call->text, MAX_SECRET);
	}
	uint64_t error = seal_key(&inside, key);
	if (error)
		return error;
	if (operation == SEAL) {
		crypt(key, text, inside.ciphertext);
		aes_cmac(key, (const uint8_t *)&inside, __builtin_offsetof(struct sealed, mac), inside.mac);
		copy(&call->sealed, &inside, sizeof inside);
		return 0;
	}
	aes_cmac(key, (const uint8_t *)&inside, __builtin_offsetof(struct sealed, mac), mac);
	for (int i = 0; i < 16; i++)
		if (mac[i] != inside.mac[i])
			return WRONG_MAC;
	crypt(key, inside.ciphertext, text);
	copy(call->text, text, MAX_SECRET);
	return 0;
}
