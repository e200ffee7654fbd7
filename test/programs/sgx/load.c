#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ul

void *vdso_sgx_enter_enclave;

void fail(const char *what, const char *reason)
{
	fprintf(stderr, "%s: %s\n", what, reason);
	exit(1);
}

static void *pages(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		fail("mmap", strerror(errno));
	return p;
}

static uint8_t *read_file(const char *name, const char *suffix)
{
	char path[4096];
	struct stat status;
	snprintf(path, sizeof path, "%s%s", name, suffix);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &status))
		fail(path, strerror(errno));
	uint8_t *data = pages((status.st_size + PAGE - 1) & -PAGE);
	if (read(fd, data, status.st_size) != status.st_size)
		fail(path, "short read");
	close(fd);
	return data;
}

static void request(int device, unsigned long number, void *argument, const char *name)
{
	if (ioctl(device, number, argument))
		fail(name, strerror(errno));
}

static void create(int device, const struct enclave *enclave, const uint8_t *sigstruct)
{
	struct secs *secs = pages(PAGE);
	secs->size = enclave->size;
	secs->base = (uint64_t)enclave->base;
	secs->ssa_frame_size = 1;
	memcpy(&secs->miscselect, sigstruct + 900, 4);
	memcpy(&secs->attributes, sigstruct + 928, 8);
	memcpy(&secs->xfrm, sigstruct + 936, 8);
	struct sgx_enclave_create argument = { (uint64_t)secs };
	request(device, SGX_IOC_ENCLAVE_CREATE, &argument, "SGX_IOC_ENCLAVE_CREATE");
	munmap(secs, PAGE);
}

static void add(int device, const struct segment *s, int is_tcs)
{
	struct secinfo secinfo = { .flags = SECINFO_TCS };
	if (!is_tcs)
		secinfo.flags = SECINFO_REG | (s->prot & PROT_READ ? SECINFO_R : 0) |
				(s->prot & PROT_WRITE ? SECINFO_W : 0) | (s->prot & PROT_EXEC ? SECINFO_X : 0);
	for (uint64_t done = 0; done < s->size;) {
		struct sgx_enclave_add_pages argument = {
			.src = (uint64_t)s->contents + done,
			.offset = s->offset + done,
			.length = s->size - done,
			.secinfo = (uint64_t)&secinfo,
			.flags = SGX_PAGE_MEASURE,
		};
		request(device, SGX_IOC_ENCLAVE_ADD_PAGES, &argument, "SGX_IOC_ENCLAVE_ADD_PAGES");
		done += argument.count;
	}
}

struct image read_image(const char *name)
{
	uint8_t *file = read_file(name, ".enclave");
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(file + header->e_phoff);
	struct image image = { .sigstruct = read_file(name, ".sigstruct") };

	for (int i = 0; i < header->e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (image.count == MAX_SEGMENTS)
			fail(name, "too many segments");
		struct segment *s = &image.segments[image.count++];
		s->contents = pages(p[i].p_memsz);
		memcpy(s->contents, file + p[i].p_offset, p[i].p_filesz);
		s->offset = p[i].p_vaddr;
		s->size = p[i].p_memsz;
		s->prot = (p[i].p_flags & PF_R ? PROT_READ : 0) | (p[i].p_flags & PF_W ? PROT_WRITE : 0) |
			  (p[i].p_flags & PF_X ? PROT_EXEC : 0);
	}
	return image;
}

struct enclave build_enclave(const struct image *image, int *device)
{
	*device = open("/dev/sgx_enclave", O_RDWR);
	if (*device < 0)
		fail("/dev/sgx_enclave", strerror(errno));
	vdso_sgx_enter_enclave = vdso_find("__vdso_sgx_enter_enclave");
	struct enclave enclave = { .size = 2 * PAGE };
	for (int i = 0; i < image->count; i++)
		while (enclave.size < image->segments[i].offset + image->segments[i].size)
			enclave.size *= 2;
	/* An enclave lies at a multiple of its size. */
	uint8_t *area = mmap(NULL, 2 * enclave.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		fail("mmap", strerror(errno));
	enclave.base = (uint8_t *)(((uintptr_t)area + enclave.size - 1) & -enclave.size);
	munmap(area, enclave.base - area);
	munmap(enclave.base + enclave.size, area + enclave.size - enclave.base);

	create(*device, &enclave, image->sigstruct);
	for (int i = 0; i < image->count; i++)
		add(*device, &image->segments[i], i == 0);
	struct sgx_enclave_init argument = { (uint64_t)image->sigstruct };
	request(*device, SGX_IOC_ENCLAVE_INIT, &argument, "SGX_IOC_ENCLAVE_INIT");
	for (int i = 0; i < image->count; i++) {
		const struct segment *s = &image->segments[i];
		if (mmap(enclave.base + s->offset, s->size, s->prot, MAP_SHARED | MAP_FIXED, *device, 0) == MAP_FAILED)
			fail("mmap of the enclave", strerror(errno));
	}
	enclave.tcs = enclave.base;
	memcpy(enclave.mrenclave, image->sigstruct + SIGSTRUCT_ENCLAVEHASH, sizeof enclave.mrenclave);
	return enclave;
}

struct enclave load_enclave(const char *name, int *device)
{
	struct image image = read_image(name);
	struct enclave enclave = build_enclave(&image, device);
	for (int i = 0; i < image.count; i++)
		munmap(image.segments[i].contents, image.segments[i].size);
	return enclave;
}

uint64_t enter(void *tcs, uint64_t rdi, const volatile void *rsi, uint64_t rdx)
{
	struct sgx_enclave_run run = { .tcs = (uint64_t)tcs };
	struct enclave_registers registers = { .rdi = rdi, .rsi = (uint64_t)rsi, .rdx = rdx };
	int result = enclave_call(&registers, EENTER, &run);
	if (result != 0 || run.function != EEXIT) {
		fprintf(stderr, "result %d, function %u, exception %u, error code %x, address %lx\n", result, run.function,
			run.exception_vector, run.exception_error_code, run.exception_addr);
		exit(1);
	}
	return registers.rsi;
}
