/* paging ENCLAVE: two enclaves of the same file take turns, each with a table of its own. */
#include "load.h"
#include "paging.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct enclave enclaves[2];
	int devices[2];
	if (argc != 2)
		fail("paging", "wrong arguments");
	for (int i = 0; i < 2; i++) {
		enclaves[i] = load_enclave(argv[1], &devices[i]);
		enter(enclaves[i].tcs, FILL, NULL, i);
	}
	for (int round = 0; round < 4; round++)
		printf("walk %d: %016lx\n", round, enter(enclaves[round % 2].tcs, WALK, NULL, round));
	for (int i = 0; i < 2; i++)
		printf("sum %d: %016lx\n", i, enter(enclaves[i].tcs, SUM, NULL, 0));
	return 0;
}
