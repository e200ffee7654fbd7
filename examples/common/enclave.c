/* Builds an enclave from its ELF file, through /dev/sgx_enclave. */
#include "enclave.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul
#define DEVICE "/dev/sgx_enclave"

void *vdso_sgx_enter_enclave;

void fail(const char *what, const char *reason)
{
	fprintf(stderr, "%s: %s\n", what, reason);
	exit(1);
}

/*
 * The enclave file is linked at address 0, so that addresses are offsets in the enclave. Every PT_LOAD consists of whole
 * pages; the first one is the TCS.
 */
static const Elf64_Ehdr *header(void)
{
	return (const Elf64_Ehdr *)embedded_enclave;
}

static const Elf64_Phdr *segment(int i)
{
	return (const Elf64_Phdr *)(embedded_enclave + header()->e_phoff) + i;
}

static int is_load(int i)
{
	return segment(i)->p_type == PT_LOAD && segment(i)->p_memsz > 0;
}

/* SECS.SIZE: the next power of two. */
static uint64_t enclave_size(void)
{
	uint64_t end = 0, size = 2 * PAGE;
	for (int i = 0; i < header()->e_phnum; i++)
		if (is_load(i) && segment(i)->p_vaddr + segment(i)->p_memsz > end)
			end = segment(i)->p_vaddr + segment(i)->p_memsz;
	while (size < end)
		size *= 2;
	return size;
}

/* An enclave must lie at a multiple of its size, which mmap() does not promise: reserve twice as much, keep the middle. */
static uint8_t *reserve_range(int device, uint64_t size)
{
	uint8_t *area = mmap(NULL, 2 * size, PROT_NONE, MAP_SHARED, device, 0);
	if (area == MAP_FAILED)
		fail("mmap of " DEVICE, strerror(errno));
	uint8_t *base = (uint8_t *)(((uintptr_t)area + size - 1) & ~(size - 1));
	if (base > area)
		munmap(area, base - area);
	munmap(base + size, area + size - base);
	return base;
}

static void create(int device, const struct enclave *enclave)
{
	struct secs *secs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secs == MAP_FAILED)
		fail("mmap", strerror(errno));
	secs->size = enclave->size;
	secs->base = (uint64_t)enclave->base;
	secs->ssa_frame_size = 1;
	secs->attributes = ATTRIBUTES_MODE64BIT;
	secs->xfrm = XFRM_X87_SSE;
	struct sgx_enclave_create arg = { (uint64_t)secs };
	if (ioctl(device, SGX_IOC_ENCLAVE_CREATE, &arg))
		fail("SGX_IOC_ENCLAVE_CREATE", strerror(errno));
	munmap(secs, PAGE);
}

static void add_segment(int device, const Elf64_Phdr *s, int is_tcs)
{
	/* The kernel wants the source page aligned. */
	uint8_t *pages = mmap(NULL, s->p_memsz, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		fail("mmap", strerror(errno));
	memcpy(pages, embedded_enclave + s->p_offset, s->p_filesz);

	struct secinfo secinfo = { .flags = SECINFO_TCS };
	if (!is_tcs)
		secinfo.flags = SECINFO_REG | (s->p_flags & PF_R ? SECINFO_R : 0) | (s->p_flags & PF_W ? SECINFO_W : 0) |
				(s->p_flags & PF_X ? SECINFO_X : 0);
	/* The kernel may stop early, for example at a signal; count says how far it came. */
	for (uint64_t done = 0; done < s->p_memsz;) {
		struct sgx_enclave_add_pages arg = {
			.src = (uint64_t)pages + done,
			.offset = s->p_vaddr + done,
			.length = s->p_memsz - done,
			.secinfo = (uint64_t)&secinfo,
			.flags = SGX_PAGE_MEASURE,
		};
		if (ioctl(device, SGX_IOC_ENCLAVE_ADD_PAGES, &arg) && errno != EINTR)
			fail("SGX_IOC_ENCLAVE_ADD_PAGES", strerror(errno));
		done += arg.count;
	}
	munmap(pages, s->p_memsz);
}

static void init(int device)
{
	uint8_t *sigstruct = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sigstruct == MAP_FAILED)
		fail("mmap", strerror(errno));
	memcpy(sigstruct, embedded_sigstruct, SIGSTRUCT_SIZE);
	struct sgx_enclave_init arg = { (uint64_t)sigstruct };
	if (ioctl(device, SGX_IOC_ENCLAVE_INIT, &arg))
		fail("SGX_IOC_ENCLAVE_INIT", strerror(errno));
	munmap(sigstruct, PAGE);
}

static void map_segment(int device, const struct enclave *enclave, const Elf64_Phdr *s)
{
	int prot = (s->p_flags & PF_R ? PROT_READ : 0) | (s->p_flags & PF_W ? PROT_WRITE : 0) |
		   (s->p_flags & PF_X ? PROT_EXEC : 0);
	void *at = enclave->base + s->p_vaddr;
	if (mmap(at, s->p_memsz, prot, MAP_SHARED | MAP_FIXED, device, 0) != at)
		fail("mmap of the enclave", strerror(errno));
}

struct enclave enclave_load(void)
{
	int device = open(DEVICE, O_RDWR);
	if (device < 0)
		fail("cannot open " DEVICE " (has this machine SGX?)", strerror(errno));
	vdso_sgx_enter_enclave = vdso_find("__vdso_sgx_enter_enclave");
	if (!vdso_sgx_enter_enclave)
		fail("__vdso_sgx_enter_enclave", "not in the vDSO of this kernel");

	struct enclave enclave = { .size = enclave_size() };
	enclave.base = reserve_range(device, enclave.size);
	create(device, &enclave);
	for (int i = 0, loads = 0; i < header()->e_phnum; i++)
		if (is_load(i))
			add_segment(device, segment(i), loads++ == 0);
	init(device);
	for (int i = header()->e_phnum - 1; i >= 0; i--)
		if (is_load(i)) {
			map_segment(device, &enclave, segment(i));
			enclave.tcs = enclave.base + segment(i)->p_vaddr;
		}
	close(device);
	/* The kernel has just compared it with what the processor measured. */
	memcpy(enclave.mrenclave, embedded_sigstruct + SIGSTRUCT_ENCLAVEHASH, sizeof enclave.mrenclave);
	return enclave;
}
