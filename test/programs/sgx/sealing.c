/* sealing ENCLAVE seal POLICY FILE TEXT: seals TEXT into FILE. sealing ENCLAVE unseal FILE...: prints the text of each FILE. */
#include "load.h"
#include "sealing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_file(const char *path, int flags)
{
	int file = open(path, flags, 0600);
	if (file < 0)
		fail(path, "cannot be opened");
	return file;
}

static void seal(void *tcs, const char *policy, const char *path, const char *text)
{
	struct sealing call = { 0 };
	strncpy((char *)call.text, text, MAX_SECRET - 1);
	printf("seal: %lu\n", enter(tcs, SEAL, &call, strtoul(policy, NULL, 0)));
	int file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
	if (write(file, &call.sealed, sizeof call.sealed) != sizeof call.sealed)
		fail(path, "cannot be written");
	close(file);
}

static void unseal(void *tcs, const char *path)
{
	struct sealing call = { 0 };
	int file = open_file(path, O_RDONLY);
	if (read(file, &call.sealed, sizeof call.sealed) != sizeof call.sealed)
		fail(path, "is too short");
	close(file);
	uint64_t error = enter(tcs, UNSEAL, &call, 0);
	if (error == 0)
		printf("unsealed: %s\n", call.text);
	else if (error == WRONG_MAC)
		printf("wrong MAC\n");
	else
		printf("EGETKEY: %lu\n", error);
}

int main(int argc, char **argv)
{
	int device;
	if (argc < 4)
		fail("sealing", "wrong arguments");
	struct enclave enclave = load_enclave(argv[1], &device);
	if (argc == 6 && !strcmp(argv[2], "seal"))
		seal(enclave.tcs, argv[3], argv[4], argv[5]);
	else
		for (int i = 3; i < argc; i++)
			unseal(enclave.tcs, argv[i]);
	return 0;
}
