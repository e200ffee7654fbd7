# The inside end of an enclave call, for several threads: THREADS TCSs, each with two SSA frames, a page of stack and a place
# for what EEXIT needs. The linker script is that of the examples.

	.section .tcs, "aw", @progbits
	.balign 4096
tcs:
	.set thread, 0
	.rept THREADS
	.quad 0				# STATE
	.quad 0				# FLAGS
	.quad blocks + 0x4000 * thread	# OSSA
	.long 0				# CSSA
	.long 2				# NSSA
	.quad enclave_entry		# OENTRY
	.quad 0				# AEP
	.quad blocks			# OFSBASE
	.quad blocks			# OGSBASE
	.long 0xffffffff		# FSLIMIT
	.long 0xffffffff		# GSLIMIT
	.fill 4096 - 72
	.set thread, thread + 1
	.endr

# Of each thread: two SSA frames, then the stack, and above its top the host's RSP, RBP and the return address.
	.section .ssa, "aw", @progbits
	.balign 4096
blocks:	.fill 0x4000 * THREADS
	.set TOP, 0x4000 - 64

	.text
	.globl enclave_entry
	.type enclave_entry, @function
enclave_entry:
	cld
	lea tcs(%rip), %r11
	mov %rbx, %r10
	sub %r11, %r10			# 0x1000 times the number of the TCS
	lea blocks(%rip), %r11
	lea TOP(%r11,%r10,4), %r11
	mov %rsp, 0(%r11)
	mov %rbp, 8(%r11)
	mov %rcx, 16(%r11)
	mov %r11, %rsp
	xor %ebp, %ebp
	call enclave_main
	mov %rax, %rsi
	xor %edi, %edi
	mov 16(%rsp), %rbx
	mov 8(%rsp), %rbp
	mov 0(%rsp), %rsp
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
