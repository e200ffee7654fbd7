/* lifetimes ENCLAVE: enclaves end when their last descriptor and their last mapping do, in whatever order, in whatever process. */
#include "load.h"
#include "threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name;

static uint64_t count(const struct enclave *enclave, int times)
{
	uint64_t last = 0;
	while (times--)
		last = enter(enclave->tcs, COUNT, NULL, 0);
	return last;
}

static void unmap(const struct enclave *enclave)
{
	if (munmap(enclave->base, enclave->size))
		fail("munmap", strerror(errno));
}

static int wait_for(pid_t pid)
{
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void two_at_once(void)
{
	int devices[2];
	struct enclave a = load_enclave(name, &devices[0]), b = load_enclave(name, &devices[1]);
	uint64_t first = count(&a, 3), second = count(&b, 5);
	printf("two enclaves: %lu, %lu, %lu\n", first, second, count(&a, 1));
	unmap(&a), close(devices[0]);
	printf("the other one: %lu\n", count(&b, 1));
	close(devices[1]), unmap(&b);
}

static void shared_over_fork(void)
{
	int device, go[2];
	char byte;
	struct enclave enclave = load_enclave(name, &device);
	count(&enclave, 2);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit((int)count(&enclave, 3));
	int seen = wait_for(pid);
	printf("a child counts on: %d, then the parent: %lu\n", seen, count(&enclave, 1));

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		unmap(&enclave), close(device);
		_exit(0);
	}
	wait_for(pid);
	printf("a child lets go: %lu\n", count(&enclave, 1));

	if (pipe(go))
		fail("pipe", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		read(go[0], &byte, 1);
		_exit((int)count(&enclave, 1));
	}
	close(device), unmap(&enclave);
	write(go[1], "x", 1);
	seen = wait_for(pid);
	printf("the parent lets go: %d\n", seen);
}

static void one_after_the_other(void)
{
	int device;
	uint64_t sum = 0;
	for (int i = 0; i < 12; i++) {
		struct enclave enclave = load_enclave(name, &device);
		sum += count(&enclave, 1);
		if (i % 3 == 0)
			unmap(&enclave), close(device);
		if (i % 3 == 1)
			close(device), unmap(&enclave);
		/* Piece by piece, from the end, the descriptor between. */
		if (i % 3 == 2)
			for (uint64_t at = enclave.size; at > 0; at -= 4096) {
				munmap(enclave.base + at - 4096, 4096);
				if (at == enclave.size / 2)
					close(device);
			}
	}
	printf("one after the other: %lu\n", sum);
}

int main(int argc, char **argv)
{
	int device;
	if (argc == 1) {
		printf("another program\n");
		return 0;
	}
	name = argv[1];
	two_at_once();
	shared_over_fork();
	one_after_the_other();
	struct enclave left = load_enclave(name, &device);
	printf("left behind at execve: %lu\n", count(&left, 1));
	fflush(stdout);
	execl("/proc/self/exe", "lifetimes", NULL);
	return 1;
}
