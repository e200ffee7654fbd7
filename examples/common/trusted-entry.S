# The inside end of an enclave call: one thread, one SSA frame.

	.section .tcs, "aw", @progbits
	.balign 4096
	.quad 0				# STATE
	.quad 0				# FLAGS
	.quad ssa			# OSSA
	.long 0				# CSSA
	.long 1				# NSSA
	.quad enclave_entry		# OENTRY
	.quad 0				# AEP
	.quad 0				# OFSBASE
	.quad 0				# OGSBASE
	.long 0xffffffff		# FSLIMIT
	.long 0xffffffff		# GSLIMIT
	.fill 4096 - 72

# The processor saves the registers here when an exception or interrupt leaves the enclave.
	.section .ssa, "aw", @progbits
	.balign 4096
ssa:	.fill 4096

	.bss
	.balign 16
	.fill 4096
stack_top:
host_rsp:	.quad 0
host_rbp:	.quad 0
host_return:	.quad 0
asking_rsp:	.quad 0		# Where ask_host() waits; 0 if it does not.

# EENTER: RCX = where to return to; RDI, RSI, RDX = arguments; RSP and RBP = the host's, which it wants back.
	.text
	.globl enclave_entry
	.type enclave_entry, @function
enclave_entry:
	cld
	mov %rsp, host_rsp(%rip)
	mov %rbp, host_rbp(%rip)
	mov %rcx, host_return(%rip)
	mov asking_rsp(%rip), %rax
	test %rax, %rax
	jnz answered
	lea stack_top(%rip), %rsp
	xor %ebp, %ebp
	call enclave_main
	xor %edi, %edi
	mov %rax, %rsi
	jmp leave_enclave

answered:
	mov %rax, %rsp
	movq $0, asking_rsp(%rip)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.globl ask_host
	.type ask_host, @function
ask_host:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, asking_rsp(%rip)

# RDI, RSI = what to tell the host. Nothing else of ours may be left in a register.
leave_enclave:
	mov host_rsp(%rip), %rsp
	mov host_rbp(%rip), %rbp
	mov host_return(%rip), %rbx
	xor %edx, %edx
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	xor %r12d, %r12d
	xor %r13d, %r13d
	xor %r14d, %r14d
	xor %r15d, %r15d
	mov $4, %eax			# EEXIT
	enclu
	ud2
	.section .note.GNU-stack, "", @progbits
