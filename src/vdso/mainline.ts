import type { Listing, Row } from './listing.ts'

/**
 * __vdso_sgx_enter_enclave() of Linux 5.11 and later.
 *
 *   int __vdso_sgx_enter_enclave(unsigned long rdi, unsigned long rsi, unsigned long rdx, unsigned int function,
 *                                unsigned long r8, unsigned long r9, struct sgx_enclave_run *run)
 *
 * RDI, RSI, RDX and R8 to R15 reach the enclave as the caller left them, and so do all vector registers; RAX, RBX and
 * RCX are what ENCLU needs and the only scratch. RBP anchors the frame while the enclave runs: `run` is at 16(RBP), and
 * an enclave that keeps RBP may leave RSP anywhere. RBX is saved below it.
 *
 * Linux compares the 27 reserved qwords of `run` with zero in a loop of 135 instructions. Here they are ORed together,
 * and nobody can tell: the bytes are read in the same order, and where they lie in two pages, of which the second may
 * be missing, the loop at `careful` stops at the first one that is not zero, as Linux does.
 */

// struct sgx_enclave_run, from which the offsets in the rows below are taken:
// tcs 0, function 8, exception_vector 12, exception_error_code 14, exception_addr 16, user_handler 24, user_data 32,
// reserved 40..255.

const hexByte = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0')

/** OR of the reserved qword at `offset` into RCX; the short form reaches to 127. */
function orReserved(offset: number): Row {
  const displacement = offset < 128 ? `4B ${hexByte(offset)}` : `8B ${hexByte(offset)} 00 00 00`
  const number = hexByte(offset).replace(/^[A-F]/, '0$&')
  return { code: `48 0B ${displacement}`, text: `or rcx,[rbx+${number}h]` }
}
const reservedAfterTheFirst = Array.from({ length: 26 }, (_, i) => orReserved(48 + 8 * i))

// prettier-ignore
export const MAINLINE: Listing = [
  { label: '__vdso_sgx_enter_enclave',
    code: '55',                         text: 'push rbp',                      cfi: [['def_cfa_offset', 16], ['offset', 'RBP', -16]] },
  { code: '48 89 E5',                   text: 'mov rbp,rsp',                   cfi: [['def_cfa_register', 'RBP']] },
  { code: '53',                         text: 'push rbx',                      cfi: [['offset', 'RBX', -24]] },
  { code: '89 C8',                      text: 'mov eax,ecx',                   why: 'function, where ENCLU wants it' },

  // EAX = function, from the caller or from the handler.
  { label: 'enter',
    code: '8D 48 FE',                   text: 'lea ecx,[rax-2]',               why: 'EENTER (2) and ERESUME (3) give 0 and 1' },
  { code: 'D1 E9',                      text: 'shr ecx,1' },
  { code: '0F 85 rel32:invalid',        text: 'jne invalid',                   why: 'run has not been touched yet' },
  { code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]',             why: 'run' },
  { code: '69 CB 00 00 10 00',          text: 'imul ecx,ebx,100000h',          why: 'the offset in the page, in the upper 12 bits' },
  { code: '81 F9 00 00 00 F0',          text: 'cmp ecx,0F0000000h' },
  { code: '0F 87 rel32:careful',        text: 'ja careful',                    why: 'the 256 bytes of run do not end in the page they begin in' },
  { code: '48 8B 4B 28',                text: 'mov rcx,[rbx+28h]',             why: 'reserved, 27 qwords' },
  ...reservedAfterTheFirst,
  { code: '0F 85 rel32:invalid',        text: 'jne invalid' },
  { label: 'checked',
    code: '48 8B 1B',                   text: 'mov rbx,[rbx]',                 why: 'run->tcs' },
  { code: '48 8D 0D rel32:enclu',       text: 'lea rcx,[rel enclu]',           why: 'the AEP: after an interrupt, ENCLU with RAX = ERESUME again' },
  { label: 'enclu',
    code: '0F 01 D7',                   text: 'enclu' },

  // EEXIT comes here.
  { code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]' },
  { code: 'C7 43 08 04 00 00 00',       text: 'mov dword [rbx+8],4',           why: 'run->function = EEXIT' },

  // RBX = run.
  { label: 'dispatch',
    code: '48 8B 43 18',                text: 'mov rax,[rbx+18h]',             why: 'run->user_handler' },
  { code: '48 85 C0',                   text: 'test rax,rax' },
  { code: '74 rel8:return',             text: 'je return',                     why: 'no handler: return 0, also after an exception' },

  // RDI, RSI, RDX, R8, R9 are already the arguments of the handler.
  { code: '48 89 E1',                   text: 'mov rcx,rsp',                   why: 'argument 4: where the enclave left the stack' },
  { code: '48 83 E4 F0',                text: 'and rsp,0FFFFFFFFFFFFFFF0h' },
  { code: '53',                         text: 'push rbx',                      why: 'keeps the alignment' },
  { code: '53',                         text: 'push rbx',                      why: 'argument 7: run' },
  { code: '89 CB',                      text: 'mov ebx,ecx' },
  { code: '83 E3 0F',                   text: 'and ebx,0Fh',                   why: 'what the alignment took, to give it back relative to the RSP the handler leaves' },
  { code: 'FC',                         text: 'cld',                           why: 'the enclave may have left DF set' },
  { code: '0F AE E8',                   text: 'lfence',                        why: 'no speculation past the load of the pointer' },
  { code: 'FF D0',                      text: 'call rax' },
  { code: '48 8D 64 1C 10',             text: 'lea rsp,[rsp+rbx+10h]' },
  { code: '85 C0',                      text: 'test eax,eax' },
  { code: '0F 8F rel32:enter',          text: 'jg enter',                      why: 'a positive answer is the next function' },

  { label: 'return',
    code: '5B',                         text: 'pop rbx',                       cfi: [['remember_state'], ['restore', 'RBX']] },
  { code: 'C9',                         text: 'leave',                         cfi: [['def_cfa', 'RSP', 8], ['restore', 'RBP']] },
  { code: 'C3',                         text: 'ret',                           cfi: [['restore_state']] },

  { label: 'invalid',
    code: 'B8 EA FF FF FF',             text: 'mov eax,0FFFFFFEAh',            why: '-EINVAL' },
  { code: 'EB rel8:return',             text: 'jmp return' },

  // The kernel sends an exception at `enclu` here, with RDI, RSI, RDX = vector, error code, address. EAX tells whether
  // EENTER itself failed (2) or the enclave was left or not resumed (3).
  { label: 'exception',
    code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]' },
  { code: '89 43 08',                   text: 'mov [rbx+8],eax',               why: 'run->function' },
  { code: '66 89 7B 0C',                text: 'mov [rbx+0Ch],di',              why: 'run->exception_vector' },
  { code: '66 89 73 0E',                text: 'mov [rbx+0Eh],si',              why: 'run->exception_error_code' },
  { code: '48 89 53 10',                text: 'mov [rbx+10h],rdx',             why: 'run->exception_addr' },
  { code: 'EB rel8:dispatch',           text: 'jmp dispatch' },

  // The same check for a `run` that lies in two pages. It ends with the flags that the check above ends with.
  { label: 'careful',
    code: 'B9 28 00 00 00',             text: 'mov ecx,28h' },
  { label: 'next',
    code: '48 83 3C 0B 00',             text: 'cmp qword [rbx+rcx],0' },
  { code: '75 rel8:invalid',            text: 'jne invalid' },
  { code: '83 C1 08',                   text: 'add ecx,8' },
  { code: '81 F9 00 01 00 00',          text: 'cmp ecx,100h' },
  { code: '75 rel8:next',               text: 'jne next' },
  { code: 'E9 rel32:checked',           text: 'jmp checked' },
]
