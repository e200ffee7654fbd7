/* Waiting and waking: futex(2) at its edges, robust mutexes whose owner dies, signals for one thread of many. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAITERS 5

static uint32_t words[2] __attribute__((aligned(8)));
static volatile int woken, ready;

static long futex(uint32_t *word, int op, uint32_t value, const void *timeout, uint32_t *other, uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, timeout, other, value3);
}

static const char *error(long result)
{
	static char text[24];
	snprintf(text, sizeof text, "%ld", result);
	return result == -1 ? strerrorname_np(errno) : text;
}

static void calls(void)
{
	struct timespec soon = { 0, 1000000 }, past = { 0, 0 }, wrong = { 0, 1000000000 };
	uint32_t *nowhere = (uint32_t *)0x1000;
	words[0] = 7;
	printf("another value: %s\n", error(futex(words, FUTEX_WAIT, 8, NULL, NULL, 0)));
	printf("timeout: %s\n", error(futex(words, FUTEX_WAIT, 7, &soon, NULL, 0)));
	printf("absolute timeout: %s\n", error(futex(words, FUTEX_WAIT_BITSET, 7, &past, NULL, 1)));
	printf("no such time: %s\n", error(futex(words, FUTEX_WAIT, 7, &wrong, NULL, 0)));
	printf("no bits: %s\n", error(futex(words, FUTEX_WAIT_BITSET, 7, NULL, NULL, 0)));
	printf("not aligned: %s\n", error(futex((uint32_t *)((char *)words + 1), FUTEX_WAIT, 7, NULL, NULL, 0)));
	printf("nowhere: %s\n", error(futex(nowhere, FUTEX_WAIT, 7, NULL, NULL, 0)));
	printf("no operation: %s\n", error(futex(words, 99, 0, NULL, NULL, 0)));
	printf("nobody to wake: %s\n", error(futex(words, FUTEX_WAKE, 1, NULL, NULL, 0)));
	printf("requeue, another value: %s\n", error(futex(words, FUTEX_CMP_REQUEUE, 1, (void *)1, words + 1, 8)));
	printf("requeue, less than nothing: %s\n", error(futex(words, FUTEX_REQUEUE, -1, (void *)1, words + 1, 0)));
	/* Adds 3 to the second word if it can, and compares what was there. */
	words[1] = 4;
	uint32_t operation = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 4);
	long result = futex(words, FUTEX_WAKE_OP, 1, (void *)1, words + 1, operation);
	printf("wake op: %s, %u\n", error(result), words[1]);
	operation = FUTEX_OP((FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT), 5, FUTEX_OP_CMP_GT, 0);
	result = futex(words, FUTEX_WAKE_OP, 1, (void *)1, words + 1, operation);
	printf("wake op, a bit: %s, %u\n", error(result), words[1]);
}

static void *waiter(void *argument)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	futex(words, FUTEX_WAIT_BITSET, 7, NULL, NULL, 1u << (uintptr_t)argument);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* All of them are asleep: as many as a wake of none of them would find. */
static void wait_until_asleep(int count)
{
	while (ready < count)
		usleep(100);
	/* Moves all of them to where they are: says how many there are. */
	while (futex(words, FUTEX_CMP_REQUEUE, 0, (void *)1000, words, 7) < count)
		usleep(100);
}

static void wakes(void)
{
	pthread_t threads[WAITERS];
	words[0] = 7;
	for (uintptr_t i = 0; i < WAITERS; i++)
		pthread_create(&threads[i], NULL, waiter, (void *)i);
	wait_until_asleep(WAITERS);
	printf("no such bits: %s\n", error(futex(words, FUTEX_WAKE_BITSET, 10, NULL, NULL, 1u << 9)));
	printf("two bits: %s\n", error(futex(words, FUTEX_WAKE_BITSET, 10, NULL, NULL, 1u << 1 | 1u << 3)));
	long moved = futex(words, FUTEX_REQUEUE, 1, (void *)1, words + 1, 0);
	printf("one woken, one moved: %s\n", error(moved));
	printf("where it was: %s\n", error(futex(words, FUTEX_WAKE, 10, NULL, NULL, 0)));
	printf("where it went: %s\n", error(futex(words + 1, FUTEX_WAKE, 10, NULL, NULL, 0)));
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	printf("woken: %d\n", woken);
}

static pthread_mutex_t *robust(void)
{
	pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attributes);
	return mutex;
}

static void *dies(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

static void *waits_for_it(void *mutex)
{
	return (void *)(intptr_t)pthread_mutex_lock(mutex);
}

static void owners(void)
{
	pthread_t thread;
	void *seen;
	pthread_mutex_t *mutex = robust();
	pthread_create(&thread, NULL, dies, mutex);
	pthread_join(thread, NULL);
	printf("a thread died: %s\n", strerrorname_np(pthread_mutex_lock(mutex)));
	printf("consistent: %d, ", pthread_mutex_consistent(mutex));
	printf("unlock: %d, ", pthread_mutex_unlock(mutex));
	printf("lock: %d\n", pthread_mutex_lock(mutex));

	/* A process that is killed while it holds one and another waits. */
	pthread_mutex_t *other = robust();
	int pipes[2];
	char byte;
	pipe(pipes);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		pthread_mutex_lock(other);
		write(pipes[1], "x", 1);
		pause();
	}
	read(pipes[0], &byte, 1);
	pthread_create(&thread, NULL, waits_for_it, other);
	usleep(2000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pthread_join(thread, &seen);
	printf("a process died: %s\n", strerrorname_np((int)(intptr_t)seen));
	/* The one that locked it has ended too, without saying that it is consistent. */
	printf("and the next thread: %s\n", strerrorname_np(pthread_mutex_lock(other)));
	pthread_mutex_unlock(other);
	printf("not made consistent: %s\n", strerrorname_np(pthread_mutex_lock(other)));
}

static __thread int mine;
static volatile int stop;

static void count(int signo)
{
	(void)signo;
	mine++;
}

static void *hears(void *argument)
{
	pid_t *tid = argument;
	*tid = gettid();
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (!stop)
		usleep(100);
	return (void *)(intptr_t)mine;
}

static void *interrupted(void *unused)
{
	(void)unused;
	words[0] = 7;
	ready = 1;
	long result = futex(words, FUTEX_WAIT, 7, NULL, NULL, 0);
	return (void *)(result == -1 ? strerrorname_np(errno) : "woken");
}

static void signals(void)
{
	pthread_t threads[3];
	pid_t tids[3];
	void *heard[3];
	struct sigaction action = { .sa_handler = count };
	sigset_t set, pending;
	sigaction(SIGUSR1, &action, NULL);
	ready = 0;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, hears, &tids[i]);
	while (ready < 3)
		usleep(100);
	printf("tgkill: %s\n", error(syscall(SYS_tgkill, getpid(), tids[1], SIGUSR1)));
	printf("of another process: %s\n", error(syscall(SYS_tgkill, getpid() + 1, tids[1], SIGUSR1)));
	printf("no signal: %s\n", error(syscall(SYS_tgkill, getpid(), tids[1], 65)));
	printf("nobody: %s\n", error(syscall(SYS_tgkill, getpid(), 0, SIGUSR1)));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	sigpending(&pending);
	printf("blocked here, pending: %d\n", sigismember(&pending, SIGUSR1));
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], &heard[i]);
	printf("heard: %ld %ld %ld\n", (long)heard[0], (long)heard[1], (long)heard[2]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	printf("then here: %d\n", mine);

	ready = 0;
	pthread_create(&threads[0], NULL, interrupted, NULL);
	while (!ready)
		usleep(100);
	usleep(2000);
	pthread_kill(threads[0], SIGUSR1);
	pthread_join(threads[0], &heard[0]);
	printf("interrupted: %s\n", (char *)heard[0]);
}

int main(void)
{
	calls();
	wakes();
	owners();
	signals();
	return 0;
}
