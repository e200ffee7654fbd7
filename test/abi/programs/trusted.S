# An enclave that keeps all callee-saved registers, as code of the psABI does. Two threads with two SSA frames each.
# RDI says what to do: 0 nothing, 1 #UD, 2 wait until the host's word at RSI is not 0, 3 divide by the word at RSI.
# Comes back with RSI = 42.

	.macro tcs ssa
	.quad 0, 0, \ssa
	.long 0, 2
	.quad enclave_entry, 0, 0, 0
	.long 0xffffffff, 0xffffffff
	.fill 4096 - 72
	.endm

	.section .tcs, "aw", @progbits
	.balign 4096
	tcs ssa
	tcs ssa + 8192

	.section .ssa, "aw", @progbits
	.balign 4096
ssa:	.fill 4 * 4096

	.text
	.globl enclave_entry
enclave_entry:
	mov %rcx, %rbx
	cmp $1, %edi
	jb leave_enclave
	je undefined
	cmp $3, %edi
	je divide
wait:	pause
	cmpl $0, (%rsi)
	je wait
	jmp leave_enclave
divide:	xor %edx, %edx
	mov $1, %eax
	divl (%rsi)
leave_enclave:
	mov $42, %esi
	mov $4, %eax			# EEXIT
	enclu
undefined:
	ud2
	.section .note.GNU-stack, "", @progbits
