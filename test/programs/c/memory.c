/* Memory: protection page by page, mapping and unmapping, the break, files in memory, what is left of a page. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int code;

static void caught(int signo, siginfo_t *info, void *context)
{
	(void)context;
	code = signo * 100 + info->si_code;
	siglongjmp(back, 1);
}

static int can_read(volatile char *p)
{
	if (sigsetjmp(back, 1))
		return -code;
	return *p;
}

static int can_write(volatile char *p)
{
	if (sigsetjmp(back, 1))
		return -code;
	*p = 'w';
	return 'w';
}

static void protection(void)
{
	char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 'a', 5 * 4096);
	mprotect(p + 4096, 4096, PROT_READ);
	mprotect(p + 2 * 4096, 4096, PROT_NONE);
	munmap(p + 3 * 4096, 4096);
	for (int i = 0; i < 5; i++)
		printf("page %d: read %d, write %d\n", i, can_read(p + i * 4096), can_write(p + i * 4096 + 5));
	/* A store across the boundary to a page that may not be written changes nothing. */
	if (!sigsetjmp(back, 1))
		*(volatile long *)(p + 4092) = -1;
	printf("across: %d %d %d\n", code, p[4092], p[4096]);
	int result = mprotect(p, 5 * 4096, PROT_READ);
	printf("mprotect of a hole: %d %s\n", result, strerror(errno));
	printf("munmap of a part twice: %d %d\n", munmap(p, 2 * 4096), munmap(p, 5 * 4096));
	printf("gone: %d\n", can_read(p));
}

static void moving(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(p, "moves along");
	char *q = mremap(p, 4096, 64 * 4096, MREMAP_MAYMOVE);
	printf("%s, then %d\n", q, q[63 * 4096]);
	q = mremap(q, 64 * 4096, 4096, 0);
	printf("shrunk: %s, %d\n", q, can_read(q + 4096) < 0);
	madvise(q, 4096, MADV_DONTNEED);
	printf("forgotten: %d\n", q[0]);
	char *before = sbrk(0);
	char *heap = sbrk(100000);
	memset(heap, 'h', 100000);
	printf("break: %d %d\n", heap == before, (int)((char *)sbrk(0) - before));
	sbrk(-100000);
	printf("back: %d\n", sbrk(0) == before);
}

static void files(const char *folder)
{
	char path[1000];
	snprintf(path, sizeof path, "%s/scratch", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		printf("open: %s\n", strerror(errno));
		return;
	}
	if (write(fd, "0123456789", 10) != 10)
		exit(1);
	char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared[1] = 'S';
	private[2] = 'P';
	shared[3] = 'T';
	char text[20] = "";
	ssize_t got = pread(fd, text, sizeof text - 1, 0);
	printf("pread %zd %s, private %.10s, shared %.10s, behind the end %d\n", got, text, private, shared, shared[11]);
	printf("behind the last page: %d\n", can_read((char *)mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) + 4096));
	int cut = ftruncate(fd, 4);
	printf("cut: %d %lld %s\n", cut, (long long)lseek(fd, 0, SEEK_END), shared);
	printf("unlink: %d\n", unlink(path));
	close(fd);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	protection();
	moving();
	if (argc > 1)
		files(argv[1]);
	return 0;
}
