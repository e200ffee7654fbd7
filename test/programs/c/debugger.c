/* A debugger and what it debugs: ptrace(2), /proc/PID/mem, process_vm_readv(2). Prints no addresses. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long number = 1234;
static volatile int handled, trapped;
static const char constant[] __attribute__((aligned(8))) = "constant";

/* Five instructions, one of them a system call. */
__asm__(".globl five\nfive: nop\nmov $110, %eax\nsyscall\nfive_end: xor %edi, %edi\nret\n");
extern void five(void);
extern char five_end[];

__attribute__((noinline)) static long target(long x)
{
	__asm__ volatile("");
	return x + 1;
}

static const char *error(long result)
{
	return result == -1 ? strerrorname_np(errno) : "ok";
}

static void on_signal(int signo)
{
	handled = handled * 100 + signo;
}

static void on_child(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	if (info->si_code == CLD_TRAPPED)
		trapped++;
}

static int stop_of(pid_t pid)
{
	int status;
	if (waitpid(pid, &status, 0) != pid) {
		printf("waitpid: %s\n", strerrorname_np(errno));
		exit(1);
	}
	if (WIFEXITED(status))
		printf("exited with %d\n", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
	else
		printf("stopped: %s\n", sigabbrev_np(WSTOPSIG(status)));
	return status;
}

static void say_siginfo(pid_t pid)
{
	siginfo_t info;
	long result = ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
	if (result == 0)
		printf("siginfo: %s code %d\n", sigabbrev_np(info.si_signo), info.si_code);
	else
		printf("siginfo: %s\n", error(result));
}

static pid_t start(void (*body)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		body();
		_exit(0);
	}
	return pid;
}

static void traced(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	signal(SIGURG, SIG_IGN);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	long result = target(number);
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGURG);
	five();
	raise(SIGSTOP);
	_exit(result == 43 && handled == 1012 && *(const volatile char *)constant == 'C' ? 42 : 1);
}

static void breakpoint(pid_t pid)
{
	struct user_regs_struct regs;
	errno = 0;
	long old = ptrace(PTRACE_PEEKTEXT, pid, target, 0);
	printf("text is the same: %d\n", !memcmp(&old, (void *)target, sizeof old));
	ptrace(PTRACE_POKETEXT, pid, target, (old & ~0xffl) | 0xcc);
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid);
	say_siginfo(pid);
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	printf("behind the breakpoint: %d, argument %lld, orig_rax %lld\n", regs.rip == (uint64_t)target + 1, regs.rdi, regs.orig_rax);
	ptrace(PTRACE_POKETEXT, pid, target, old);
	regs.rip--;
	regs.rdi = 42;
	printf("SETREGS: %s\n", error(ptrace(PTRACE_SETREGS, pid, 0, &regs)));
	printf("PEEKUSER: %ld\n", ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rdi), 0));
	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	stop_of(pid);
	say_siginfo(pid);
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	printf("one step: %d\n", regs.rip > (uint64_t)target && regs.rip < (uint64_t)target + 8);
	regs.cs = 0x10;
	printf("SETREGS of the kernel's segment: %s\n", error(ptrace(PTRACE_SETREGS, pid, 0, &regs)));
	regs.cs = 0x33;
	regs.fs_base = 1ul << 63;
	printf("SETREGS of the kernel's addresses: %s\n", error(ptrace(PTRACE_SETREGS, pid, 0, &regs)));
}

static void memory(pid_t pid)
{
	char path[64], text[16] = { 0 };
	long word;
	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	int fd = open(path, O_RDWR);
	long size = pread(fd, &word, sizeof word, (off_t)&number);
	printf("mem: %ld, %ld\n", size, word);
	/* A debugger may write where the process may not. */
	printf("constant: %zd\n", pwrite(fd, "C", 1, (off_t)constant));
	printf("seek: %d\n", lseek(fd, (off_t)constant, SEEK_SET) == (off_t)constant);
	size = read(fd, text, 8);
	printf("read: %ld %s\n", size, text);
	printf("again: %d\n", lseek(fd, 0, SEEK_CUR) == (off_t)constant + 8);
	printf("nowhere: %s\n", error(pread(fd, text, 8, 0x1000)));
	printf("SEEK_END: %s\n", error(lseek(fd, 0, SEEK_END)));
	close(fd);

	long parts[2] = { 0, 0 };
	struct iovec local[2] = { { &parts[0], 4 }, { &parts[1], 8 } };
	struct iovec remote[2] = { { (void *)&number, 8 }, { (void *)constant, 8 } };
	size = process_vm_readv(pid, local, 2, remote, 2, 0);
	printf("process_vm_readv: %ld, %ld %.4s\n", size, parts[0], (char *)&parts[1] + 4);
	remote[1].iov_base = (void *)0x1000;
	printf("half: %zd\n", process_vm_readv(pid, local, 2, remote, 2, 0));
	printf("nothing: %s\n", error(process_vm_readv(pid, local, 2, &remote[1], 1, 0)));
	printf("read-only: %s\n", error(process_vm_writev(pid, &local[1], 1, &(struct iovec){ (void *)constant, 8 }, 1, 0)));
	parts[1] = 42;
	printf("process_vm_writev: %zd\n", process_vm_writev(pid, &local[1], 1, remote, 1, 0));
	printf("flags: %s\n", error(process_vm_readv(pid, local, 2, remote, 2, 1)));
	printf("nobody: %s\n", error(process_vm_readv(1 << 21, local, 2, remote, 2, 0)));
}

static void errors(pid_t pid)
{
	struct iovec vector = { &(char[8]){ 0 }, 8 };
	printf("PEEK nowhere: %s\n", error(ptrace(PTRACE_PEEKDATA, pid, 0x1000, 0)));
	printf("POKE nowhere: %s\n", error(ptrace(PTRACE_POKEDATA, pid, 0x1000, 0)));
	errno = 0;
	printf("PEEKUSER unaligned: %s\n", error(ptrace(PTRACE_PEEKUSER, pid, 3, 0)));
	printf("PEEKUSER beyond: %s\n", error(ptrace(PTRACE_PEEKUSER, pid, 928, 0)));
	printf("CONT with 65: %s\n", error(ptrace(PTRACE_CONT, pid, 0, 65)));
	printf("ATTACH again: %s\n", error(ptrace(PTRACE_ATTACH, pid, 0, 0)));
	printf("ATTACH itself: %s\n", error(ptrace(PTRACE_ATTACH, getpid(), 0, 0)));
	printf("nobody: %s\n", error(ptrace(PTRACE_CONT, 1 << 21, 0, 0)));
	printf("no request: %s\n", error(ptrace(0x1234, pid, 0, 0)));
	printf("no option: %s\n", error(ptrace(PTRACE_SETOPTIONS, pid, 0, 1 << 30)));
	printf("no set: %s\n", error(ptrace(PTRACE_GETREGSET, pid, 99, &vector)));
	printf("a part of a set: %s, %zu\n", error(ptrace(PTRACE_GETREGSET, pid, 1, &vector)), vector.iov_len);
}

static void signals(pid_t pid)
{
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid); /* the first SIGUSR1, which is delivered */
	say_siginfo(pid);
	ptrace(PTRACE_CONT, pid, 0, SIGUSR1);
	stop_of(pid); /* the second, which is not */
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid); /* the third, which becomes another one */
	ptrace(PTRACE_CONT, pid, 0, SIGUSR2);
	stop_of(pid); /* SIGURG, although ignored */
}

static void steps(pid_t pid)
{
	struct user_regs_struct regs;
	long old = ptrace(PTRACE_PEEKTEXT, pid, five, 0);
	ptrace(PTRACE_POKETEXT, pid, five, (old & ~0xffl) | 0xcc);
	ptrace(PTRACE_CONT, pid, 0, SIGURG);
	stop_of(pid);
	ptrace(PTRACE_POKETEXT, pid, five, old);
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rip), five);
	for (int i = 0; i < 4; i++) {
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
		waitpid(pid, NULL, 0);
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		printf("step %d: at %lld, rax %d\n", i, regs.rip - (uint64_t)five,
		       regs.rip == (uint64_t)five_end ? regs.rax == (uint64_t)getpid() : -1);
	}
}

static void group_stop(pid_t pid)
{
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid);
	say_siginfo(pid);
	ptrace(PTRACE_CONT, pid, 0, SIGSTOP);
	stop_of(pid);
	say_siginfo(pid);
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid);
}

static int pipes[2], answers[2];

static void reader(void)
{
	char c = 0;
	long size = read(pipes[0], &c, 1);
	printf("read: %ld %c\n", size, c);
	fflush(stdout);
	for (;;)
		number++;
}

static void attached(void)
{
	pipe(pipes);
	pid_t pid = start(reader);
	usleep(10000);
	printf("not ours yet: %s\n", error(ptrace(PTRACE_CONT, pid, 0, 0)));
	printf("ATTACH: %s\n", error(ptrace(PTRACE_ATTACH, pid, 0, 0)));
	stop_of(pid);
	printf("nothing new: %d\n", waitpid(pid, NULL, WNOHANG));
	/* It waited in read(), and goes on waiting. */
	ptrace(PTRACE_CONT, pid, 0, 0);
	usleep(10000);
	printf("runs: %s\n", error(ptrace(PTRACE_CONT, pid, 0, 0)));
	fflush(stdout);
	write(pipes[1], "x", 1);
	usleep(20000);
	kill(pid, SIGSTOP);
	stop_of(pid);
	long before = ptrace(PTRACE_PEEKDATA, pid, &number, 0);
	printf("DETACH: %s\n", error(ptrace(PTRACE_DETACH, pid, 0, 0)));
	long now = before;
	while (now == before) {
		usleep(100);
		process_vm_readv(pid, &(struct iovec){ &now, 8 }, 1, &(struct iovec){ (void *)&number, 8 }, 1, 0);
	}
	ptrace(PTRACE_ATTACH, pid, 0, 0);
	stop_of(pid);
	printf("it went on: %d\n", ptrace(PTRACE_PEEKDATA, pid, &number, 0) >= now);
	printf("KILL: %s\n", error(ptrace(PTRACE_KILL, pid, 0, 0)));
	stop_of(pid);
}

static void executes(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	execl("/proc/self/exe", "debugger", "again", NULL);
	_exit(99);
}

/* Ends with 5 when it is told to; meanwhile anybody may attach. */
static void victim(void)
{
	char c;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	write(answers[1], "!", 1);
	read(pipes[0], &c, 1);
	_exit(5);
}

static pid_t victim_pid;

/* Attaches, lets the victim end, and is told of it before the parent. */
static void watches(void)
{
	ptrace(PTRACE_ATTACH, victim_pid, 0, 0);
	stop_of(victim_pid);
	ptrace(PTRACE_CONT, victim_pid, 0, 0);
	write(pipes[1], "x", 1);
	stop_of(victim_pid);
	fflush(stdout);
}

static void leaves(void)
{
	ptrace(PTRACE_ATTACH, victim_pid, 0, 0);
	waitpid(victim_pid, NULL, 0);
}

static void leaves_and_kills(void)
{
	leaves();
	ptrace(PTRACE_SETOPTIONS, victim_pid, 0, PTRACE_O_EXITKILL);
}

/* A debugger that is not the parent. */
static void stranger(void (*debugger)(void), int lets_go)
{
	char c;
	victim_pid = start(victim);
	read(answers[0], &c, 1);
	waitpid(start(debugger), NULL, 0);
	if (lets_go)
		write(pipes[1], "x", 1);
	stop_of(victim_pid);
}

static void strangers(void)
{
	pipe(pipes), pipe(answers);
	stranger(watches, 0);
	stranger(leaves, 1);
	stranger(leaves_and_kills, 0);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 7;
	struct sigaction action = { .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigaction(SIGCHLD, &action, NULL);
	pid_t pid = start(traced);
	stop_of(pid);
	printf("SIGCHLD: %d\n", trapped);
	printf("number: %ld\n", ptrace(PTRACE_PEEKDATA, pid, &number, 0));
	printf("POKEDATA: %s\n", error(ptrace(PTRACE_POKEDATA, pid, &number, 77)));
	memory(pid);
	errors(pid);
	breakpoint(pid);
	signals(pid);
	steps(pid);
	group_stop(pid);
	printf("gone: %s\n", error(ptrace(PTRACE_CONT, pid, 0, 0)));
	attached();
	pid = start(executes);
	stop_of(pid);
	say_siginfo(pid);
	ptrace(PTRACE_CONT, pid, 0, 0);
	stop_of(pid);
	strangers();
	return 0;
}
