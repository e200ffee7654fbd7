/* RFLAGS.TF set by the program itself, by POPF and IRET: SIGTRAP after each instruction, until it clears the flag. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { TF = 0x100 };

/* Each begins with TF set (RBX: the flag) and ends with it cleared. */
#define SET "pushfq; orq %rbx, (%rsp); popfq;"
#define CLEAR "pushfq; btrq $8, (%rsp); popfq; ret;"
#define LISTING(name, body) __asm__(".text;" #name ":" body); extern const char name[];
LISTING(plain, SET "nop; mov %rax, %rcx; xor %eax, %eax;" CLEAR)
LISTING(repeated, SET "mov %rsp, %rsi; lea -64(%rsp), %rdi; mov $3, %ecx; rep movsb; xor %ecx, %ecx; rep movsb;" CLEAR)
LISTING(jumps, SET "mov $3, %ecx; 1: dec %ecx; jnz 1b; call 2f; jmp 3f; 2: ret; 3:" CLEAR)
LISTING(calls, SET "mov $39, %eax; syscall; nop; mov $39, %eax; syscall; syscall;" CLEAR)
LISTING(segment, SET "mov %ss, %ecx; mov %ecx, %ss; nop; nop;" CLEAR)
LISTING(returned, "mov %rsp, %rdx; mov %ss, %ecx; push %rcx; push %rdx; pushfq; orq %rbx, (%rsp); mov %cs, %ecx; push %rcx;"
		  "lea 1f(%rip), %rcx; push %rcx; iretq; nop; 1: nop; nop;" CLEAR)
LISTING(faults, SET "ud2; nop; int3; nop; mov 0, %al; nop;" CLEAR)
LISTING(again, SET SET "nop;" CLEAR)
LISTING(word, "pushfw; orw %bx, (%rsp); popfw; nop;" CLEAR)
LISTING(pushed, SET "pushfq; pop %rax; lahf; stc; cpuid; rdtsc;" CLEAR)
LISTING(hot, "mov $20000, %ecx; 1: imul $77, %rax; add %rcx, %rax; dec %ecx; jnz 1b;" SET "mov $700, %ecx; 2: dec %ecx; jnz 2b;" CLEAR)

static const char *start;
static volatile int count, shown;

static void trapped(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t now;
	__asm__ volatile("pushfq; pop %0" : "=r"(now));
	count++;
	if (shown++ < 24)
		printf(" %d:%d@%lld%s%s", sig, info->si_code, (long long)(r[REG_RIP] - (greg_t)(uintptr_t)start), r[REG_EFL] & TF ? "" : "-",
		       now & TF ? "!" : "");
	if (sig == SIGTRAP && info->si_code == TRAP_TRACE && (info->si_addr != (void *)r[REG_RIP] || r[REG_TRAPNO] != 1 || r[REG_ERR]))
		printf("?");
	if (sig == SIGILL)
		r[REG_RIP] += 2;
	if (sig == SIGSEGV)
		r[REG_RIP] += 7;
}

static void run(const char *name, const char *code)
{
	start = code;
	count = shown = 0;
	printf("%s:", name);
	__asm__ volatile("call *%0" : : "r"(code), "b"((uint64_t)TF) : "rax", "rcx", "rdx", "rsi", "rdi", "r11", "memory", "cc");
	printf(" = %d\n", count);
}

int main(void)
{
	const struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };
	sigaction(SIGTRAP, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	run("plain", plain);
	run("repeated", repeated);
	run("jumps", jumps);
	run("system calls", calls);
	run("stack segment", segment);
	run("returned", returned);
	run("faults", faults);
	run("again", again);
	run("word", word);
	run("pushed", pushed);
	run("hot", hot);
	fflush(stdout);
	/* Blocked, it ends the program all the same. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run("blocked", plain);
	return 0;
}
