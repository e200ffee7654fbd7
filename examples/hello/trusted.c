/* Replies to a text with the same text in capital letters, backwards. */
#include "trusted.h"
#include "hello.h"

static char text[MAX_TEXT];

/* Returns the size of the reply, or 0 if the call makes no sense. */
uint64_t enclave_main(uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	const struct hello *call = (const struct hello *)rdi;
	(void)rsi, (void)rdx;
	if (!is_outside(call, sizeof *call))
		return 0;
	/* Read once: the host could change it between the check and the use. */
	const volatile struct hello *shared = call;
	const char *from = shared->text;
	char *to = shared->reply;
	uint64_t size = shared->size;
	if (size > MAX_TEXT || !is_outside(from, size) || !is_outside(to, size))
		return 0;

	for (uint64_t i = 0; i < size; i++)
		text[i] = from[i];
	for (uint64_t i = 0; i < size; i++) {
		char c = text[size - 1 - i];
		to[i] = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
	}
	return size;
}
