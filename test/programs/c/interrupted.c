/* Waits for SIGINT in the way that the argument names. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static void handle(int signo)
{
	seen = signo;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IONBF, 0);
	/* The child does not listen. */
	if (strstr(how, "family") && fork() == 0)
		for (;;)
			pause();
	if (strstr(how, "handled")) {
		struct sigaction action = { .sa_handler = handle };
		sigaction(SIGINT, &action, NULL);
	}
	printf("ready\n");
	if (strstr(how, "spin"))
		while (!seen)
			;
	if (strstr(how, "pause"))
		pause();
	if (strstr(how, "wait")) {
		int status = 0;
		while (wait(&status) < 0 && errno == EINTR)
			;
		printf("child killed by %d\n", WTERMSIG(status));
	}
	printf("seen %d\n", seen);
	return 3;
}
