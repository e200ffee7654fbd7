/* Finds a function in the vDSO, as a dynamic linker would. */
#include "enclave.h"

#include <elf.h>
#include <string.h>
#include <sys/auxv.h>

/* The number of dynamic symbols is only in the hash tables; a vDSO may have either. */
static uint32_t symbol_count(const uint32_t *hash, const uint32_t *gnu_hash)
{
	if (hash)
		return hash[1];
	if (!gnu_hash)
		return 0;
	uint32_t buckets = gnu_hash[0], first = gnu_hash[1], bloom_words = gnu_hash[2], last = 0;
	const uint32_t *bucket = gnu_hash + 4 + 2 * bloom_words, *chain = bucket + buckets;
	for (uint32_t i = 0; i < buckets; i++)
		if (bucket[i] > last)
			last = bucket[i];
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

void *vdso_find(const char *name)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	if (!image)
		return NULL;
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(image + header->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	uint64_t linked_at = 0;
	for (int i = header->e_phnum - 1; i >= 0; i--) {
		if (segments[i].p_type == PT_LOAD)
			linked_at = segments[i].p_vaddr - segments[i].p_offset;
		if (segments[i].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(image + segments[i].p_offset);
	}
	if (!dynamic)
		return NULL;

	const uint8_t *bias = image - linked_at;
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	const uint32_t *hash = NULL, *gnu_hash = NULL;
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = bias + dynamic->d_un.d_ptr;
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = at;
		if (dynamic->d_tag == DT_STRTAB)
			strings = at;
		if (dynamic->d_tag == DT_HASH)
			hash = at;
		if (dynamic->d_tag == DT_GNU_HASH)
			gnu_hash = at;
	}
	if (!symbols || !strings)
		return NULL;
	for (uint32_t i = 1, n = symbol_count(hash, gnu_hash); i < n; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && !strcmp(strings + symbols[i].st_name, name))
			return (void *)(bias + symbols[i].st_value);
	return NULL;
}
