/* threads ENCLAVE ENTRIES: two threads enter the same enclave, each on a TCS of its own; then both want the same one. */
#include "load.h"
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct enclave enclave;
static uint64_t entries;
static volatile struct threads shared;

static void *count(void *argument)
{
	uint64_t thread = (uint64_t)argument, last = 0, wrong = 0;
	for (uint64_t i = 0; i < entries; i++) {
		uint64_t now = enter(enclave.tcs + 4096 * thread, COUNT, &shared, thread);
		wrong += now != last + 1;
		last = now;
	}
	return (void *)(last + (wrong << 32));
}

static void *stay(void *unused)
{
	(void)unused;
	return (void *)enter(enclave.tcs, STAY, &shared, 0);
}

/* Enters a TCS that another thread is on, and the other TCS. */
static void collide(void)
{
	struct sgx_enclave_run run = { .tcs = (uint64_t)enclave.tcs };
	struct enclave_registers registers = { .rdi = COUNT };
	int result = enclave_call(&registers, EENTER, &run);
	printf("busy: result %d, function %u, vector %u, error code %u\n", result, run.function, run.exception_vector,
	       run.exception_error_code);
	result = enclave_call(&registers, ERESUME, &run);
	printf("ERESUME there: result %d, function %u, vector %u\n", result, run.function, run.exception_vector);
	printf("the other TCS: %lu\n", enter(enclave.tcs + 4096, COUNT, &shared, 1));
}

int main(int argc, char **argv)
{
	pthread_t threads[2], guest;
	void *results[2], *stayed;
	int device;
	if (argc != 3)
		fail("threads", "wrong arguments");
	enclave = load_enclave(argv[1], &device);
	entries = strtoul(argv[2], NULL, 0);
	for (uint64_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, count, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], &results[i]);
	printf("%lu %lu, together %lu\n", (uint64_t)results[0], (uint64_t)results[1], enter(enclave.tcs, TOTAL, &shared, 0));

	pthread_create(&guest, NULL, stay, NULL);
	while (!shared.inside)
		;
	collide();
	shared.leave = 1;
	pthread_join(guest, &stayed);
	printf("stayed: %lu; free again: %lu\n", (uint64_t)stayed, enter(enclave.tcs, TOTAL, &shared, 0));
	return 0;
}
