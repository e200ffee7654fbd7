/*
 * Runs the vDSO image on this host's processor, which need not have SGX: ENCLU raises #UD (or #GP) and the signal
 * handler does what the enclave or the kernel would do next. The trap flag is set, so every instruction of the image is
 * counted. Prints one line per scenario; native.test.ts says what each must be.
 *
 *   native-harness IMAGE ENTRY ENCLU FIXUP TEXT_START TEXT_END     (numbers: offsets in the image)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { EENTER = 2, ERESUME = 3, EEXIT = 4, TF = 0x100, DF = 0x400 };

struct run {
	uint64_t tcs;
	uint32_t function;
	uint16_t vector, error_code;
	uint64_t addr, user_handler, user_data;
	uint8_t reserved[216];
};

/* What one execution of ENCLU ends in. */
struct event {
	enum { EXIT = 1, EXCEPTION } kind;
	uint64_t vector, error_code, addr;
	uint32_t eax;      /* as the processor leaves it: 2 or 3, on an exception */
	int64_t move_rsp;  /* what the enclave does to the caller's stack pointer */
};

static uint8_t *image;
static uint64_t entry, enclu, fixup, text_start, text_end;

static struct event events[4];
static int event_index;
static int answers[4], answer_index;
static char log_line[512];

static uint64_t count, previous_rip;
static sigjmp_buf escape;
static struct run *run;
static uint64_t handler_address;

#define LOG(...) snprintf(log_line + strlen(log_line), sizeof log_line - strlen(log_line), __VA_ARGS__)

/* Registers before and after the call; the offsets are used below. */
struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r[8], flags;
} before, after;
static uint64_t xmm_pattern[32] __attribute__((used, aligned(16)));
uint64_t host_rsp, trap_flag, stack_argument;

/* Loads `before`, pushes the 7th argument, calls, and stores `after`. */
void call_image(void *function);
__asm__(
	".text\ncall_image:\n"
	"push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsp, host_rsp(%rip)\n"
	"mov %rdi, %rax\n"
	"lea xmm_pattern(%rip), %rbx\n"
	"movaps 0(%rbx),%xmm0; movaps 16(%rbx),%xmm1; movaps 32(%rbx),%xmm2; movaps 48(%rbx),%xmm3\n"
	"movaps 64(%rbx),%xmm4; movaps 80(%rbx),%xmm5; movaps 96(%rbx),%xmm6; movaps 112(%rbx),%xmm7\n"
	"lea before(%rip), %rbx\n"
	"mov 56(%rbx), %rsp\n"
	"push stack_argument(%rip)\n"
	"push %rax\n"
	"mov 16(%rbx),%rcx; mov 24(%rbx),%rdx; mov 32(%rbx),%rsi; mov 40(%rbx),%rdi; mov 48(%rbx),%rbp\n"
	"mov 64(%rbx),%r8; mov 72(%rbx),%r9; mov 80(%rbx),%r10; mov 88(%rbx),%r11\n"
	"mov 96(%rbx),%r12; mov 104(%rbx),%r13; mov 112(%rbx),%r14; mov 120(%rbx),%r15\n"
	"push trap_flag(%rip)\n"
	"mov 8(%rbx),%rbx\n"
	"popf\n"
	"pop %rax\n"
	"call *%rax\n"
	".globl after_call\nafter_call:\n"
	"mov %rax, after(%rip)\n"
	"mov %rsp, after+56(%rip)\n"
	"mov host_rsp(%rip), %rsp\n"
	"pushf; pop %rax\n"
	"push $2; popf\n"
	"mov %rax, after+128(%rip)\n"
	"mov %rbx, after+8(%rip); mov %rbp, after+48(%rip)\n"
	"mov %rdx, after+24(%rip); mov %rsi, after+32(%rip); mov %rdi, after+40(%rip)\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp\n"
	"ret\n"
	/* A handler that takes two words off the stack, as one that consumes what the enclave pushed there. */
	".globl popping_handler\npopping_handler: pop %rcx; add $16, %rsp; xor %eax, %eax; jmp *%rcx\n");
extern char popping_handler[], after_call[];

static int handler(long rdi, long rsi, long rdx, long rsp, long r8, long r9, struct run *r)
{
	uint64_t flags = __builtin_ia32_readeflags_u64();
	uint64_t frame = (uint64_t)__builtin_frame_address(0);
	LOG(" args:%lx,%lx,%lx,%lx,%lx,%s", rdi, rsi, rdx, r8, r9, r == run ? "run" : "?");
	LOG(" rsp:%ld aligned:%d df:%d", rsp - (long)(before.rsp - 32), frame % 16 == 0, !!(flags & DF));
	return answers[answer_index++];
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t rip = g[REG_RIP];
	if (previous_rip >= text_start && previous_rip < text_end) count++;
	if (handler_address && rip == handler_address) LOG(" handler@%lu", count), count = 0;
	if (rip == (uint64_t)after_call) LOG(" return@%lu", count), count = 0;
	previous_rip = rip;
}

static int same_xmm(ucontext_t *uc)
{
	return !memcmp(uc->uc_mcontext.fpregs->_xmm, xmm_pattern, 8 * 16);
}

static void on_enclu(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;
	if ((uint64_t)g[REG_RIP] != enclu) {
		LOG(" signal:%d addr:%lx in-image:%d", signal, (uint64_t)info->si_addr - (uint64_t)run,
		    (uint64_t)g[REG_RIP] >= text_start && (uint64_t)g[REG_RIP] < text_end);
		siglongjmp(escape, 1);
	}
	LOG(" enclu@%lu rax:%llx", count, g[REG_RAX]);
	count = 0;
	if ((uint64_t)g[REG_RBX] != 0x7c5) LOG(" BAD-RBX");
	if ((uint64_t)g[REG_RCX] != enclu) LOG(" BAD-AEP");
	if ((uint64_t)g[REG_RBP] != before.rsp - 24) LOG(" BAD-RBP");
	/* Flags are not part of the contract, but an enclave sees them: SF ZF AF PF CF as Linux's last comparison leaves them. */
	if ((g[REG_EFL] & 0x8d5) != 0x44) LOG(" BAD-FLAGS:%llx", g[REG_EFL] & 0x8d5);
	if (event_index == 0) {
		const uint64_t *b = before.r;
		if ((uint64_t)g[REG_RDI] != before.rdi || (uint64_t)g[REG_RSI] != before.rsi || (uint64_t)g[REG_RDX] != before.rdx)
			LOG(" BAD-ARGUMENTS");
		for (int i = 0; i < 8; i++)
			if ((uint64_t)g[REG_R8 + i] != b[i]) LOG(" BAD-R%d", 8 + i);
		if ((uint64_t)g[REG_RSP] != before.rsp - 32) LOG(" BAD-RSP");
		if (!same_xmm(uc)) LOG(" BAD-XMM");
	}
	struct event *e = &events[event_index++];
	if (e->kind == EXIT) {
		g[REG_RIP] = enclu + 3, g[REG_RAX] = EEXIT, g[REG_RBX] = enclu + 3, g[REG_RCX] = enclu;
		g[REG_RDI] = 0xd1, g[REG_RSI] = 0x51, g[REG_RDX] = 0xd2, g[REG_R8] = 0x8, g[REG_R9] = 0x9;
		g[REG_EFL] |= DF;
	} else {
		g[REG_RIP] = fixup, g[REG_RAX] = e->eax, g[REG_RDI] = e->vector, g[REG_RSI] = e->error_code, g[REG_RDX] = e->addr;
	}
	g[REG_RSP] += e->move_rsp;
	previous_rip = g[REG_RIP];
}

/* Calls with `function` and prints what happened. `align` shifts the stack. */
static void scenario(const char *name, uint64_t function, int align)
{
	static uint8_t stack[65536] __attribute__((aligned(64)));
	event_index = answer_index = 0;
	count = previous_rip = 0;
	log_line[0] = 0;
	memset(&before, 0, sizeof before);
	before.rsp = (uint64_t)stack + sizeof stack - 4096 + align;
	before.rax = 0xaaaa, before.rbx = 0xbbbb, before.rcx = function, before.rdx = 0xdddd;
	before.rsi = 0x5151, before.rdi = 0xd1d1, before.rbp = 0xb9b9;
	for (int i = 0; i < 8; i++) before.r[i] = 0x8000 + i;
	stack_argument = (uint64_t)run;
	trap_flag = 0x202 | TF;
	if (sigsetjmp(escape, 1) == 0) {
		call_image((void *)entry);
		LOG(" rax:%lx", after.rax);
		LOG(" rbx:%s rbp:%s rsp:%s", after.rbx == before.rbx ? "kept" : "CHANGED",
		    after.rbp == before.rbp ? "kept" : "CHANGED", after.rsp == before.rsp - 8 ? "kept" : "CHANGED");
	}
	printf("%s:%s\n", name, log_line);
	fflush(stdout);
}

static void print_run(const char *name)
{
	printf("%s.run: function:%u vector:%u error_code:%x addr:%lx\n", name, run->function, run->vector, run->error_code,
	       run->addr);
}

static void reset(struct run *at, void *user_handler)
{
	run = at;
	memset(run, 0, sizeof *run);
	memset(events, 0, sizeof events);
	run->tcs = 0x7c5, run->function = 77, run->vector = 78, run->error_code = 79, run->addr = 80;
	run->user_handler = handler_address = (uint64_t)user_handler;
	run->user_data = 0x1234;
}

static const struct event exit_event = { .kind = EXIT };
static const struct event page_fault = { EXCEPTION, 14, 0xabcd8007, 0x7fff00001000, ERESUME, 0 };

static void without_handler(struct run *at)
{
	reset(at, 0), events[0] = exit_event;
	scenario("exit", EENTER, 0), print_run("exit");
	reset(at, 0), events[0] = exit_event;
	scenario("exit-odd-stack", 0xffffffff00000003, 8);
	reset(at, 0), events[0] = page_fault;
	scenario("exception", EENTER, 0), print_run("exception");
	reset(at, 0), events[0] = (struct event){ EXCEPTION, 6, 0, 0, EENTER, 0 };
	scenario("exception-on-eenter", EENTER, 8), print_run("exception-on-eenter");
	reset(at, 0), events[0] = exit_event, events[0].move_rsp = -24;
	scenario("displaced", EENTER, 0);
	for (unsigned i = 0; i < 216; i++) {
		char name[32];
		snprintf(name, sizeof name, "reserved-%u", 40 + i);
		reset(at, 0), run->reserved[i] = 0x80;
		scenario(name, EENTER, 0);
	}
	print_run("reserved-255");
	static const uint64_t bad[] = { 0, 1, 4, 5, 0x80000002, 0xffffffff, 0x102 };
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		char name[32];
		snprintf(name, sizeof name, "function-%lx", bad[i]);
		run = (void *)0x8000000000000000;
		scenario(name, bad[i], 0);
	}
	run = 0;
	scenario("run-null", EENTER, 0);
}

static void with_handler(struct run *at)
{
	reset(at, handler), events[0] = exit_event, answers[0] = 0;
	scenario("handler", EENTER, 0), print_run("handler");
	reset(at, handler), events[0] = exit_event, answers[0] = -5;
	scenario("handler-odd-stack", ERESUME, 8);
	reset(at, handler), events[0] = events[1] = exit_event, answers[0] = EENTER, answers[1] = 0;
	scenario("handler-again", EENTER, 8);
	reset(at, handler), events[0] = page_fault, events[1] = exit_event, answers[0] = ERESUME, answers[1] = 0;
	scenario("handler-resumes", EENTER, 0), print_run("handler-resumes");
	reset(at, handler), events[0] = exit_event, answers[0] = 4;
	scenario("handler-bad-function", EENTER, 0);
	reset(at, handler), events[0] = exit_event, events[0].move_rsp = -40, answers[0] = 0;
	scenario("handler-displaced", EENTER, 8);
	reset(at, popping_handler), events[0] = exit_event, events[0].move_rsp = -16;
	scenario("handler-pops", EENTER, 8);
}

/* `run` in two pages, the second there or not. */
static void two_pages(void)
{
	uint8_t *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reset((struct run *)(pages + 4096 - 256), 0), events[0] = exit_event;
	scenario("last-in-page", EENTER, 0);
	reset((struct run *)(pages + 4096 - 248), 0), events[0] = exit_event;
	scenario("two-pages", EENTER, 0);
	reset((struct run *)(pages + 4096 - 248), 0), run->reserved[215] = 1;
	scenario("two-pages-reserved", EENTER, 0);
	reset((struct run *)(pages + 4096 - 48), 0);
	mprotect(pages + 4096, 4096, PROT_NONE);
	scenario("second-page-missing", EENTER, 0);
	run->reserved[7] = 1;
	scenario("second-page-missing-reserved", EENTER, 0);
}

int main(int argc, char **argv)
{
	if (argc != 7) return 2;
	int fd = open(argv[1], O_RDONLY);
	image = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (fd < 0 || image == MAP_FAILED) return perror(argv[1]), 1;
	uint64_t base = (uint64_t)image;
	entry = base + atol(argv[2]), enclu = base + atol(argv[3]), fixup = base + atol(argv[4]);
	text_start = base + atol(argv[5]), text_end = base + atol(argv[6]);
	for (int i = 0; i < 32; i++) xmm_pattern[i] = 0x0101010101010101 * (i + 1);

	static uint8_t signal_stack[65536];
	sigaltstack(&(stack_t){ .ss_sp = signal_stack, .ss_size = sizeof signal_stack }, 0);
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction fault = { .sa_sigaction = on_enclu, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaction(SIGTRAP, &trap, 0);
	sigaction(SIGILL, &fault, 0);
	sigaction(SIGSEGV, &fault, 0);
	sigaction(SIGBUS, &fault, 0);

	struct run *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	without_handler(at);
	with_handler(at);
	two_pages();
	return 0;
}
