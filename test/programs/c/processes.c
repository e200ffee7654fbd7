/* Processes: fork, wait, exit statuses, copy-on-write, genuinely shared memory, pipes, process groups, exec. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int private_value = 1;
static volatile int *volatile nowhere = (volatile int *)8;

static void show(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exited with %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: killed by %d\n", what, WTERMSIG(status));
	else
		printf("%s: %x\n", what, status);
}

static int finish(pid_t child)
{
	int status = -1;
	if (waitpid(child, &status, 0) != child)
		printf("waitpid: %s\n", strerror(errno));
	return status;
}

static void statuses(void)
{
	for (int code = 0; code < 300; code += 77) {
		pid_t child = fork();
		if (child == 0)
			_exit(code);
		show("child", finish(child));
	}
	pid_t child = fork();
	if (child == 0)
		abort();
	show("abort", finish(child));
	child = fork();
	if (child == 0)
		*nowhere = 1;
	show("a write to nowhere", finish(child));
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGKILL);
	show("kill", finish(child));
	int none = wait(NULL);
	printf("no more children: %d %s\n", none, strerror(errno));
}

static void memory(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *heap = malloc(1 << 20);
	memset(heap, 'p', 1 << 20);
	shared[0] = 10;
	pid_t child = fork();
	if (child == 0) {
		private_value = 2;
		memset(heap, 'c', 1 << 19);
		shared[0] += private_value;
		pid_t grandchild = fork();
		if (grandchild == 0) {
			private_value = 3;
			shared[1] = heap[0] == 'c' && heap[1 << 19] == 'p';
			shared[0] += private_value;
			_exit(0);
		}
		finish(grandchild);
		shared[2] = private_value;
		_exit(heap[0] == 'c' ? 0 : 1);
	}
	heap[1 << 19] = 'q';
	show("copy on write", finish(child));
	printf("shared %d %d %d, private %d, heap %c %c\n", shared[0], shared[1], shared[2], private_value, heap[0],
	       heap[1 << 19]);
	free(heap);
	munmap(shared, 4096);
}

static void pipes(void)
{
	int to[2], from[2];
	if (pipe(to) || pipe(from))
		exit(1);
	pid_t child = fork();
	if (child == 0) {
		close(to[1]);
		close(from[0]);
		unsigned long sum = 0;
		unsigned char buffer[1000];
		for (ssize_t n; (n = read(to[0], buffer, sizeof buffer)) > 0;)
			for (ssize_t i = 0; i < n; i++)
				sum = sum * 31 + buffer[i];
		if (write(from[1], &sum, sizeof sum) != sizeof sum)
			_exit(1);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	/* More than a pipe holds: both sides must take turns. */
	static unsigned char data[300000];
	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = i * 7 + (i >> 8);
	size_t done = 0;
	while (done < sizeof data)
		done += write(to[1], data + done, sizeof data - done);
	close(to[1]);
	unsigned long sum = 0;
	ssize_t got = read(from[0], &sum, sizeof sum), end = read(from[0], data, 1);
	printf("read %zd, sum %lx, end of file %zd\n", got, sum, end);
	show("pipe", finish(child));
	signal(SIGPIPE, SIG_IGN);
	if (pipe(to))
		exit(1);
	close(to[0]);
	ssize_t written = write(to[1], "x", 1);
	printf("no reader: %zd %s\n", written, strerror(errno));
}

static void programs(const char *self)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execl(self, self, "again", "with", "arguments", NULL);
		_exit(99);
	}
	show("exec", finish(child));
	child = fork();
	if (child == 0) {
		execl("./nonexistent", "x", NULL);
		_exit(errno == ENOENT ? 3 : 4);
	}
	show("exec of nothing", finish(child));
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		printf("%d arguments, the last one %s\n", argc - 1, argv[argc - 1]);
		return 5;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	statuses();
	memory();
	pipes();
	programs(argv[0]);
	printf("own group: %d\n", setpgid(0, 0) == 0 && getpgrp() == getpid());
	return 0;
}
