/*
 * What a host program needs to know of SGX: the interface of Linux (names as in its UAPI, structures and numbers only)
 * and the parts of Intel's structures that it fills in or reads.
 */
#ifndef EXAMPLES_SGX_H
#define EXAMPLES_SGX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* Leaf functions of ENCLU that leave or enter an enclave. */
enum { EENTER = 2, ERESUME = 3, EEXIT = 4 };

/* SECINFO.FLAGS */
enum {
	SECINFO_R = 1 << 0,
	SECINFO_W = 1 << 1,
	SECINFO_X = 1 << 2,
	SECINFO_TCS = 1 << 8,
	SECINFO_REG = 2 << 8,
};

/* SECS.ATTRIBUTES: the enclave runs 64-bit code, with the x87 and SSE state saved on exceptions. */
enum { ATTRIBUTES_MODE64BIT = 1 << 2, XFRM_X87_SSE = 3 };

struct secs {
	uint64_t size;
	uint64_t base;
	uint32_t ssa_frame_size;
	uint32_t miscselect;
	uint8_t reserved1[24];
	uint64_t attributes;
	uint64_t xfrm;
	uint8_t reserved2[4096 - 64];
};

struct secinfo {
	uint64_t flags;
	uint64_t reserved[7];
} __attribute__((aligned(64)));

enum { SIGSTRUCT_SIZE = 1808, SIGSTRUCT_ENCLAVEHASH = 960 };

struct sgx_enclave_create {
	uint64_t src;
};

struct sgx_enclave_add_pages {
	uint64_t src, offset, length, secinfo, flags, count;
};

struct sgx_enclave_init {
	uint64_t sigstruct;
};

#define SGX_PAGE_MEASURE 1
#define SGX_IOC_ENCLAVE_CREATE _IOW(0xa4, 0, struct sgx_enclave_create)
#define SGX_IOC_ENCLAVE_ADD_PAGES _IOWR(0xa4, 1, struct sgx_enclave_add_pages)
#define SGX_IOC_ENCLAVE_INIT _IOW(0xa4, 2, struct sgx_enclave_init)

/* The last argument of __vdso_sgx_enter_enclave(). */
struct sgx_enclave_run {
	uint64_t tcs;
	uint32_t function; /* out: the last leaf function; EEXIT if the enclave left by itself */
	uint16_t exception_vector;
	uint16_t exception_error_code;
	uint64_t exception_addr;
	uint64_t user_handler;
	uint64_t user_data;
	uint8_t reserved[216];
};

_Static_assert(sizeof(struct secs) == 4096, "SECS is a page");
_Static_assert(sizeof(struct secinfo) == 64, "SECINFO");
_Static_assert(sizeof(struct sgx_enclave_run) == 256, "sgx_enclave_run");
_Static_assert(offsetof(struct sgx_enclave_run, reserved) == 40, "sgx_enclave_run.reserved");

#endif
