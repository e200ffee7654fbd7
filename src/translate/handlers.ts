import { invariant } from '../base/index.ts'
import { STATE } from '../cpu/index.ts'
import { RSP } from '../spec/x86/index.ts'
import type { Insn, MemoryOperand, Operand, Row, Width } from '../isa/index.ts'
import { Code } from '../wasm/index.ts'
import { groupAccesses } from './affine.ts'
import type { Node } from './node.ts'
import {
  declareLocals,
  FIRST_GPR,
  FIRST_XMM,
  FIRST_YMM_HIGH,
  type InsnFacts,
  type RegionLocals,
  type Terminator,
} from './region-parts.ts'
import { loadFlags, storeFlags } from './region-state.ts'
import { emitString, isRepeatedString } from './string-code.ts'
import { Translator } from './translator.ts'

/**
 * What threaded code knows of one instruction (threaded.ts): a record in linear memory, which a handler gets as its parameter.
 * HANDLER has 16 bits. LENGTH is the instruction's, a byte; DISPLACEMENT 32 bits with a sign; NEXT the address behind it; SLOTS the place of
 * each register that it names, as an offset in the state block in units of 8 bytes, a byte each.
 */
export const RECORD = { HANDLER: 0, LENGTH: 2, DISPLACEMENT: 4, IMMEDIATE: 8, NEXT: 16, SLOTS: 24, SIZE: 32 } as const

/** Registers 8 to 15, which no instruction uses unless it names them, stand for what the record holds. */
const [BASE, INDEX, FIRST_OPERAND, NEXT, IMMEDIATE, DISPLACEMENT] = [8, 9, 10, 13, 14, 15] as const
/** How many registers beside base and index an instruction may name, and how many vector registers. */
const MOST_GPR = 3
const MOST_XMM = 3
/** Where XMM operand k of a handler is. */
const FIRST_XMM_OPERAND = 8
const SLOT_COUNT = 2 + MOST_GPR + MOST_XMM
/** Of the places in SLOTS, in bytes. */
export const SLOT_UNIT = 8

/** No program has these: they stand for the immediate, the address behind the instruction and the branch target. */
const ANY_IMMEDIATE = 0x5ea5_0e1d_3c0f_f1e5n
const ANY_ADDRESS = 2 ** 52 + 0x1357_9bdf
const ANY_RELATIVE = 0x5ea5_0e1d_3c0f_f1e6n
const ANY_TARGET = 2 ** 52 + 0x2468_ace0

/** For each slot of a record, the offset in the state block of the register that it names. */
export interface Fields {
  readonly slots: readonly number[]
  readonly displacement: bigint
  readonly immediate: bigint
}

const EMPTY_SLOT = STATE.GPR

/** An instruction as threaded code sees it: instructions with the same key differ only in what their records hold. */
export interface ShapedInsn {
  readonly key: string
  readonly fields: Fields
  /** What a handler for all of them is made from: with the registers above, and without numbers. */
  general(): Insn
}

/** What kind of instruction this is, and what its record holds; undefined where no handler can be made. */
export class Shapes {
  /** Rows whose text looks at the value of an immediate: each value is a shape of its own. */
  private readonly inspecting = new Set<Row>()
  private readonly rowNames = new Map<Row, string>()
  /** Names of rows that were found to look in an earlier run. */
  private readonly restored = new Set<string>()

  of(i: Insn): ShapedInsn | undefined {
    let key = `${this.nameOf(i.row)} ${i.w} ${+i.lock} ${i.rep} ${+i.a32} ${i.seg} ${i.vex}`
    const slots = new Array<number>(SLOT_COUNT).fill(EMPTY_SLOT)
    let [gprs, xmms, immediates, displacement, immediate] = [0, 0, 0, 0n, 0n]
    for (const o of i.operands) {
      switch (o.kind) {
        case 'reg':
          key += ` r${o.w}${o.high ? 'h' : ''}${namesItself(i, o) ? o.n : ''}`
          slots[FIRST_OPERAND - BASE + gprs++] = STATE.GPR + 8 * o.n
          break
        case 'xmm':
        case 'ymm':
          key += ` ${o.kind}${o.kind === 'xmm' ? o.w : ''}`
          slots[2 + MOST_GPR + xmms++] = STATE.XMM + 16 * o.n
          break
        case 'mem': {
          key += ` m${o.w}${o.seg}${o.a32 ? 'a' : ''}`
          if (isString(i)) break
          const relative = relativeTo(i, o)
          key += `${relative === undefined ? '' : 'n'}${o.base === RSP ? 's' : o.base >= 0 ? 'b' : ''}${o.index >= 0 ? o.scale : ''}`
          if (o.base >= 0) slots[0] = STATE.GPR + 8 * o.base
          if (o.index >= 0) slots[1] = STATE.GPR + 8 * o.index
          displacement = relative ?? o.disp
          if (!isShort(displacement)) return undefined
          break
        }
        case 'imm':
          key += ` i${o.w}${this.inspecting.has(i.row) ? `#${o.value}` : ''}`
          immediate = o.value
          immediates++
          break
        case 'rel':
          key += ' j'
          immediate = BigInt(o.target)
          immediates++
          break
        default:
          return undefined
      }
    }
    if (gprs > MOST_GPR || xmms > MOST_XMM || immediates > 1) return undefined
    return { key, fields: { slots, displacement, immediate }, general: () => this.general(i) }
  }

  /** The text of this shape looked at the immediate: from now on its row has a shape for each value. */
  inspects(row: Row): void {
    this.inspecting.add(row)
  }

  /** A key that tells `restore` so. */
  inspectingKey(row: Row): string {
    return `${this.nameOf(row)}#`
  }

  /** A key of an earlier run told so. */
  restore(key: string): void {
    const [row] = key.split('|', 1)
    if (key.includes('#')) this.restored.add(row ?? '')
  }

  /** The same in every run of one version. */
  private nameOf(row: Row): string {
    let name = this.rowNames.get(row)
    if (name === undefined) {
      name = `${row.mnemonic} ${row.opcode} ${row.operands}|`
      this.rowNames.set(row, name)
      if (this.restored.has(name.slice(0, -1))) this.inspecting.add(row)
    }
    return name
  }

  private general(i: Insn): Insn {
    let [gprs, xmms] = [0, 0]
    const operands = i.operands.map((o): Operand => {
      switch (o.kind) {
        case 'reg': {
          const n = FIRST_OPERAND + gprs++
          return namesItself(i, o) ? o : { ...o, n }
        }
        case 'xmm':
        case 'ymm':
          return { ...o, n: FIRST_XMM_OPERAND + xmms++ }
        case 'mem':
          if (isString(i)) return o
          // POP asks whether RSP is the base.
          return {
            ...o,
            base: o.base >= 0 && o.base !== RSP ? BASE : o.base,
            index: o.index >= 0 ? INDEX : -1,
            disp: relativeTo(i, o) === undefined ? 0n : ANY_RELATIVE,
          }
        case 'imm':
          return this.inspecting.has(i.row) ? o : { ...o, value: ANY_IMMEDIATE }
        case 'rel':
          return { ...o, target: ANY_TARGET }
        default:
          return o
      }
    })
    return { ...i, operands, address: ANY_ADDRESS, length: 0 }
  }
}

/** MOVS and its like: their memory is where RSI and RDI point to, which they change. */
const STRINGS = new Set(['A4', 'A5', 'A6', 'A7', 'AA', 'AB', 'AC', 'AD', 'AE', 'AF'])
const isString = ({ row }: Insn): boolean => STRINGS.has(row.opcode)
/** A displacement that a record holds. */
const isShort = (displacement: bigint): boolean => displacement >= -0x8000_0000n && displacement < 0x8000_0000n
/** Where an operand without registers is from where the instruction ends, if a record holds that: programs are anywhere. */
function relativeTo(i: Insn, m: MemoryOperand): bigint | undefined {
  if (m.base >= 0 || m.index >= 0 || m.seg !== 'none') return undefined
  const distance = m.disp - BigInt(i.address + i.length)
  return isShort(distance) ? distance : undefined
}
/** CMPXCHG asks whether its destination is the accumulator. */
const namesItself = (i: Insn, o: { readonly n: number }): boolean => i.row.mnemonic === 'CMPXCHG' && o.n === 0

/** Takes what differs between instructions of one shape from the record's registers. */
class HandlerTranslator extends Translator {
  /** Immediates that the text used as they are. */
  private used = 0

  override lit(w: Width, n: number | bigint): Node {
    if (n === ANY_IMMEDIATE && w !== 128) {
      this.used++
      return this.reg(w, IMMEDIATE)
    }
    if (n === ANY_ADDRESS) return this.reg(64, NEXT)
    if (n === ANY_TARGET) return this.reg(64, IMMEDIATE)
    return super.lit(w, n)
  }

  override effectiveAddress(m: MemoryOperand): Node {
    const from = m.disp === ANY_RELATIVE ? this.reg(64, NEXT) : super.effectiveAddress({ ...m, a32: false })
    const a = this.add(64, from, this.reg(64, DISPLACEMENT))
    return m.a32 ? this.zext(32, 64, this.trunc(64, 32, a)) : a
  }

  /** As `analyze`; undefined if the text looks at its immediate otherwise than by `lit`. */
  analyzeGeneral(i: Insn): InsnFacts | undefined {
    let reads = 0
    this.used = 0
    const operands = i.operands.map((o): Operand => {
      if (o.kind !== 'imm' || o.value !== ANY_IMMEDIATE) return o
      return Object.defineProperty({ ...o }, 'value', {
        get: () => {
          reads++
          return ANY_IMMEDIATE
        },
      })
    })
    const facts = this.analyze({ ...i, operands })
    return reads === this.used ? facts : undefined
  }
}

/** Index of the function flags(fop, a, b, c), as of Dispatcher, in a module of handlers. */
export const FLAGS_FUNCTION = 0

/**
 * Why there is no handler. 'inspects': the text looks at its immediate. 'unfit': it writes two parts of registers, which may be parts
 * of the same one; or it uses registers that mean something else here (VZEROUPPER).
 */
export type NoHandler = 'inspects' | 'unfit'

/** The function (record: i32): i32 of a general instruction: 0, or 1 if the evaluator is to do the instruction, of which nothing has been done but elements of a string. */
export function compileHandler(insn: Insn): Code | NoHandler {
  if (isRepeatedString(insn)) {
    const code = new Code(1)
    emitString(code, insn)
    return code.op('i32.eqz')
  }
  const t = new HandlerTranslator(true)
  t.startBlock()
  const facts = t.analyzeGeneral(insn)
  if (!facts) return 'inspects'
  const written = [...t.touched.gprWritten]
  if (written.length > 1 && insn.w < 32 && written.some(isNamed)) return 'unfit'
  const vectors = insn.operands.filter((o) => o.kind === 'xmm' || o.kind === 'ymm').length
  if ([...t.touched.xmm, ...t.touched.ymmHigh].some((n) => n >= FIRST_XMM_OPERAND + vectors)) return 'unfit'
  groupAccesses(facts.accesses, true)
  const code = new Code(1)
  const locals = declareLocals(code, t.touched)
  reload(code, t, locals, facts.readsFlags)
  const exitLevel = code.open('block')
  t.enterRegion({ code, locals, exitLevel, callFlags: (c) => c.call(FLAGS_FUNCTION), atHome: false, exitFor: () => 1 })
  t.enterBlock()
  const terminator = t.translate(insn, facts, true)
  if (terminator) writeRip(code, t, locals, terminator)
  spill(code, t, locals)
  code.i32(0).op('return').close()
  return code.i32(1)
}

const isNamed = (n: number): boolean => n >= BASE

/** Puts the place of register n of `file` on the stack; returns the offset to add. */
function placeOf(code: Code, file: 'GPR' | 'XMM' | 'YMM_HIGH', n: number): number {
  if (file === 'GPR') {
    if (n < BASE) return (void code.i32(0), STATE.GPR + 8 * n)
    if (n >= NEXT) {
      code.get(0)
      return { [NEXT]: RECORD.NEXT, [IMMEDIATE]: RECORD.IMMEDIATE, [DISPLACEMENT]: RECORD.DISPLACEMENT }[n] ?? -1
    }
    slot(code, n - BASE)
    return 0
  }
  const high = file === 'YMM_HIGH' ? STATE.YMM_HIGH - STATE.XMM : 0
  if (n < FIRST_XMM_OPERAND) return (void code.i32(0), STATE.XMM + 16 * n + high)
  slot(code, 2 + MOST_GPR + n - FIRST_XMM_OPERAND)
  return high
}
const slot = (code: Code, k: number): Code =>
  code
    .get(0)
    .memory('i32.load8_u', RECORD.SLOTS + k)
    .i32(Math.log2(SLOT_UNIT))
    .op('i32.shl')

function reload(code: Code, t: Translator, locals: RegionLocals, readsFlags: boolean): void {
  const { touched } = t
  for (const n of touched.gpr)
    code.memory(n === DISPLACEMENT ? 'i64.load32_s' : 'i64.load', placeOf(code, 'GPR', n)).set(FIRST_GPR + n)
  for (const n of touched.xmm) code.simdMemory('v128.load', placeOf(code, 'XMM', n)).set(FIRST_XMM + n)
  for (const n of touched.ymmHigh) code.simdMemory('v128.load', placeOf(code, 'YMM_HIGH', n)).set(FIRST_YMM_HIGH + n)
  code.i32(0).memory('i32.load', STATE.VIEW).set(locals.view)
  if (readsFlags) loadFlags(code, locals)
  if (touched.fpFast) code.i32(0).memory('i32.load', STATE.FP_FAST).set(locals.fpFast)
  if (touched.fs) code.i32(0).memory('i64.load', STATE.FS_BASE).set(locals.fs)
  if (touched.gs) code.i32(0).memory('i64.load', STATE.GS_BASE).set(locals.gs)
}

/** In the order of the writes: of two names for one register, the later wins, as in the text. */
function spill(code: Code, t: Translator, locals: RegionLocals): void {
  const { touched } = t
  for (const n of touched.gprWritten) {
    const offset = placeOf(code, 'GPR', n)
    code.get(FIRST_GPR + n).memory('i64.store', offset)
  }
  for (const n of touched.xmmWritten) {
    const offset = placeOf(code, 'XMM', n)
    code.get(FIRST_XMM + n).simdMemory('v128.store', offset)
  }
  for (const n of touched.ymmHighWritten) {
    const offset = placeOf(code, 'YMM_HIGH', n)
    code.get(FIRST_YMM_HIGH + n).simdMemory('v128.store', offset)
  }
  if (touched.flags) storeFlags(code, locals, t.flags?.inputs ?? 3)
}

/** A branch that is not taken leaves RIP as it is: the next instruction's address, which threaded code has put there. */
function writeRip(code: Code, t: Translator, locals: RegionLocals, { target, condition }: Terminator): void {
  if (condition) {
    t.emit(condition)
    code.open('if')
  }
  code.i32(0)
  if (typeof target !== 'number') code.get(locals.rip)
  else {
    invariant(target === ANY_TARGET, 'a handler branches to what the record says')
    code.get(0).memory('i64.load', RECORD.IMMEDIATE)
  }
  code.memory('i64.store', STATE.RIP)
  if (condition) code.close()
}
