import type { Listing } from '../../vdso/index.ts'

/**
 * The enclave of the measuring program. The host's list of events says what each entry does: fault or leave, with which
 * registers. It has no secrets, so it may follow pointers of the host.
 *
 * An event: 0 what to do, 8 RDI RSI RDX R8 R9 R10 R11, 40h R12 to R15, 60h added to RSP, 68h DF, 70h RCX, 78h what to
 * do after a fault, 80h the address to read.
 */
// prettier-ignore
export const ENCLAVE_CODE: Listing = [
  { label: 'entry',
    code: '4C 89 24 25 abs32:kept_r12',          text: 'mov [kept_r12],r12', why: 'as code that keeps to the ABI would' },
  { code: '4C 89 2C 25 abs32:kept_r13',          text: 'mov [kept_r13],r13' },
  { code: '4C 89 34 25 abs32:kept_r14',          text: 'mov [kept_r14],r14' },
  { code: '4C 89 3C 25 abs32:kept_r15',          text: 'mov [kept_r15],r15' },
  { code: '48 89 CB',                            text: 'mov rbx,rcx', why: 'where to leave to' },
  { code: '48 8B 0C 25 abs32:events',            text: 'mov rcx,[events]', why: 'what to do now' },
  { code: '48 81 04 25 abs32:events 90 00 00 00', text: 'add qword [events],90h' },
  { code: 'FF 21',                               text: 'jmp qword [rcx]' },
  { label: 'divide',
    code: '31 D2',                               text: 'xor edx,edx' },
  { code: 'B8 01 00 00 00',                      text: 'mov eax,1' },
  { code: 'F7 34 25 abs32:divisor',              text: 'div dword [divisor]' },
  { code: 'FF 61 78',                            text: 'jmp qword [rcx+78h]' },
  { label: 'read',
    code: '48 8B 81 80 00 00 00',                text: 'mov rax,[rcx+80h]', why: 'an address, for a page fault' },
  { code: '8A 00',                               text: 'mov al,[rax]' },
  { code: 'FF 61 78',                            text: 'jmp qword [rcx+78h]' },
  { label: 'undefined',
    code: '0F 0B',                               text: 'ud2' },
  { label: 'keep',
    code: '4C 8B 24 25 abs32:kept_r12',          text: 'mov r12,[kept_r12]' },
  { code: '4C 8B 2C 25 abs32:kept_r13',          text: 'mov r13,[kept_r13]' },
  { code: '4C 8B 34 25 abs32:kept_r14',          text: 'mov r14,[kept_r14]' },
  { code: '4C 8B 3C 25 abs32:kept_r15',          text: 'mov r15,[kept_r15]' },
  { code: 'EB rel8:leave',                       text: 'jmp leave' },
  { label: 'clobber',
    code: '4C 8B 61 40',                         text: 'mov r12,[rcx+40h]' },
  { code: '4C 8B 69 48',                         text: 'mov r13,[rcx+48h]' },
  { code: '4C 8B 71 50',                         text: 'mov r14,[rcx+50h]' },
  { code: '4C 8B 79 58',                         text: 'mov r15,[rcx+58h]' },
  { label: 'leave',
    code: '48 8B 79 08',                         text: 'mov rdi,[rcx+8]' },
  { code: '48 8B 71 10',                         text: 'mov rsi,[rcx+10h]' },
  { code: '48 8B 51 18',                         text: 'mov rdx,[rcx+18h]' },
  { code: '4C 8B 41 20',                         text: 'mov r8,[rcx+20h]' },
  { code: '4C 8B 49 28',                         text: 'mov r9,[rcx+28h]' },
  { code: '4C 8B 51 30',                         text: 'mov r10,[rcx+30h]' },
  { code: '4C 8B 59 38',                         text: 'mov r11,[rcx+38h]' },
  { code: '48 03 61 60',                         text: 'add rsp,[rcx+60h]', why: 'leaves the stack of the host displaced' },
  { code: '48 83 79 68 00',                      text: 'cmp qword [rcx+68h],0' },
  { code: '74 rel8:out',                         text: 'je out' },
  { code: 'FD',                                  text: 'std', why: 'leaves with the direction flag set' },
  { label: 'out',
    code: '48 8B 49 70',                         text: 'mov rcx,[rcx+70h]' },
  { code: 'B8 04 00 00 00',                      text: 'mov eax,4', why: 'EEXIT' },
  { code: '0F 01 D7',                            text: 'enclu' },
]
export const EVENT_SIZE = 0x90
