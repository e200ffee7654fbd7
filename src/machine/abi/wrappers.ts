import type { Listing, Row, VdsoAbi } from '../../vdso/index.ts'

/**
 * The assembly that C code had to put, or still puts, between itself and the call. Each has the C prototype
 * `int w(rdi, rsi, rdx, unsigned int leaf, r8, r9, ...)` with the stack arguments of its shape.
 */

/** How C code can call the function. */
export const STYLES = {
  direct: 'a direct call through a C function pointer',
  minimal: 'a wrapper that does the least the shape asks for',
  all: "a wrapper that saves all callee-saved registers, as the kernel's selftest has it",
} as const
/** The name of a style in `STYLES`. */
export type Style = keyof typeof STYLES

interface WrapperRow extends Row {
  readonly in: readonly VdsoAbi[]
}

const EVERY = ['mainline', 'v28', 'v29', 'v29-misc'] as const
const MAINLINE = ['mainline'] as const
const V28 = ['v28'] as const
const ARGUMENTS = ['v28', 'v29', 'v29-misc'] as const

// prettier-ignore
const ALL_ROWS: readonly WrapperRow[] = [
  { in: EVERY,                       code: '41 57',                    text: 'push r15' },
  { in: EVERY,                       code: '41 56',                    text: 'push r14' },
  { in: EVERY,                       code: '41 55',                    text: 'push r13' },
  { in: EVERY,                       code: '41 54',                    text: 'push r12' },
  { in: EVERY,                       code: '53',                       text: 'push rbx' },
  { in: ['mainline', 'v28', 'v29'],  code: '6A 00',                    text: 'push 0',               why: 'alignment' },
  { in: MAINLINE,                    code: 'FF 74 24 38',              text: 'push qword [rsp+38h]', why: 'run' },
  { in: ['v29-misc'],                code: 'FF 74 24 48',              text: 'push qword [rsp+48h]', why: 'misc' },
  { in: ARGUMENTS,                   code: 'FF 74 24 48',              text: 'push qword [rsp+48h]', why: 'handler' },
  { in: ARGUMENTS,                   code: 'FF 74 24 48',              text: 'push qword [rsp+48h]', why: 'e' },
  { in: ARGUMENTS,                   code: 'FF 74 24 48',              text: 'push qword [rsp+48h]', why: 'tcs' },
  { in: V28,                         code: '89 C8',                    text: 'mov eax,ecx',          why: 'the leaf' },
  { in: EVERY,                       code: 'FF 14 25 abs32:vdso_call', text: 'call qword [vdso_call]' },
  { in: MAINLINE,                    code: '48 83 C4 10',              text: 'add rsp,10h' },
  { in: ARGUMENTS,                   code: '48 83 C4 20',              text: 'add rsp,20h' },
  { in: EVERY,                       code: '5B',                       text: 'pop rbx' },
  { in: EVERY,                       code: '41 5C',                    text: 'pop r12' },
  { in: EVERY,                       code: '41 5D',                    text: 'pop r13' },
  { in: EVERY,                       code: '41 5E',                    text: 'pop r14' },
  { in: EVERY,                       code: '41 5F',                    text: 'pop r15' },
  { in: EVERY,                       code: 'C3',                       text: 'ret' },
]

/** v28 needs the leaf in EAX and RBX saved; the others need nothing, so that a jump is all. */
// prettier-ignore
const MINIMAL_ROWS: readonly WrapperRow[] = [
  { in: V28,                         code: '53',                       text: 'push rbx' },
  { in: V28,                         code: '6A 00',                    text: 'push 0',               why: 'alignment' },
  { in: V28,                         code: 'FF 74 24 28',              text: 'push qword [rsp+28h]', why: 'handler' },
  { in: V28,                         code: 'FF 74 24 28',              text: 'push qword [rsp+28h]', why: 'e' },
  { in: V28,                         code: 'FF 74 24 28',              text: 'push qword [rsp+28h]', why: 'tcs' },
  { in: V28,                         code: '89 C8',                    text: 'mov eax,ecx',          why: 'the leaf' },
  { in: V28,                         code: 'FF 14 25 abs32:vdso_call', text: 'call qword [vdso_call]' },
  { in: V28,                         code: '48 83 C4 20',              text: 'add rsp,20h' },
  { in: V28,                         code: '5B',                       text: 'pop rbx' },
  { in: V28,                         code: 'C3',                       text: 'ret' },
  { in: ['mainline', 'v29', 'v29-misc'],
                                     code: 'FF 24 25 abs32:vdso_call', text: 'jmp qword [vdso_call]' },
]

export const wrapper = (abi: VdsoAbi, style: 'minimal' | 'all'): Listing =>
  (style === 'all' ? ALL_ROWS : MINIMAL_ROWS).filter((row) => row.in.includes(abi))
