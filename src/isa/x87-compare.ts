/** x87 comparison and classification. [SDM-1 "Comparison and Classification Instructions"] */
import { FSW } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { insn } from './rows.ts'
import { compare } from './softfloat/exact.ts'
import { isNaN, zero, type Float } from './softfloat/format.ts'
import { loadFloat } from './x87-operand.ts'
import { noteDenormals } from './x87-arithmetic.ts'
import { floatOf, stackIndex, waiting, type Fpu } from './x87-state.ts'

const CODES = FSW.C0 | FSW.C2 | FSW.C3
const UNORDERED = CODES

/** C3, C2, C0; `quiet`: a quiet NaN is no invalid operation. */
function order(f: Fpu, quiet: boolean, a: Float | undefined, b: Float | undefined): number {
  if (!a || !b) {
    f.invalid()
    return UNORDERED
  }
  if (isNaN(a) || isNaN(b)) {
    if (!quiet || a.kind === 'signaling' || b.kind === 'signaling') f.raise(FSW.IE)
    return UNORDERED
  }
  noteDenormals(f, a, b)
  const r = compare(a, b)
  return r > 0 ? 0 : r < 0 ? FSW.C0 : FSW.C3
}

function finishCompare(f: Fpu, codes: number, pops: number): void {
  const done = f.settle()
  f.status = (f.status & ~CODES) | codes
  if (done) for (let k = 0; k < pops; k++) f.pop()
}
function underflow(f: Fpu): number {
  f.stackUnderflow()
  return UNORDERED
}

const withMemory = (pops: number): NonNullable<Row['slow']> =>
  waiting((f, e, i) => {
    const b = loadFloat(e, i)
    finishCompare(f, f.isEmpty(0) ? underflow(f) : order(f, false, floatOf(f, 0), b), pops)
  })
const registers = (f: Fpu, s: number, quiet: boolean): number =>
  f.isEmpty(0) || f.isEmpty(s) ? underflow(f) : order(f, quiet, floatOf(f, 0), floatOf(f, s))
const withRegister = (quiet: boolean, pops = 0): NonNullable<Row['slow']> =>
  waiting((f, _e, i) => finishCompare(f, registers(f, stackIndex(i, i.operands.length - 1), quiet), pops))
const withNext = (quiet: boolean): NonNullable<Row['slow']> =>
  waiting((f) => finishCompare(f, registers(f, 1, quiet), 2))

/** These do not clear C1 unless the stack underflows. */
function settleKeepingC1(f: Fpu): boolean {
  const C1 = f.raised & FSW.SF ? 0 : f.status & FSW.C1
  const done = f.settle()
  f.status |= C1
  return done
}
/** To ZF, PF, CF instead: they have the places in RFLAGS that C3, C2, C0 have in the upper byte of the status word. */
const toFlags = (quiet: boolean, pops = 0): NonNullable<Row['slow']> =>
  waiting((f, e, i) => {
    const codes = registers(f, stackIndex(i, 1), quiet)
    e.setFlags('PACKED', 32, codes >> 8)
    if (settleKeepingC1(f)) for (let k = 0; k < pops; k++) f.pop()
  })

const compareZero = waiting((f) =>
  finishCompare(f, f.isEmpty(0) ? underflow(f) : order(f, false, floatOf(f, 0), zero(0)), 0),
)

/** C3, C2, C0 by class, C1 the sign, of an empty register too. */
const examine = waiting((f) => {
  const bits = f.st(0)
  f.status &= ~(CODES | FSW.C1)
  f.status |= (f.isEmpty(0) ? FSW.C3 | FSW.C0 : classOf(floatOf(f, 0))) | (bits >> 79n ? FSW.C1 : 0)
})
function classOf(x: Float | undefined): number {
  if (!x) return 0
  switch (x.kind) {
    case 'zero':
      return FSW.C3
    case 'infinite':
      return FSW.C2 | FSW.C0
    case 'quiet':
    case 'signaling':
      return FSW.C0
    case 'finite':
      return x.denormal ? FSW.C3 | FSW.C2 : FSW.C2
  }
}

// prettier-ignore
const CONDITIONS = [
  ['FCMOVB', 'DA /0', 2], ['FCMOVE', 'DA /1', 4], ['FCMOVBE', 'DA /2', 6], ['FCMOVU', 'DA /3', 10],
  ['FCMOVNB', 'DB /0', 3], ['FCMOVNE', 'DB /1', 5], ['FCMOVNBE', 'DB /2', 7], ['FCMOVNU', 'DB /3', 11],
] as const

/** An empty register is a stack underflow whether it would be moved or not. */
const conditionalMove =
  (cc: number) =>
  (f: Fpu, e: Evaluator, i: Insn): void => {
    const s = stackIndex(i, 1)
    if (f.isEmpty(0) || f.isEmpty(s)) f.finish(0, f.stackUnderflow())
    else if (e.condition(cc)) f.setSt(0, f.st(s))
  }

const FCOM = 'FCOM/FCOMP/FCOMPP—Compare Floating-Point Values'
const FUCOM = 'FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating-Point Values'
const FCOMI = 'FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating-Point Values and Set EFLAGS'
const FICOM = 'FICOM/FICOMP—Compare Integer'

// DC /2, DC /3 and DE /2 are other encodings that the manual does not list and every processor has.
// prettier-ignore
export const X87_COMPARE: readonly Row[] = [
  insn({ mnemonic: 'FCOM', spec: FCOM, rows: [['D8 /2', 'Md'], ['DC /2', 'Mq']], slow: withMemory(0) }),
  insn({ mnemonic: 'FCOMP', spec: FCOM, rows: [['D8 /3', 'Md'], ['DC /3', 'Mq']], slow: withMemory(1) }),
  insn({ mnemonic: 'FICOM', spec: FICOM, rows: [['DA /2', 'Md'], ['DE /2', 'Mw']], slow: withMemory(0) }),
  insn({ mnemonic: 'FICOMP', spec: FICOM, rows: [['DA /3', 'Md'], ['DE /3', 'Mw']], slow: withMemory(1) }),
  insn({ mnemonic: 'FCOM', spec: FCOM, rows: [['D8 /2 mod=3', 'ST0, STi'], ['DC /2 mod=3', 'ST0, STi']], slow: withRegister(false) }),
  insn({ mnemonic: 'FCOMP', spec: FCOM, rows: [['D8 /3 mod=3', 'ST0, STi'], ['DC /3 mod=3', 'ST0, STi'], ['DE /2 mod=3', 'ST0, STi']], slow: withRegister(false, 1) }),
  insn({ mnemonic: 'FCOMPP', spec: FCOM, rows: [['DE D9', '']], slow: withNext(false) }),
  insn({ mnemonic: 'FUCOM', spec: FUCOM, rows: [['DD /4 mod=3', 'ST0, STi']], slow: withRegister(true) }),
  insn({ mnemonic: 'FUCOMP', spec: FUCOM, rows: [['DD /5 mod=3', 'ST0, STi']], slow: withRegister(true, 1) }),
  insn({ mnemonic: 'FUCOMPP', spec: FUCOM, rows: [['DA E9', '']], slow: withNext(true) }),
  insn({ mnemonic: 'FCOMI', spec: FCOMI, rows: [['DB /6 mod=3', 'ST0, STi']], slow: toFlags(false) }),
  insn({ mnemonic: 'FCOMIP', spec: FCOMI, rows: [['DF /6 mod=3', 'ST0, STi']], slow: toFlags(false, 1) }),
  insn({ mnemonic: 'FUCOMI', spec: FCOMI, rows: [['DB /5 mod=3', 'ST0, STi']], slow: toFlags(true) }),
  insn({ mnemonic: 'FUCOMIP', spec: FCOMI, rows: [['DF /5 mod=3', 'ST0, STi']], slow: toFlags(true, 1) }),
  insn({ mnemonic: 'FTST', spec: 'FTST—TEST', rows: [['D9 E4', '']], slow: compareZero }),
  insn({ mnemonic: 'FXAM', spec: 'FXAM—Examine Floating-Point', rows: [['D9 E5', '']], slow: examine }),
  ...CONDITIONS.map(([mnemonic, opcode, cc]) =>
    insn({ mnemonic, spec: 'FCMOVcc—Floating-Point Conditional Move', rows: [[`${opcode} mod=3`, 'ST0, STi']], slow: waiting(conditionalMove(cc)) }),
  ),
].flat()
