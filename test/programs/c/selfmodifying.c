/* Code that changes: every way to change it must be seen by the next instruction that is fetched. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int function(void);
typedef int function1(int);

static unsigned char *map(int prot, int flags)
{
	void *p = mmap(NULL, 8192, prot, flags | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		exit(1);
	return p;
}

/* mov eax, value; ret */
static void put(unsigned char *at, int value)
{
	at[0] = 0xb8;
	memcpy(at + 1, &value, 4);
	at[5] = 0xc3;
}

static void patched_between_calls(void)
{
	unsigned char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	/* At the start of a page, and across the boundary of two. */
	for (int offset = 0; offset <= 4096; offset += 4093) {
		long sum = 0;
		for (int i = 0; i < 3000; i++) {
			put(code + offset, i);
			sum += ((function *)(code + offset))();
		}
		printf("at %d: %ld\n", offset, sum);
	}
	long sum = 0;
	put(code, 1);
	for (int i = 0; i < 20000; i++) {
		sum += ((function *)code)();
		if (i % 5000 == 4999)
			code[1]++;
	}
	printf("hot, then patched: %ld\n", sum);
}

/* mov [rip+1], dil; mov eax, 0; ret: the store changes the instruction behind it. */
static void patches_itself(void)
{
	static const unsigned char text[] = { 0x40, 0x88, 0x3d, 0x01, 0, 0, 0, 0xb8, 0, 0, 0, 0, 0xc3 };
	unsigned char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	for (int offset = 64; offset < 4096; offset += 4096 - 64 - 8) {
		long sum = 0;
		memcpy(code + offset, text, sizeof text);
		for (int i = 0; i < 3000; i++)
			sum += ((function1 *)(code + offset))(i) * (i & 3);
		printf("changes the next instruction, at %d: %ld\n", offset, sum);
	}
	/* rep stosb over the ret that follows it, with a ret in AL; nop in between. */
	static const unsigned char fill[] = { 0x57, 0x48, 0x8d, 0x3d, 9, 0, 0, 0, 0xb9, 4, 0, 0, 0, 0xf3, 0xaa, 0x5f, 0x90, 0x90, 0x90, 0x90, 0xb8, 7, 0, 0, 0, 0xc3 };
	memcpy(code + 512, fill, sizeof fill);
	int got;
	__asm__ volatile("mov $0xc3, %%eax\n\tcall *%1" : "=&a"(got) : "r"(code + 512) : "rcx", "rdi", "memory");
	printf("a string instruction fills what follows: %x\n", got);
}

static void changed_from_outside(void)
{
	unsigned char *code = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	int ends[2];
	if (pipe(ends))
		exit(1);
	put(code, 1);
	long sum = 0;
	for (int i = 0; i < 200; i++) {
		sum += ((function *)code)();
		if (write(ends[1], &i, 4) != 4 || read(ends[0], code + 1, 4) != 4)
			exit(1);
	}
	printf("by read(): %ld\n", sum);

	for (int i = 0; i < 100; i++) {
		mprotect(code, 4096, PROT_READ | PROT_WRITE);
		put(code, i * i);
		mprotect(code, 4096, PROT_READ | PROT_EXEC);
		sum += ((function *)code)();
	}
	printf("by mprotect() and back: %ld\n", sum);

	for (int i = 0; i < 100; i++) {
		mmap(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		put(code, i * 3);
		sum += ((function *)code)();
	}
	printf("by mmap() over it: %ld\n", sum);
}

static void other_processes(void)
{
	unsigned char *private = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
	unsigned char *shared = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED);
	put(private, 1);
	put(shared, 1);
	int hot = 0;
	for (int i = 0; i < 3000; i++)
		hot += ((function *)private)() + ((function *)shared)();
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (child == 0) {
			put(private, 50 + i);
			put(shared, ((function *)shared)() + 1);
			_exit(((function *)private)());
		}
		int status;
		waitpid(child, &status, 0);
		hot += WEXITSTATUS(status) + ((function *)private)() + ((function *)shared)();
	}
	printf("private and shared pages: %d, %d %d\n", hot, ((function *)private)(), ((function *)shared)());
	/* The same frame at two addresses. */
	unsigned char *alias = mremap(shared, 0, 8192, MREMAP_MAYMOVE);
	if (alias == MAP_FAILED)
		exit(1);
	long sum = 0;
	for (int i = 0; i < 3000; i++) {
		put(alias, i);
		sum += ((function *)shared)();
	}
	printf("through an alias: %ld\n", sum);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	patched_between_calls();
	patches_itself();
	changed_from_outside();
	other_processes();
	return 0;
}
