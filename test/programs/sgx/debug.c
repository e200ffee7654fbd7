/* debug ENCLAVE: looks into its own enclave with /proc/self/mem, and into a child's with ptrace. */
#define _GNU_SOURCE
#include "debug.h"
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct enclave enclave;
static int device, mem;

/* How many bytes, or the name of the error. */
static const char *outcome(long result)
{
	static char text[24];
	if (result < 0)
		return strerrorname_np(errno);
	snprintf(text, sizeof text, "%ld", result);
	return text;
}

static void own_memory(uint64_t secret)
{
	uint8_t bytes[4096] = { 0 }, *hole = enclave.base + enclave.size - 4096;
	uint64_t word = 0;
	memcpy(&word, (const void *)secret, sizeof word);
	printf("from outside: %lx\n", word);
	word = 0;
	const char *size = outcome(pread(mem, &word, 8, secret));
	printf("read: %s %lx\n", size, word);
	word = 0;
	size = outcome(pread(mem, &word, 3, secret + 3));
	printf("a part: %s %lx\n", size, word);
	printf("write: %s\n", outcome(pwrite(mem, "\xaa\xbb\xcc", 3, secret + 1)));
	printf("seen inside: %lx\n", enter(enclave.tcs, TELL, NULL, 0));
	printf("across a page: %s\n", outcome(pread(mem, bytes, 16, (secret & -4096ul) + 4088)));

	size = outcome(pread(mem, bytes, 72, (uint64_t)enclave.tcs));
	printf("TCS: %s, NSSA %d\n", size, bytes[28]);
	printf("behind its fields: %s\n", outcome(pread(mem, bytes, 8, (uint64_t)enclave.tcs + 72)));
	printf("TCS.OENTRY: %s\n", outcome(pwrite(mem, bytes, 8, (uint64_t)enclave.tcs + 32)));
	printf("TCS.FLAGS: %s\n", outcome(pwrite(mem, "\1", 1, (uint64_t)enclave.tcs + 8)));
	printf("opted in: %d\n", pread(mem, bytes, 8, (uint64_t)enclave.tcs + 8) == 8 && bytes[0] == 1);
	if (mmap(hole, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, device, 0) != hole)
		fail("mmap", strerror(errno));
	printf("no page: %s\n", outcome(pread(mem, bytes, 8, (uint64_t)hole)));
	struct iovec local = { bytes, 8 }, remote = { (void *)secret, 8 };
	printf("process_vm_readv: %s\n", outcome(process_vm_readv(getpid(), &local, 1, &remote, 1, 0)));
}

/* RIP in the SSA frame that the exception has filled: the first frame follows the TCS's other pages. */
static void patch_ssa(void)
{
	struct sgx_enclave_run run = { .tcs = (uint64_t)enclave.tcs };
	struct enclave_registers registers = { .rdi = FAULT };
	uint64_t ossa = 0, rip = 0;
	enclave_call(&registers, EENTER, &run);
	printf("exception: vector %u\n", run.exception_vector);
	pread(mem, &ossa, 8, (uint64_t)enclave.tcs + 16);
	uint64_t at = (uint64_t)enclave.base + ossa + 4096 - 184 + 136;
	const char *size = outcome(pread(mem, &rip, 8, at));
	printf("SSA.RIP: %s, inside %d\n", size, rip - (uint64_t)enclave.base < enclave.size);
	if (rip) {
		rip += 2;
		printf("behind UD2: %s\n", outcome(pwrite(mem, &rip, 8, at)));
		enclave_call(&registers, ERESUME, &run);
		printf("goes on: function %u, answer %lu\n", run.function, registers.rsi);
	}
}

/* Where a thread inside is: at the AEP, behind the ENCLU there, or elsewhere. */
static const char *place(pid_t pid, uint64_t aep)
{
	struct user_regs_struct regs;
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	return regs.rip == aep ? "at the AEP" : regs.rip == aep + 3 ? "outside" : "elsewhere";
}

/* The TCS is opted in: each step is an instruction of the enclave, and an asynchronous exit. */
static void steps_inside(pid_t pid, void *tcs, uint64_t aep)
{
	uint64_t ossa, rip[4] = { 0 };
	int moved = 0;
	pread(mem, &ossa, 8, (uint64_t)tcs + 16);
	for (int i = 0; i < 4; i++) {
		if (i > 0) {
			ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
			waitpid(pid, NULL, 0);
		}
		pread(mem, &rip[i], 8, (uint64_t)enclave.base + ossa + 4096 - 184 + 136);
		moved += i > 0 && rip[i] != rip[i - 1] && rip[i] - (uint64_t)enclave.base < enclave.size;
	}
	printf("three steps inside: %s, moved %d times\n", place(pid, aep), moved);
}

static void other_process(uint64_t secret, int opted_in)
{
	struct user_regs_struct regs;
	fflush(stdout);
	void *tcs = enclave.tcs + (opted_in ? 0 : 4096);
	pid_t pid = fork();
	if (pid == 0)
		_exit(enter(tcs, SPIN, NULL, 0));
	usleep(1000);
	ptrace(PTRACE_ATTACH, pid, 0, 0);
	waitpid(pid, NULL, 0);
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	printf("at the AEP: %d, RAX %lld\n", regs.rip - (uint64_t)enclave.base >= enclave.size, regs.rax);
	errno = 0;
	long word = ptrace(PTRACE_PEEKDATA, pid, secret, 0);
	if (word == (long)secret)
		printf("PEEKDATA: the address ok\n");
	else
		printf("PEEKDATA: %lx %s\n", word, errno ? strerrorname_np(errno) : "ok");
	if (opted_in)
		steps_inside(pid, tcs, regs.rip);
	printf("POKEDATA: %s\n", outcome(ptrace(PTRACE_POKEDATA, pid, secret, 0)));
	if (errno) {
		ptrace(PTRACE_KILL, pid, 0, 0);
	} else {
		if (!opted_in) {
			/* All that is inside is one step. */
			ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
			waitpid(pid, NULL, 0);
			printf("one step: %s\n", place(pid, regs.rip));
		}
		ptrace(PTRACE_POKEDATA, pid, secret, 0);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
	int status;
	waitpid(pid, &status, 0);
	printf("child: %x\n", status);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		fail("debug", "wrong arguments");
	enclave = load_enclave(argv[1], &device);
	mem = open("/proc/self/mem", O_RDWR);
	uint64_t secret = enter(enclave.tcs, WHERE, NULL, 0);
	own_memory(secret);
	patch_ssa();
	other_process(secret, 0);
	if (pwrite(mem, &secret, 8, secret) == 8)
		other_process(secret, 1);
	return 0;
}
