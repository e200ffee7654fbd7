# Puts the enclave and its signature into the host program. ENCLAVE and SIGSTRUCT are file names.
	.section .rodata
	.globl embedded_enclave, embedded_sigstruct
	.balign 16
embedded_enclave:
	.incbin ENCLAVE
	.balign 16
embedded_sigstruct:
	.incbin SIGSTRUCT
	.section .note.GNU-stack, "", @progbits
