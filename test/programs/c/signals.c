/* Signals: handlers with context, masks, alternate stacks, faults that are repaired, timers. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, last, depth;
static sigjmp_buf back;
static char *page;
static volatile int *volatile nowhere = (volatile int *)4;

static void note(int signo)
{
	count++;
	last = signo;
}

static void nested(int signo)
{
	depth = depth * 10 + (signo == SIGUSR1 ? 1 : 2);
	if (signo == SIGUSR1)
		raise(SIGUSR2);
	depth = depth * 10 + (signo == SIGUSR1 ? 3 : 4);
}

static void install(int signo, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	sigaction(signo, &action, NULL);
}

static void install_info(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };
	sigaction(signo, &action, NULL);
}

static void handlers_and_masks(void)
{
	sigset_t block, old, pending;
	install(SIGUSR1, note, 0);
	raise(SIGUSR1);
	printf("one signal: %d, it was %d\n", count, last);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	raise(SIGUSR1);
	raise(SIGUSR1);
	sigpending(&pending);
	printf("blocked: %d, pending %d\n", count, sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
	printf("unblocked: %d\n", count);
	install(SIGUSR1, nested, 0);
	install(SIGUSR2, nested, 0);
	raise(SIGUSR1);
	printf("nested: %d\n", depth);
	install(SIGUSR2, note, SA_RESETHAND);
	raise(SIGUSR2);
	struct sigaction now;
	sigaction(SIGUSR2, NULL, &now);
	printf("reset: %d\n", now.sa_handler == SIG_DFL);
	install(SIGUSR2, SIG_IGN, 0);
	raise(SIGUSR2);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	int taken = 0;
	sigwait(&block, &taken);
	printf("waited for %d\n", taken == SIGUSR1);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Which registers the handler sees and changes. */
static void repair(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	printf("signal %d code %d at page+%ld, trap %lld error %lld\n", signo, info->si_code,
	       (long)((char *)info->si_addr - page), u->uc_mcontext.gregs[REG_TRAPNO], u->uc_mcontext.gregs[REG_ERR]);
	if (u->uc_mcontext.gregs[REG_RAX] == 0x1234)
		u->uc_mcontext.gregs[REG_RIP] += 3;
	else
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void faults_repaired(void)
{
	page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	install_info(SIGSEGV, repair, 0);
	page[10] = 7;
	printf("written: %d\n", page[10]);
	mprotect(page, 4096, PROT_READ);
	long value = 5;
	/* mov %cl, 64(%rdi) is three bytes long. */
	__asm__ volatile("mov $0x1234, %%eax\n\tmov %%cl, 64(%%rdi)\n\tadd $1, %0"
			 : "+r"(value)
			 : "D"(page), "c"(9)
			 : "rax", "memory");
	printf("skipped: %ld %d\n", value, page[64]);
	mprotect(page, 4096, PROT_NONE);
	printf("read: %d\n", page[10]);
	munmap(page + 4096, 4096);
}

static void jump_out(int signo, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	char here;
	stack_t now;
	sigaltstack(NULL, &now);
	int on_alternate = &here >= (char *)now.ss_sp && &here < (char *)now.ss_sp + now.ss_size;
	printf("signal %d code %d trap %lld, alternate stack %d\n", signo, info->si_code,
	       u->uc_mcontext.gregs[REG_TRAPNO], on_alternate);
	siglongjmp(back, 1);
}

static volatile int bottom = -1;

static int dive(int n)
{
	volatile char frame[1000];
	frame[0] = n;
	frame[999] = n;
	return n == bottom ? 0 : dive(n + 1) + frame[0] + frame[999];
}

static void faults_left(void)
{
	static char alternate[65536];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
	sigaltstack(&stack, NULL);
	static const int signals[] = { SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS };
	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
		install_info(signals[i], jump_out, SA_ONSTACK);
	volatile int one = 1, zero = 0;
	if (!sigsetjmp(back, 1))
		printf("%d\n", one / zero);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("int3");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("hlt");
	if (!sigsetjmp(back, 1))
		((void (*)(void))0x5000)();
	if (!sigsetjmp(back, 1))
		printf("%d\n", *(volatile char *)0x8000000000000000ul);
	if (!sigsetjmp(back, 1))
		printf("%d\n", dive(0));
	printf("the stack is whole again\n");
}

static void timers(void)
{
	count = 0;
	install(SIGALRM, note, SA_RESTART);
	struct itimerval timer = { { 0, 200 }, { 0, 200 } }, rest;
	setitimer(ITIMER_REAL, &timer, NULL);
	while (count < 5)
		;
	getitimer(ITIMER_REAL, &rest);
	printf("five times, interval %ld\n", (long)rest.it_interval.tv_usec);
	memset(&timer, 0, sizeof timer);
	setitimer(ITIMER_REAL, &timer, NULL);
	count = 0;
	install(SIGALRM, note, 0);
	alarm(1);
	int paused = pause();
	printf("pause: %d %s, signals %d, left %u\n", paused, strerror(errno), count, alarm(0));
	alarm(100);
	printf("left of 100 s: %d\n", (int)(alarm(0) + 1) / 10);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	handlers_and_masks();
	faults_repaired();
	faults_left();
	timers();
	install(SIGSEGV, SIG_DFL, 0);
	*nowhere = 1;
	return 0;
}
