# An enclave that does nothing but leave.
	.section .tcs, "aw", @progbits
	.balign 4096
	.quad 0, 0, ssa
	.long 0, 2
	.quad enclave_entry, 0, 0, 0
	.long 0xffffffff, 0xffffffff
	.fill 4096 - 72

	.section .ssa, "aw", @progbits
	.balign 4096
ssa:	.fill 2 * 4096

	.text
	.globl enclave_entry
enclave_entry:
	mov %rcx, %rbx
	mov $4, %eax			# EEXIT
	enclu
	.section .note.GNU-stack, "", @progbits
