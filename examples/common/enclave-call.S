# int enclave_call(struct enclave_registers *registers, unsigned int function, struct sgx_enclave_run *run)
#
# After an exception in the enclave the processor leaves zeros in R12 to R15 and initial values in MXCSR and the x87
# control word, and DF as the enclave had it. C code expects to keep all of them, so they are saved here.
	.text
	.globl enclave_call
	.type enclave_call, @function
enclave_call:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register %rbp
	push %rbx
	.cfi_offset %rbx, -24
	push %r12
	.cfi_offset %r12, -32
	push %r13
	.cfi_offset %r13, -40
	push %r14
	.cfi_offset %r14, -48
	push %r15
	.cfi_offset %r15, -56
	push %rdi
	sub $8, %rsp
	stmxcsr (%rsp)
	fnstcw 4(%rsp)

	push %rdx			# run, the seventh argument
	mov %esi, %ecx			# function
	mov %rdi, %rax
	mov 0(%rax), %rdi
	mov 8(%rax), %rsi
	mov 16(%rax), %rdx
	mov 24(%rax), %r8
	mov 32(%rax), %r9
	call *vdso_sgx_enter_enclave(%rip)
	add $8, %rsp

	cld
	ldmxcsr (%rsp)
	fldcw 4(%rsp)
	add $8, %rsp
	pop %rcx
	mov %rdi, 0(%rcx)
	mov %rsi, 8(%rcx)
	mov %rdx, 16(%rcx)
	mov %r8, 24(%rcx)
	mov %r9, 32(%rcx)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size enclave_call, . - enclave_call
	.section .note.GNU-stack, "", @progbits
