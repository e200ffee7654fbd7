// Ways out of a user_handler, and what it can do while it is there.
//
//   handlers throw | longjmp | signal | backtrace | nested | same | busy
extern "C" {
#include "enclave.h"
}
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <execinfo.h>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>

typedef int enter_enclave(unsigned long rdi, unsigned long rsi, unsigned long rdx, unsigned int function, unsigned long r8,
			  unsigned long r9, sgx_enclave_run *run);
typedef int user_handler(long rdi, long rsi, long rdx, long rsp, long r8, long r9, sgx_enclave_run *run);

static enclave the_enclave;
static enter_enclave *enter;
static volatile int word;

static sgx_enclave_run make_run(user_handler *handler, int thread = 0)
{
	sgx_enclave_run run = {};
	run.tcs = (uint64_t)the_enclave.tcs + 4096 * thread;
	run.user_handler = (uint64_t)handler;
	return run;
}

// The enclave can still be entered.
static void again()
{
	sgx_enclave_run run = make_run(nullptr);
	int result = enter(0, 0, 0, EENTER, 0, 0, &run);
	printf("again: %d, function %u\n", result, run.function);
}

struct Destroyed {
	~Destroyed() { puts("destroyed"); }
};

static int throwing(long, long rsi, long, long, long, long, sgx_enclave_run *)
{
	Destroyed here;
	throw std::runtime_error(rsi == 42 ? "thrown out of the handler" : "?");
}

static void test_throw()
{
	sgx_enclave_run run = make_run(throwing);
	for (int i = 0; i < 3; i++) {
		try {
			Destroyed outside;
			enter(0, 0, 0, EENTER, 0, 0, &run);
			puts("returned");
		} catch (const std::exception &e) {
			printf("caught: %s, function %u\n", e.what(), run.function);
		}
	}
}

static jmp_buf target;
static int jumping(long, long, long, long, long, long, sgx_enclave_run *)
{
	longjmp(target, 7);
}
static void test_longjmp()
{
	sgx_enclave_run run = make_run(jumping);
	int code = setjmp(target);
	if (code == 0)
		enter(0, 0, 0, EENTER, 0, 0, &run);
	printf("jumped with %d\n", code);
}

static sigjmp_buf signal_target;
static void on_signal(int signal)
{
	siglongjmp(signal_target, signal);
}
static int raising(long, long, long, long, long, long, sgx_enclave_run *)
{
	raise(SIGUSR1);
	return -1;
}
static void test_signal()
{
	signal(SIGUSR1, on_signal);
	sgx_enclave_run run = make_run(raising);
	int code = sigsetjmp(signal_target, 1);
	if (code == 0)
		enter(0, 0, 0, EENTER, 0, 0, &run);
	printf("left by signal %s\n", code == SIGUSR1 ? "SIGUSR1" : "?");
}

static int tracing(long, long, long, long, long, long, sgx_enclave_run *)
{
	void *frames[16];
	int n = backtrace(frames, 16);
	char **names = backtrace_symbols(frames, n);
	for (int i = 0; i < n; i++)
		puts(names[i]);
	return 0;
}
extern "C" __attribute__((noinline)) int the_caller(user_handler *handler, int what)
{
	sgx_enclave_run run = make_run(handler);
	int result = enter(what, (unsigned long)&word, 0, EENTER, 0, 0, &run);
	return result + (run.function == EEXIT ? 0 : 1000);
}
extern "C" __attribute__((noinline)) int the_callers_caller(user_handler *handler, int what)
{
	int result = the_caller(handler, what);
	return result + (int)word - word;
}
static void test_backtrace()
{
	puts("after EEXIT");
	printf("result %d\n", the_callers_caller(tracing, 0));
}

static int nesting(long, long, long, long, long, long, sgx_enclave_run *)
{
	sgx_enclave_run run = make_run(nullptr, 1);
	int result = enter(0, 0, 0, EENTER, 0, 0, &run);
	printf("nested on another thread: %d, function %u\n", result, run.function);
	return 0;
}
static void test_nested()
{
	printf("result %d\n", the_caller(nesting, 0));
}

// After a fault: enter the same thread of the enclave, then resume what was interrupted.
static int repairing(long, long, long, long, long, long, sgx_enclave_run *run)
{
	if (run->function == EEXIT)
		return 0;
	printf("function %u, vector %u\n", run->function, run->exception_vector);
	sgx_enclave_run inner = make_run(nullptr);
	int result = enter(0, 0, 0, EENTER, 0, 0, &inner);
	printf("nested on the same thread: %d, function %u\n", result, inner.function);
	word = 1;
	return ERESUME;
}
static void test_same()
{
	word = 0;
	printf("result %d\n", the_caller(repairing, 3));
}

static void *waits(void *)
{
	sgx_enclave_run run = make_run(nullptr);
	enter(2, (unsigned long)&word, 0, EENTER, 0, 0, &run);
	printf("the first: function %u\n", run.function);
	return nullptr;
}
static void test_busy()
{
	word = 0;
	pthread_t thread;
	pthread_create(&thread, nullptr, waits, nullptr);
	for (int i = 0; i < 100; i++)
		sched_yield();
	sgx_enclave_run run = make_run(nullptr);
	int result = enter(0, 0, 0, EENTER, 0, 0, &run);
	printf("the second: %d, function %u, vector %u\n", result, run.function, run.exception_vector);
	word = 1;
	pthread_join(thread, nullptr);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)();
	} tests[] = {
		{ "throw", test_throw },   { "longjmp", test_longjmp }, { "signal", test_signal }, { "backtrace", test_backtrace },
		{ "nested", test_nested }, { "same", test_same },	{ "busy", test_busy },
	};
	the_enclave = enclave_load();
	enter = (enter_enclave *)vdso_sgx_enter_enclave;
	for (const auto &test : tests)
		if (argc > 1 && !strcmp(argv[1], test.name)) {
			test.run();
			again();
			return 0;
		}
	return 2;
}
