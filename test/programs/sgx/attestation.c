/* attestation FIRST SECOND: two enclaves in one process prove to each other what they are. */
#include "load.h"
#include "attestation.h"

#include <stdio.h>
#include <string.h>

static struct attestation call;

static int check(const struct enclave *enclave)
{
	return (int)enter(enclave->tcs, CHECK, &call, 0);
}

int main(int argc, char **argv)
{
	int devices[2];
	if (argc != 3)
		fail("attestation", "wrong arguments");
	struct enclave first = load_enclave(argv[1], &devices[0]), second = load_enclave(argv[2], &devices[1]);

	enter(second.tcs, TELL, &call, 0);
	printf("target: %s, attributes %lx, XFRM %lx\n",
	       memcmp(call.target.measurement, second.mrenclave, 32) ? "somebody else" : "the second enclave",
	       call.target.attributes, call.target.xfrm);
	strcpy((char *)call.data, "a public key");
	enter(first.tcs, PROVE, &call, 0);
	printf("report: of %s, product %u, SVN %u, data \"%s\"\n",
	       memcmp(call.report.mrenclave, first.mrenclave, 32) ? "somebody else" : "the first enclave", call.report.isvprodid,
	       call.report.isvsvn, (const char *)call.report.reportdata);
	printf("the second enclave: %d\n", check(&second));
	printf("the first enclave, which it is not for: %d\n", check(&first));
	int accepted = 0;
	for (unsigned bit = 0; bit < 8 * REPORT_SIGNED; bit += 61) {
		((uint8_t *)&call.report)[bit / 8] ^= 1 << bit % 8;
		accepted += check(&second);
		((uint8_t *)&call.report)[bit / 8] ^= 1 << bit % 8;
	}
	printf("with one bit flipped: %d\n", accepted);
	call.report.keyid[0] ^= 1;
	printf("with another KEYID: %d\n", check(&second));
	call.report.keyid[0] ^= 1;
	printf("as it was: %d\n", check(&second));

	call.target.measurement[0] ^= 1;
	enter(first.tcs, PROVE, &call, 0);
	printf("a report for another measurement: %d\n", check(&second));
	return 0;
}
