/* The few functions of the C library that the small examples use, on plain system calls. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int error_number;
static unsigned long *auxv;

int *__errno_location(void)
{
	return &error_number;
}

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	if (result < 0 && result > -4096) {
		error_number = -result;
		return -1;
	}
	return result;
}

int open(const char *path, int flags, ...)
{
	return call(SYS_open, (long)path, flags, 0, 0, 0, 0);
}

int close(int fd)
{
	return call(SYS_close, fd, 0, 0, 0, 0, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	va_start(list, request);
	long argument = va_arg(list, long);
	va_end(list);
	return call(SYS_ioctl, fd, request, argument, 0, 0, 0);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return (void *)call(SYS_mmap, (long)at, size, prot, flags, fd, offset);
}

int munmap(void *at, size_t size)
{
	return call(SYS_munmap, (long)at, size, 0, 0, 0, 0);
}

int mprotect(void *at, size_t size, int prot)
{
	return call(SYS_mprotect, (long)at, size, prot, 0, 0, 0);
}

void exit(int status)
{
	for (;;)
		call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

unsigned long getauxval(unsigned long type)
{
	for (unsigned long *entry = auxv; entry[0] != AT_NULL; entry += 2)
		if (entry[0] == type)
			return entry[1];
	return 0;
}

size_t strlen(const char *text)
{
	size_t size = 0;
	while (text[size])
		size++;
	return size;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	void *end = to;
	__asm__ volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(size) : : "memory");
	return to;
}

void *memset(void *to, int value, size_t size)
{
	void *end = to;
	__asm__ volatile("rep stosb" : "+D"(end), "+c"(size) : "a"(value) : "memory");
	return to;
}

char *strerror(int number)
{
	switch (number) {
	case ENOENT:
		return "No such file or directory";
	case EACCES:
		return "Permission denied";
	case EPERM:
		return "Operation not permitted";
	case EINVAL:
		return "Invalid argument";
	case EIO:
		return "Input/output error";
	case ENOMEM:
		return "Cannot allocate memory";
	default:
		return "Error";
	}
}

/* Nobody looks inside a FILE here, so the pointer is the file descriptor. */
FILE *stdout = (FILE *)STDOUT_FILENO, *stderr = (FILE *)STDERR_FILENO;

/* Appends the digits of a number and returns the new end. */
static char *digits(char *to, unsigned long value, unsigned base)
{
	char reversed[24];
	int n = 0;
	do
		reversed[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		*to++ = reversed[--n];
	return to;
}

/* Knows %s, %d, %u, %x and %l of the last three: no widths, at most 512 bytes. */
int vfprintf(FILE *restrict file, const char *restrict format, va_list list)
{
	char text[512], *to = text;
	for (; *format && to < text + 256; format++) {
		if (*format != '%') {
			*to++ = *format;
			continue;
		}
		int is_long = *++format == 'l';
		format += is_long;
		if (*format == 's') {
			for (const char *s = va_arg(list, const char *); *s && to < text + 480; s++)
				*to++ = *s;
			continue;
		}
		long value = is_long ? va_arg(list, long) : *format == 'd' ? va_arg(list, int) : va_arg(list, unsigned int);
		if (*format == 'd' && value < 0)
			*to++ = '-', value = -value;
		to = digits(to, value, *format == 'x' ? 16 : 10);
	}
	return call(SYS_write, (long)file, (long)text, to - text, 0, 0, 0);
}

int printf(const char *restrict format, ...)
{
	va_list list;
	va_start(list, format);
	int result = vfprintf(stdout, format, list);
	va_end(list);
	return result;
}

int fprintf(FILE *restrict file, const char *restrict format, ...)
{
	va_list list;
	va_start(list, format);
	int result = vfprintf(file, format, list);
	va_end(list);
	return result;
}

int main(int argc, char **argv, char **envp);

/* The kernel leaves argc, argv, envp and the auxiliary vector on the stack. */
__attribute__((used)) static void start(long *stack)
{
	char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1, **end = envp;
	while (*end)
		end++;
	auxv = (unsigned long *)(end + 1);
	exit(main(stack[0], argv, envp));
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
