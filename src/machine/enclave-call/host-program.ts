import * as elf from '../../spec/elf/index.ts'
import { placeListing, type Listing } from '../../vdso/index.ts'
import { executable } from '../guest-elf.ts'

/**
 * The program whose threads make the calls of the library. Each goes round and round: it asks the machine for the next call,
 * finds all registers and the stack as that call wants them, and makes it. The `user_handler` that it names asks the machine
 * too. So whatever the function and the enclave do is done by guest code, and only the two ends are in TypeScript.
 */

/** System calls that only this program knows; Linux has none with such numbers. */
export const OWN_CALLS = { next: 0x1000, handler: 0x1001 } as const

const PAGE = 4096
const TEXT = 0x40_0000

// prettier-ignore
const PROGRAM: Listing = [
  { label: 'start',
    code: '89 C3',           text: 'mov ebx,eax',       why: 'what the call before has returned' },
  { code: 'B8 00 10 00 00',  text: 'mov eax,1000h',     why: 'OWN_CALLS.next' },
  { code: '0F 05',           text: 'syscall' },
  { label: 'call',
    code: '41 FF D3',        text: 'call r11',          why: '__vdso_sgx_enter_enclave' },
  { code: 'EB rel8:start',   text: 'jmp start' },
  { label: 'handler',
    code: '49 89 CA',        text: 'mov r10,rcx',       why: 'argument 4, where a system call has it' },
  { code: 'B8 01 10 00 00',  text: 'mov eax,1001h',     why: 'OWN_CALLS.handler' },
  { code: '0F 05',           text: 'syscall' },
  { code: 'C3',              text: 'ret' },
]

const { bytes, labels } = placeListing(PROGRAM)
const addressOf = (label: string): number => TEXT + (labels.get(label) ?? 0)

export const HOST_PROGRAM = {
  listing: PROGRAM,
  start: addressOf('start'),
  /** Behind the system call that has put everything in place. */
  call: addressOf('call'),
  handler: BigInt(addressOf('handler')),
} as const

export function hostProgram(): Uint8Array {
  const text = new Uint8Array(PAGE)
  text.set(bytes)
  return executable(HOST_PROGRAM.start, [{ at: TEXT, bytes: text, p_flags: elf.PF_R | elf.PF_X }])
}
