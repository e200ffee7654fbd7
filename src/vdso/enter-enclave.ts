import type { Listing, Row } from './listing.ts'

/**
 * __vdso_sgx_enter_enclave() in every shape that was on the table in March 2020, and the one that Linux has had since 5.11.
 * One listing for all: `in` says which of them have a row, so that reading down the column shows what a shape costs.
 *
 *   v28        int f(RDI, RSI, RDX, -, R8, R9; leaf in EAX; on the stack: tcs, e, handler)
 *   v29        int f(rdi, rsi, rdx, unsigned int leaf, r8, r9, tcs, e, handler)
 *   v29-misc   int f(rdi, rsi, rdx, unsigned int leaf, r8, r9, tcs, e, handler, void *misc)
 *   mainline   int f(rdi, rsi, rdx, unsigned int function, r8, r9, struct sgx_enclave_run *run)
 *
 * RDI, RSI, RDX and R8 to R15 reach the enclave as the caller left them, and so do all vector registers; RAX, RBX and
 * RCX are what ENCLU needs and the only scratch. RBP anchors the frame while the enclave runs: the stack arguments begin
 * at 16(RBP), and an enclave that keeps RBP may leave RSP anywhere. RBX is saved below it, but for v28.
 *
 * The three older shapes execute exactly as many instructions on each path as the patches did. In the mainline shape,
 * Linux compares the 27 reserved qwords of `run` with zero in a loop of 135 instructions. Here they are ORed together,
 * and nobody can tell: the bytes are read in the same order, and where they lie in two pages, of which the second may
 * be missing, the loop at `careful` stops at the first one that is not zero, as Linux does.
 */

export const ABI_NAMES = ['mainline', 'v28', 'v29', 'v29-misc'] as const
/** The name of a shape of the enclave call; `VDSO_ABIS` says what each is. */
export type VdsoAbi = (typeof ABI_NAMES)[number]

const ALL = ABI_NAMES
const MAINLINE = ['mainline'] as const
const V28 = ['v28'] as const
const MISC = ['v29-misc'] as const
/** The outcome of the thread, with and without `misc`. */
const V29 = ['v29', 'v29-misc'] as const
/** With separate stack arguments instead of a structure. */
const ARGUMENTS = ['v28', 'v29', 'v29-misc'] as const
/** Callable from C: the leaf is the fourth argument, RBX is kept. */
const FROM_C = ['mainline', 'v29', 'v29-misc'] as const

interface SharedRow extends Row {
  readonly in: readonly VdsoAbi[]
}

// struct sgx_enclave_run, from which the offsets in the rows of `mainline` are taken:
// tcs 0, function 8, exception_vector 12, exception_error_code 14, exception_addr 16, user_handler 24, user_data 32,
// reserved 40..255.
// struct sgx_enclave_exception of the others: leaf 0, trapnr 4, error_code 6, address 8, reserved 16..31.
// Their stack arguments: tcs at 10h(RBP), e at 18h, handler at 20h, misc at 28h.

const hexByte = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0')

/** OR of the reserved qword at `offset` into RCX; the short form reaches to 127. */
function orReserved(offset: number): SharedRow {
  const displacement = offset < 128 ? `4B ${hexByte(offset)}` : `8B ${hexByte(offset)} 00 00 00`
  const number = hexByte(offset).replace(/^[A-F]/, '0$&')
  return { in: MAINLINE, code: `48 0B ${displacement}`, text: `or rcx,[rbx+${number}h]` }
}
const reservedAfterTheFirst = Array.from({ length: 26 }, (_, i) => orReserved(48 + 8 * i))

// prettier-ignore
const ROWS: readonly SharedRow[] = [
  // ENTER is one instruction where two are usual; the cycles that it may take more are nothing beside those of EENTER.
  { in: MAINLINE,  label: '__vdso_sgx_enter_enclave',
                   code: 'C8 00 00 00',                text: 'enter 0,0',                     cfi: [['def_cfa', 'RBP', 16], ['offset', 'RBP', -16]] },
  { in: ARGUMENTS, label: '__vdso_sgx_enter_enclave',
                   code: '55',                         text: 'push rbp',                      cfi: [['def_cfa_offset', 16], ['offset', 'RBP', -16]] },
  { in: V28,       code: '48 89 E5',                   text: 'mov rbp,rsp',                   cfi: [['def_cfa_register', 'RBP'], ['undefined', 'RBX']] },
  { in: V29,       code: '48 89 E5',                   text: 'mov rbp,rsp',                   cfi: [['def_cfa_register', 'RBP']] },
  { in: FROM_C,    code: '53',                         text: 'push rbx',                      cfi: [['offset', 'RBX', -24]] },
  { in: FROM_C,    code: '89 C8',                      text: 'mov eax,ecx',                   why: 'the leaf, where ENCLU wants it' },

  // EAX = leaf, from the caller or from the handler.
  { in: ARGUMENTS, label: 'enter',
                   code: '83 F8 02',                   text: 'cmp eax,2' },
  { in: ARGUMENTS, code: '72 rel8:invalid',            text: 'jb invalid' },
  { in: ARGUMENTS, code: '83 F8 03',                   text: 'cmp eax,3' },
  { in: ARGUMENTS, code: '77 rel8:invalid',            text: 'ja invalid' },
  { in: ARGUMENTS, code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]',             why: 'tcs' },

  { in: MAINLINE,  label: 'enter',
                   code: '8D 48 FE',                   text: 'lea ecx,[rax-2]',               why: 'EENTER (2) and ERESUME (3) give 0 and 1' },
  { in: MAINLINE,  code: 'D1 E9',                      text: 'shr ecx,1' },
  { in: MAINLINE,  code: '0F 85 rel32:invalid',        text: 'jne invalid',                   why: 'run has not been touched yet' },
  { in: MAINLINE,  code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]',             why: 'run' },
  { in: MAINLINE,  code: '69 CB 00 00 10 00',          text: 'imul ecx,ebx,100000h',          why: 'the offset in the page, in the upper 12 bits' },
  { in: MAINLINE,  code: '81 F9 00 00 00 F0',          text: 'cmp ecx,0F0000000h' },
  { in: MAINLINE,  code: '0F 87 rel32:careful',        text: 'ja careful',                    why: 'the 256 bytes of run do not end in the page they begin in' },
  { in: MAINLINE,  code: '48 8B 4B 28',                text: 'mov rcx,[rbx+28h]',             why: 'reserved, 27 qwords' },
  ...reservedAfterTheFirst,
  { in: MAINLINE,  code: '0F 85 rel32:invalid',        text: 'jne invalid' },
  { in: MAINLINE,  label: 'checked',
                   code: '48 8B 1B',                   text: 'mov rbx,[rbx]',                 why: 'run->tcs' },

  { in: ALL,       code: '48 8D 0D rel32:enclu',       text: 'lea rcx,[rel enclu]',           why: 'the AEP: after an interrupt, ENCLU with RAX = ERESUME again' },
  { in: ALL,       label: 'enclu',
                   code: '0F 01 D7',                   text: 'enclu' },

  // EEXIT comes here.
  { in: ARGUMENTS, code: '31 C0',                      text: 'xor eax,eax' },
  { in: MAINLINE,  code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]' },
  { in: MAINLINE,  code: 'C7 43 08 04 00 00 00',       text: 'mov dword [rbx+8],4',           why: 'run->function = EEXIT' },

  // The patches compare 32 bits of the pointer: a handler at a multiple of 4 GiB would be none. So it is here.
  { in: ARGUMENTS, label: 'dispatch',
                   code: '83 7D 20 00',                text: 'cmp dword [rbp+20h],0' },
  { in: ARGUMENTS, code: '75 rel8:handler',            text: 'jne handler' },
  { in: V29,       label: 'return',
                   code: '5B',                         text: 'pop rbx',                       cfi: [['remember_state'], ['restore', 'RBX']] },
  { in: V29,       code: 'C9',                         text: 'leave',                         cfi: [['def_cfa', 'RSP', 8], ['restore', 'RBP']] },
  { in: V28,       label: 'return',
                   code: 'C9',                         text: 'leave',                         cfi: [['remember_state'], ['def_cfa', 'RSP', 8], ['restore', 'RBP']] },
  { in: ARGUMENTS, code: 'C3',                         text: 'ret',                           cfi: [['restore_state']] },

  // RBX = run.
  { in: MAINLINE,  label: 'dispatch',
                   code: '48 8B 43 18',                text: 'mov rax,[rbx+18h]',             why: 'run->user_handler' },
  { in: MAINLINE,  code: '48 85 C0',                   text: 'test rax,rax' },
  { in: MAINLINE,  code: '74 rel8:return',             text: 'je return',                     why: 'no handler: return 0, also after an exception' },

  // RDI, RSI, RDX, R8, R9 are already the arguments of the handler.
  { in: ALL,       label: 'handler',
                   code: '48 89 E1',                   text: 'mov rcx,rsp',                   why: 'argument 4: where the enclave left the stack' },
  { in: ALL,       code: '48 83 E4 F0',                text: 'and rsp,0FFFFFFFFFFFFFFF0h' },
  { in: ['v28', 'v29'],
                   code: '50',                         text: 'push rax',                      why: 'keeps the alignment' },
  { in: MISC,      code: 'FF 75 28',                   text: 'push qword [rbp+28h]',          why: 'argument 10: misc; what kept the alignment is not needed' },
  { in: ARGUMENTS, code: 'FF 75 18',                   text: 'push qword [rbp+18h]',          why: 'argument 9: e' },
  { in: ARGUMENTS, code: '50',                         text: 'push rax',                      why: 'argument 8: 0 or -EFAULT' },
  { in: ARGUMENTS, code: 'FF 75 10',                   text: 'push qword [rbp+10h]',          why: 'argument 7: tcs' },
  { in: MAINLINE,  code: '53',                         text: 'push rbx',                      why: 'keeps the alignment' },
  { in: MAINLINE,  code: '53',                         text: 'push rbx',                      why: 'argument 7: run' },
  { in: V28,       code: '48 89 CB',                   text: 'mov rbx,rcx',                   why: 'RSP, to be set again whatever the handler does' },
  { in: FROM_C,    code: '89 CB',                      text: 'mov ebx,ecx' },
  { in: FROM_C,    code: '83 E3 0F',                   text: 'and ebx,0Fh',                   why: 'what the alignment took, to give it back relative to the RSP the handler leaves' },
  { in: ALL,       code: 'FC',                         text: 'cld',                           why: 'the enclave may have left DF set' },
  { in: ARGUMENTS, code: '48 8B 45 20',                text: 'mov rax,[rbp+20h]' },
  { in: ARGUMENTS, code: 'E8 rel32:retpoline',         text: 'call retpoline' },
  { in: MAINLINE,  code: '0F AE E8',                   text: 'lfence',                        why: 'no speculation past the load of the pointer' },
  { in: MAINLINE,  code: 'FF D0',                      text: 'call rax' },
  { in: V28,       code: '48 89 DC',                   text: 'mov rsp,rbx' },
  { in: V29,       code: '48 8D 64 1C 20',             text: 'lea rsp,[rsp+rbx+20h]' },
  { in: MAINLINE,  code: '48 8D 64 1C 10',             text: 'lea rsp,[rsp+rbx+10h]' },
  { in: ARGUMENTS, code: '83 F8 00',                   text: 'cmp eax,0' },
  { in: ARGUMENTS, code: '7E rel8:return',             text: 'jle return' },
  { in: ARGUMENTS, code: 'EB rel8:enter',              text: 'jmp enter',                     why: 'a positive answer is the next leaf' },
  { in: MAINLINE,  code: '85 C0',                      text: 'test eax,eax' },
  { in: MAINLINE,  code: '0F 8F rel32:enter',          text: 'jg enter',                      why: 'a positive answer is the next function' },

  { in: MAINLINE,  label: 'return',
                   code: '5B',                         text: 'pop rbx',                       cfi: [['remember_state'], ['restore', 'RBX']] },
  { in: MAINLINE,  code: 'C9',                         text: 'leave',                         cfi: [['def_cfa', 'RSP', 8], ['restore', 'RBP']] },
  { in: MAINLINE,  code: 'C3',                         text: 'ret',                           cfi: [['restore_state']] },

  { in: ALL,       label: 'invalid',
                   code: 'B8 EA FF FF FF',             text: 'mov eax,0FFFFFFEAh',            why: '-EINVAL' },
  { in: ALL,       code: 'EB rel8:return',             text: 'jmp return' },

  // The kernel sends an exception at `enclu` here, with RDI, RSI, RDX = vector, error code, address. EAX tells whether
  // EENTER itself failed (2) or the enclave was left or not resumed (3).
  { in: ARGUMENTS, label: 'exception',
                   code: '48 8B 4D 18',                text: 'mov rcx,[rbp+18h]' },
  { in: ARGUMENTS, code: '48 85 C9',                   text: 'test rcx,rcx' },
  { in: ARGUMENTS, code: '74 rel8:reported',           text: 'je reported',                   why: 'the caller does not want to know' },
  { in: ARGUMENTS, code: '89 01',                      text: 'mov [rcx],eax',                 why: 'e->leaf' },
  { in: ARGUMENTS, code: '66 89 79 04',                text: 'mov [rcx+4],di',                why: 'e->trapnr' },
  { in: ARGUMENTS, code: '66 89 71 06',                text: 'mov [rcx+6],si',                why: 'e->error_code' },
  { in: ARGUMENTS, code: '48 89 51 08',                text: 'mov [rcx+8],rdx',               why: 'e->address' },
  { in: ARGUMENTS, label: 'reported',
                   code: 'B8 F2 FF FF FF',             text: 'mov eax,0FFFFFFF2h',            why: '-EFAULT' },

  { in: MAINLINE,  label: 'exception',
                   code: '48 8B 5D 10',                text: 'mov rbx,[rbp+10h]' },
  { in: MAINLINE,  code: '89 43 08',                   text: 'mov [rbx+8],eax',               why: 'run->function' },
  { in: MAINLINE,  code: '66 89 7B 0C',                text: 'mov [rbx+0Ch],di',              why: 'run->exception_vector' },
  { in: MAINLINE,  code: '66 89 73 0E',                text: 'mov [rbx+0Eh],si',              why: 'run->exception_error_code' },
  { in: MAINLINE,  code: '48 89 53 10',                text: 'mov [rbx+10h],rdx',             why: 'run->exception_addr' },
  { in: ALL,       code: 'EB rel8:dispatch',           text: 'jmp dispatch' },

  // A jump to RAX that the processor predicts to go round and round.
  { in: ARGUMENTS, label: 'retpoline',
                   code: 'E8 rel32:away',              text: 'call away' },
  { in: ARGUMENTS, label: 'around',
                   code: 'F3 90',                      text: 'pause' },
  { in: ARGUMENTS, code: '0F AE E8',                   text: 'lfence' },
  { in: ARGUMENTS, code: 'EB rel8:around',             text: 'jmp around' },
  { in: ARGUMENTS, label: 'away',
                   code: '48 89 04 24',                text: 'mov [rsp],rax' },
  { in: ARGUMENTS, code: 'C3',                         text: 'ret',                           why: 'into the handler, which returns behind `call retpoline`' },

  // The check of reserved for a `run` that lies in two pages. It ends with the flags that the check above ends with.
  { in: MAINLINE,  label: 'careful',
                   code: 'B9 28 00 00 00',             text: 'mov ecx,28h' },
  { in: MAINLINE,  label: 'next',
                   code: '48 83 3C 0B 00',             text: 'cmp qword [rbx+rcx],0' },
  { in: MAINLINE,  code: '75 rel8:invalid',            text: 'jne invalid' },
  { in: MAINLINE,  code: '83 C1 08',                   text: 'add ecx,8' },
  { in: MAINLINE,  code: '81 F9 00 01 00 00',          text: 'cmp ecx,100h' },
  { in: MAINLINE,  code: '75 rel8:next',               text: 'jne next' },
  { in: MAINLINE,  code: 'E9 rel32:checked',           text: 'jmp checked' },
]

/** The rows of one shape. */
export const enterEnclave = (abi: VdsoAbi): Listing => ROWS.filter((row) => row.in.includes(abi))
