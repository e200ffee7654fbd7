/* AES-128 and its CMAC (FIPS 197, NIST SP 800-38B), small and slow, for code inside enclaves. */
#ifndef AES_CMAC_H
#define AES_CMAC_H

#include <stdint.h>

typedef uint8_t aes_block[16];

static uint8_t gf_times(uint8_t a, uint8_t b)
{
	uint8_t product = 0;
	for (; b; b >>= 1) {
		if (b & 1)
			product ^= a;
		a = (uint8_t)(a << 1) ^ (a & 0x80 ? 0x1b : 0);
	}
	return product;
}

static uint8_t rotate_left(uint8_t x, int n)
{
	return (uint8_t)(x << n | x >> (8 - n));
}

/* Walks through all p = 3^n with their inverses q = 3^-n. */
static const uint8_t *sbox(void)
{
	static uint8_t table[256];
	uint8_t p = 1, q = 1;
	while (!table[0]) {
		p = gf_times(p, 3);
		q = gf_times(q, 0xf6);
		table[p] = q ^ rotate_left(q, 1) ^ rotate_left(q, 2) ^ rotate_left(q, 3) ^ rotate_left(q, 4) ^ 0x63;
		if (p == 1)
			table[0] = 0x63;
	}
	return table;
}

static void aes_encrypt(const aes_block key, aes_block data)
{
	const uint8_t *S = sbox();
	uint8_t round_key[176], constant = 1;
	for (int i = 0; i < 16; i++)
		round_key[i] = key[i];
	for (int i = 16; i < 176; i += 4) {
		uint8_t t[4] = { round_key[i - 4], round_key[i - 3], round_key[i - 2], round_key[i - 1] };
		if (i % 16 == 0) {
			uint8_t first = t[0];
			t[0] = S[t[1]] ^ constant, t[1] = S[t[2]], t[2] = S[t[3]], t[3] = S[first];
			constant = gf_times(constant, 2);
		}
		for (int k = 0; k < 4; k++)
			round_key[i + k] = round_key[i - 16 + k] ^ t[k];
	}
	for (int i = 0; i < 16; i++)
		data[i] ^= round_key[i];
	for (int round = 1; round <= 10; round++) {
		aes_block shifted;
		for (int i = 0; i < 16; i++)
			shifted[i] = S[data[(i + 4 * (i % 4)) % 16]];
		for (int column = 0; column < 16; column += 4)
			for (int k = 0; k < 4; k++) {
				const uint8_t *c = shifted + column;
				data[column + k] = round == 10 ? c[k] :
					gf_times(c[k], 2) ^ gf_times(c[(k + 1) % 4], 3) ^ c[(k + 2) % 4] ^ c[(k + 3) % 4];
			}
		for (int i = 0; i < 16; i++)
			data[i] ^= round_key[16 * round + i];
	}
}

/* SP 800-38B, "Subkey Generation": times x. */
static void cmac_double(aes_block block)
{
	uint8_t carry = block[0] & 0x80 ? 0x87 : 0;
	for (int i = 0; i < 15; i++)
		block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
	block[15] = (uint8_t)(block[15] << 1) ^ carry;
}

static void aes_cmac(const aes_block key, const uint8_t *message, uint64_t size, aes_block mac)
{
	aes_block subkey = { 0 };
	aes_encrypt(key, subkey);
	cmac_double(subkey);
	uint64_t last = size ? (size - 1) / 16 * 16 : 0;
	if (size - last != 16)
		cmac_double(subkey);
	for (int i = 0; i < 16; i++)
		mac[i] = 0;
	for (uint64_t at = 0; at < last; at += 16) {
		for (int i = 0; i < 16; i++)
			mac[i] ^= message[at + i];
		aes_encrypt(key, mac);
	}
	for (uint64_t i = 0; i < 16; i++)
		mac[i] ^= (last + i < size ? message[last + i] : last + i == size ? 0x80 : 0) ^ subkey[i];
	aes_encrypt(key, mac);
}

#endif
