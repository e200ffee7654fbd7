/**
 * The border of user mode: SYSCALL, ENCLU, CPUID, time, random numbers, interrupts, and what only the kernel may do.
 * CPL is 3 and IOPL 0 throughout; UMIP is on. [SDM-1 "System Instructions"; SDM-3D "Illegal Instructions" for enclaves]
 */
import { Fault, fault } from '../cpu/index.ts'
import { R11, RAX, RBX, RCX, RDX, RFLAGS, type VectorName } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn } from './insn.ts'
import { operand, put } from './operand.ts'
import { insn, type Form } from './rows.ts'

const GP0 = (): never => fault.GP(0)
const UD = (): never => fault.UD()

/** A trap is delivered after its instruction: RIP is the next one. */
function trap(e: Evaluator, i: Insn, vector: VectorName): never {
  e.state.rip = i.address + i.length
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- a guest fault is not an error of ours
  throw new Fault(vector)
}

/** INT n: user code may call vectors 3 and 4; the error code names the gate ("IDT" bit set). */
function interrupt(e: Evaluator, i: Insn): void {
  const o = operand(i, 0)
  const n = o.kind === 'imm' ? Number(o.value) : 0
  if (n === 3) trap(e, i, 'BP')
  if (n === 4) trap(e, i, 'OF')
  fault.GP(n * 8 + 2)
}

const setLow = (e: Evaluator, n: number, value: number | bigint): void =>
  e.setReg(64, n, BigInt.asUintN(32, BigInt(value)))

function timestamp(e: Evaluator): void {
  const t = e.env.timestamp()
  setLow(e, RAX, t)
  setLow(e, RDX, t >> 32n)
}

/** RDRAND and RDSEED never run dry here: CF is always 1. */
function random(e: Evaluator, i: Insn): void {
  put(e, i, 0, e.lit(i.w, e.env.random()))
  e.setFlags('PACKED', 32, RFLAGS.CF)
}

/** What only CPL 0 may do, whatever the operands are. */
const privileged = (mnemonic: string, rows: readonly Form[], more: { enclave?: 'UD' } = {}): ReturnType<typeof insn> =>
  insn({ mnemonic, spec: `${mnemonic}: privileged`, flow: 'exit', rows, slow: GP0, ...more })

/** [SDM-3D "Illegal Instructions"] */
const noEnclave = { enclave: 'UD' } as const

// prettier-ignore
export const SYSTEM = [
  insn({
    mnemonic: 'SYSCALL', spec: 'SYSCALL—Fast System Call', flow: 'exit', enclave: 'UD', rows: [['0F 05', '']],
    slow: (e, i) => {
      e.setReg(64, RCX, BigInt(i.address + i.length))
      e.setReg(64, R11, e.state.rflags)
      e.leave({ kind: 'syscall' })
    },
  }),
  insn({
    mnemonic: 'ENCLU', spec: 'ENCLU—Execute an Enclave User Function of Specified Leaf Number', flow: 'exit', rows: [['NP 0F 01 D7', '']],
    // The leaf is the run loop's; it moves RIP.
    slow: (e) => {
      e.stay()
      e.leave({ kind: 'enclu' })
    },
  }),
  insn({
    mnemonic: 'ENCLS', spec: 'ENCLS—Execute an Enclave System Function of Specified Leaf Number', flow: 'exit', rows: [['NP 0F 01 CF', '']],
    slow: UD,
  }),
  insn({
    mnemonic: 'CPUID', spec: 'CPUID—CPU Identification', enclave: 'UD', rows: [['0F A2', '']],
    slow: (e) => {
      const values = e.env.cpuid(Number(e.reg(32, RAX)), Number(e.reg(32, RCX)))
      ;[RAX, RBX, RCX, RDX].forEach((n, k) => setLow(e, n, values[k] ?? 0))
    },
  }),
  insn({ mnemonic: 'RDTSC', spec: 'RDTSC—Read Time-Stamp Counter', enclave: 'SGX2', rows: [['0F 31', '']], slow: timestamp }),
  insn({
    mnemonic: 'RDTSCP', spec: 'RDTSCP—Read Time-Stamp Counter and Processor ID', enclave: 'SGX2', feature: 'RDTSCP', rows: [['0F 01 F9', '']],
    slow: (e) => {
      timestamp(e)
      // IA32_TSC_AUX, where Linux keeps the processor's number: there is one.
      setLow(e, RCX, 0)
    },
  }),
  insn({ mnemonic: 'RDPID', spec: 'RDPID—Read Processor ID', feature: 'RDPID', rows: [['F3 0F C7 /7', 'Rq']], slow: (e, i) => put(e, i, 0, 0n) }),
  insn({ mnemonic: 'RDRAND', spec: 'RDRAND—Read Random Number', feature: 'RDRAND', rows: [['NFx 0F C7 /6', 'Rv']], slow: random }),
  insn({ mnemonic: 'RDSEED', spec: 'RDSEED—Read Random SEED', feature: 'RDSEED', rows: [['NFx 0F C7 /7', 'Rv']], slow: random }),
  insn({ mnemonic: 'RDFSBASE', spec: 'RDFSBASE/RDGSBASE—Read FS/GS Segment Base', feature: 'FSGSBASE', rows: [['F3 0F AE /0', 'Ry']], slow: (e, i) => put(e, i, 0, e.lit(i.w, e.state.fsBase)) }),
  insn({ mnemonic: 'RDGSBASE', spec: 'RDFSBASE/RDGSBASE—Read FS/GS Segment Base', feature: 'FSGSBASE', rows: [['F3 0F AE /1', 'Ry']], slow: (e, i) => put(e, i, 0, e.lit(i.w, e.state.gsBase)) }),
  insn({ mnemonic: 'WRFSBASE', spec: 'WRFSBASE/WRGSBASE—Write FS/GS Segment Base', feature: 'FSGSBASE', rows: [['F3 0F AE /2', 'Ry']], slow: (e, i) => void (e.state.fsBase = newBase(e, i)) }),
  insn({ mnemonic: 'WRGSBASE', spec: 'WRFSBASE/WRGSBASE—Write FS/GS Segment Base', feature: 'FSGSBASE', rows: [['F3 0F AE /3', 'Ry']], slow: (e, i) => void (e.state.gsBase = newBase(e, i)) }),

  insn({ mnemonic: 'INT3', spec: 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure', flow: 'exit', rows: [['CC', '']], slow: (e, i) => trap(e, i, 'BP') }),
  insn({ mnemonic: 'INT1', spec: 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure', flow: 'exit', enclave: 'UD', rows: [['F1', '']], slow: (e, i) => trap(e, i, 'DB') }),
  insn({ mnemonic: 'INT', spec: 'INT n/INTO/INT3/INT1—Call to Interrupt Procedure', flow: 'exit', enclave: 'UD', rows: [['CD', 'Ib']], slow: interrupt }),
  // STAR gives no SYSENTER to 64-bit programs under Linux without IA32 emulation: IA32_SYSENTER_CS is 0.
  insn({ mnemonic: 'SYSENTER', spec: 'SYSENTER—Fast System Call', flow: 'exit', enclave: 'UD', rows: [['0F 34', '']], slow: GP0 }),

  privileged('HLT', [['F4', '']]),
  privileged('CLI', [['FA', '']]),
  privileged('STI', [['FB', '']]),
  privileged('IN', [['E4', 'AL, Ib'], ['E5', 'eAX, Ib'], ['EC', 'AL, DX'], ['ED', 'eAX, DX']], noEnclave),
  privileged('OUT', [['E6', 'Ib, AL'], ['E7', 'Ib, eAX'], ['EE', 'DX, AL'], ['EF', 'DX, eAX']], noEnclave),
  privileged('INSB', [['6C', 'Yb, DX']], noEnclave),
  privileged('INSW/INSD/INSD', [['6D', 'Yz, DX']], noEnclave),
  privileged('OUTSB', [['6E', 'DX, Xb']], noEnclave),
  privileged('OUTSW/OUTSD/OUTSD', [['6F', 'DX, Xz']], noEnclave),
  privileged('CLTS', [['0F 06', '']]),
  privileged('SYSRET', [['0F 07', '']]),
  privileged('INVD', [['0F 08', '']]),
  privileged('WBINVD', [['0F 09', '']]),
  privileged('WRMSR', [['0F 30', '']]),
  privileged('RDMSR', [['0F 32', '']]),
  privileged('RDPMC', [['0F 33', '']], noEnclave),
  privileged('SYSEXIT', [['0F 35', '']]),
  insn({
    mnemonic: 'MOV', spec: 'MOV—Move to/from Control Registers', flow: 'exit', rows: [['0F 20 /r', 'Eq, Cq'], ['0F 22 /r', 'Cq, Eq']],
    slow: (_e, i) => ([0n, 2n, 3n, 4n, 8n].includes(controlRegister(i)) ? GP0() : UD()),
  }),
  insn({
    mnemonic: 'MOV', spec: 'MOV—Move to/from Debug Registers', flow: 'exit', rows: [['0F 21 /r', 'Eq, Dq'], ['0F 23 /r', 'Dq, Eq']],
    slow: (_e, i) => (controlRegister(i) < 8n ? GP0() : UD()),
  }),
  privileged('LLDT', [['0F 00 /2', 'Ew']]),
  privileged('LTR', [['0F 00 /3', 'Ew']]),
  privileged('LGDT', [['0F 01 /2', 'M']]),
  privileged('LIDT', [['0F 01 /3', 'M']]),
  privileged('LMSW', [['0F 01 /6', 'Ew']]),
  privileged('INVLPG', [['0F 01 /7', 'M']]),
  privileged('XSETBV', [['NP 0F 01 D1', '']].map(([o, x]) => [o, x, { feature: 'OSXSAVE' }] as Form)),
  privileged('INVPCID', [['66 0F 38 82 /r', 'Gq, Mdq', { feature: 'INVPCID' }]]),
  privileged('SWAPGS', [['0F 01 F8', '']]),
  // UMIP makes these privileged.
  privileged('SLDT', [['0F 00 /0', 'Ev']], noEnclave),
  privileged('STR', [['0F 00 /1', 'Ev']], noEnclave),
  privileged('SGDT', [['0F 01 /0', 'M']], noEnclave),
  privileged('SIDT', [['0F 01 /1', 'M']], noEnclave),
  privileged('SMSW', [['0F 01 /4', 'Ev']]),
].flat()

const controlRegister = (i: Insn): bigint => i.operands.reduce((n, o) => (o.kind === 'imm' ? o.value : n), 0n)

/** WRFSBASE of a 64-bit value checks that it is canonical. */
function newBase(e: Evaluator, i: Insn): bigint {
  const o = operand(i, 0)
  const v = BigInt(o.kind === 'reg' ? e.reg(o.w, o.n) : 0)
  if (BigInt.asUintN(64, BigInt.asIntN(48, v)) !== v) fault.GP(0)
  return v
}
