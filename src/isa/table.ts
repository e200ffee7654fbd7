/**
 * From rows to a lookup: spreads every row over the cells it answers for. A cell is one opcode with one of four mandatory-prefix states, REX.W, REX.B and a class of ModRM bytes; where
 * two rows meet, the one that asks for more wins, and two that ask for the same are an error that `overlaps` lists.
 * [SDM-2 "Instruction Format", "Opcode Map"]
 */
import { invariant } from '../base/index.ts'
import type { Insn, Row } from './insn.ts'
import {
  METHOD,
  operandCodes,
  parseOpcode,
  parseOperand,
  SIZE,
  type Method,
  type Opcode,
  type OperandSpec,
  type Size,
} from './opcode.ts'
import { ADD } from './add.ts'
import { AES } from './aes.ts'
import { AVX2_GATHER } from './avx2-gather.ts'
import { AVX2_INTEGER } from './avx2-integer.ts'
import { AVX2_MOVE } from './avx2-move.ts'
import { AVX_FLOAT } from './avx-float.ts'
import { AVX_INTEGER } from './avx-integer.ts'
import { AVX_MOVE } from './avx-move.ts'
import { AVX_SHUFFLE } from './avx-shuffle.ts'
import { BIT } from './bit.ts'
import { BMI } from './bmi.ts'
import { CONTROL } from './control.ts'
import { CONTROL_FAR } from './control-far.ts'
import { EXCHANGE } from './exchange.ts'
import { F16C } from './f16c.ts'
import { FLAG_CONTROL } from './flag-control.ts'
import { FMA } from './fma.ts'
import { LOGIC } from './logic.ts'
import { MISC } from './misc.ts'
import { MMX } from './mmx.ts'
import { MMX_CONVERT } from './mmx-convert.ts'
import { MMX_SSSE3 } from './mmx-ssse3.ts'
import { MOVE } from './move.ts'
import { MULTIPLY } from './multiply.ts'
import { PCLMUL } from './pclmul.ts'
import { ROTATE } from './rotate.ts'
import { SHA } from './sha.ts'
import { SEGMENT } from './segment.ts'
import { SHIFT } from './shift.ts'
import { SSE_CONVERT } from './sse-convert.ts'
import { SSE_ESTIMATE } from './sse-estimate.ts'
import { SSE_FLOAT } from './sse-float.ts'
import { SSE_INTEGER } from './sse-integer.ts'
import { SSE_MOVE } from './sse-move.ts'
import { SSE_SHUFFLE } from './sse-shuffle.ts'
import { SSE_STATE } from './sse-state.ts'
import { SSE3 } from './sse3.ts'
import { SSE41_FLOAT } from './sse41-float.ts'
import { SSE41_INTEGER } from './sse41-integer.ts'
import { SSE41_SHUFFLE } from './sse41-shuffle.ts'
import { SSE42 } from './sse42.ts'
import { SSSE3 } from './ssse3.ts'
import { STACK } from './stack.ts'
import { STRING } from './string.ts'
import { SYSTEM } from './system.ts'
import { XSAVE } from './xsave.ts'
import { X87_ARITHMETIC } from './x87-arithmetic.ts'
import { X87_COMPARE } from './x87-compare.ts'
import { X87_CONTROL } from './x87-control.ts'
import { X87_MOVE } from './x87-move.ts'
import { X87_TRANSCENDENTAL } from './x87-transcendental.ts'

/** Every family, in the order of the manual's volume 1. The name is the file's. */
// prettier-ignore
export const FAMILIES: Readonly<Record<string, readonly Row[]>> = {
  move: MOVE, exchange: EXCHANGE, stack: STACK, add: ADD, multiply: MULTIPLY, logic: LOGIC, shift: SHIFT, rotate: ROTATE, bit: BIT, bmi: BMI,
  control: CONTROL, 'control-far': CONTROL_FAR, segment: SEGMENT, string: STRING, 'flag-control': FLAG_CONTROL, misc: MISC,
  'sse-move': SSE_MOVE, 'sse-float': SSE_FLOAT, 'sse-estimate': SSE_ESTIMATE, 'sse-shuffle': SSE_SHUFFLE, 'sse-convert': SSE_CONVERT,
  'sse-integer': SSE_INTEGER, 'sse-state': SSE_STATE, xsave: XSAVE,
  sse3: SSE3, ssse3: SSSE3, 'sse41-integer': SSE41_INTEGER, 'sse41-shuffle': SSE41_SHUFFLE, 'sse41-float': SSE41_FLOAT, sse42: SSE42, aes: AES, pclmul: PCLMUL, sha: SHA,
  'avx-move': AVX_MOVE, 'avx-float': AVX_FLOAT, 'avx-shuffle': AVX_SHUFFLE, 'avx-integer': AVX_INTEGER,
  'avx2-integer': AVX2_INTEGER, 'avx2-move': AVX2_MOVE, 'avx2-gather': AVX2_GATHER, fma: FMA, f16c: F16C,
  'x87-move': X87_MOVE, 'x87-arithmetic': X87_ARITHMETIC, 'x87-compare': X87_COMPARE, 'x87-transcendental': X87_TRANSCENDENTAL,
  'x87-control': X87_CONTROL, mmx: MMX, 'mmx-convert': MMX_CONVERT, 'mmx-ssse3': MMX_SSSE3, system: SYSTEM,
}
export const ROWS: readonly Row[] = Object.values(FAMILIES).flat()

/** A row made ready for the decoder. */
export interface Entry {
  readonly row: Row
  readonly operands: readonly OperandSpec[]
  readonly hasModrm: boolean
  /** What Insn.w follows: a prefix-dependent size or a width. */
  readonly size: Size
  /** F2 and F3 are not a part of the opcode. */
  readonly repIsFree: boolean
  readonly canLock: boolean
  /** MOV to and from control and debug registers: every ModRM byte means registers. */
  readonly ignoresMod: boolean
  /** An operand is in VEX.vvvv. */
  readonly usesVvvv: boolean
  /** Insn.vex; 'L': by VEX.L. */
  readonly vector: Insn['vex'] | 'L'
}

/** Operands whose ModRM.r/m must be memory or must be a register. */
const MEMORY_METHODS: readonly Method[] = [METHOD.M, METHOD.vm]
const REGISTER_METHODS: readonly Method[] = [METHOD.R, METHOD.U, METHOD.N]
// prettier-ignore
const MODRM_METHODS: readonly Method[] = [
  METHOD.E, METHOD.G, METHOD.R, METHOD.M, METHOD.V, METHOD.W, METHOD.U, METHOD.S, METHOD.C, METHOD.D,
  METHOD.P, METHOD.Q, METHOD.N, METHOD.vm,
]

/** Operands whose width can be the instruction's. */
const FIRST_METHODS = [
  METHOD.E,
  METHOD.G,
  METHOD.R,
  METHOD.M,
  METHOD.Z,
  METHOD.O,
  METHOD.X,
  METHOD.Y,
  METHOD.RBX,
  METHOD.fixed,
  METHOD.V,
  METHOD.W,
  METHOD.U,
]

function createEntry(row: Row, opcode: Opcode): Entry {
  const operands = operandCodes(row.operands).map((code) => {
    const o = parseOperand(code)
    invariant(o, `${row.mnemonic} ${row.opcode}: unknown operand code ${code}`)
    return o
  })
  const hasModrm =
    opcode.slashR ||
    opcode.digit !== undefined ||
    opcode.modrm !== undefined ||
    operands.some((o) => MODRM_METHODS.includes(o.method))
  const scaled = operands.find((o) => o.size >= SIZE.v && o.size <= SIZE.z64 && o.method !== METHOD.J)
  const first = operands.find((o) => (FIRST_METHODS as readonly Method[]).includes(o.method))
  return {
    row,
    operands,
    hasModrm,
    size: scaled?.size ?? (first ? first.size : SIZE.v),
    repIsFree: opcode.prefix !== 'F2' && opcode.prefix !== 'F3',
    canLock: row.lock === true,
    ignoresMod: operands.some((o) => o.method === METHOD.C || o.method === METHOD.D),
    usesVvvv: operands.some((o) => o.method === METHOD.H || o.method === METHOD.B),
    // BMI borrows the encoding and nothing else.
    vector: row.feature?.startsWith('BMI') ? 0 : (opcode.vex?.length ?? 0),
  }
}

/** Classes of ModRM bytes: 0-7 memory by ModRM.reg, 8-71 register forms by the low six bits. */
const MODRM_CLASSES = 72
export const modrmClass = (modrm: number): number => (modrm >= 0xc0 ? 8 + (modrm & 63) : (modrm >> 3) & 7)

function answersFor({ opcode, entry }: Claim, c: number): boolean {
  const isMemory = c < 8
  if (opcode.modrm !== undefined) return c === modrmClass(opcode.modrm)
  if (opcode.digit !== undefined && (isMemory ? c : (c - 8) >> 3) !== opcode.digit) return false
  if (isMemory) return !opcode.mod3 && !entry.operands.some((o) => REGISTER_METHODS.includes(o.method))
  return !entry.operands.some((o) => MEMORY_METHODS.includes(o.method))
}

/** Of two rows for one cell the one that asks for more is meant. */
const specificity = (o: Opcode): number =>
  (o.prefix === undefined ? 0 : 16) +
  (o.modrm === undefined ? 0 : 8) +
  (o.digit === undefined ? 0 : 4) +
  (o.W === undefined ? 0 : 2) +
  (o.B === undefined && o.vex?.L === undefined ? 0 : 1)

const PREFIX_STATES = { NP: [0], NFx: [0, 1], '66': [1], F2: [2], F3: [3], any: [0, 1, 2, 3] } as const
/** Cells by prefix state (none, 66, F2, F3) * 4 + REX.W * 2 + REX.B, or VEX.W and VEX.L. */
export const cellIndex = (prefix: number, W: number, B: number): number => prefix * 4 + W * 2 + B

const answersForCell = ({ opcode }: Claim, cell: number): boolean =>
  (PREFIX_STATES[opcode.prefix ?? 'any'] as readonly number[]).includes(cell >> 2) &&
  (opcode.W === undefined || opcode.W === ((cell >> 1) & 1)) &&
  (opcode.B === undefined || opcode.B === (cell & 1)) &&
  (opcode.vex?.L === undefined || opcode.vex.L === (cell & 1))

/** What one cell holds: an entry, a list by ModRM class, or nothing (#UD). */
export type Leaf = Entry | readonly (Entry | undefined)[] | undefined

/** One opcode byte of one map. */
export interface Slot {
  /** The one entry for every cell, if there is only one. */
  readonly only: Entry | undefined
  /** By cellIndex. */
  readonly cells: readonly Leaf[]
}

/** A row that wants cells of a slot. Claims of equal rank must not meet. */
class Claim {
  readonly row: Row
  readonly opcode: Opcode
  readonly rank: number
  private made: Entry | undefined

  constructor(row: Row, opcode: Opcode) {
    this.row = row
    this.opcode = opcode
    this.rank = specificity(opcode)
  }

  /** Made when it is asked for: a program uses few of the rows. */
  get entry(): Entry {
    return (this.made ??= createEntry(this.row, this.opcode))
  }
}

/** Slots are made when they are first asked for: a program uses a few dozen. */
export class Table {
  /** By map * 256 + opcode byte: rows first. */
  private readonly claims: Claim[][] = []
  private readonly slots: (Slot | null | undefined)[] = new Array<undefined>(2048).fill(undefined)
  private readonly met = new Set<string>()

  /**
   * `features`: the CPUID features the processor has; rows that need another do not exist for it, so that F3 0F BC is TZCNT or BSF.
   */
  constructor(rows: readonly Row[], features: ReadonlySet<string>) {
    const offered = new Map<Row['feature'], boolean>()
    for (const row of rows) {
      if (!offered.has(row.feature)) offered.set(row.feature, isOffered(row, features))
      if (offered.get(row.feature)) this.add(row)
    }
  }

  private add(row: Row): void {
    const opcode = parseOpcode(row.opcode)
    invariant(opcode, `${row.mnemonic}: cannot read the opcode '${row.opcode}'`)
    const claim = new Claim(row, opcode)
    for (let byte = opcode.byte; byte < opcode.byte + (opcode.plusR ? 8 : 1); byte++) {
      ;(this.claims[opcode.map * 256 + byte] ??= []).push(claim)
    }
  }

  slot(index: number): Slot | null {
    return (this.slots[index] ??= this.createSlot(index))
  }

  private createSlot(index: number): Slot | null {
    const claims = this.claims[index]
    if (!claims) return null
    // Most cells have the same candidates, and then the same leaf.
    const leaves = new Map<string, Leaf>()
    const cells = Array.from({ length: 16 }, (_, cell) => {
      const candidates = claims.filter((c) => answersForCell(c, cell))
      const key = candidates.map((c) => claims.indexOf(c)).join()
      if (!leaves.has(key)) leaves.set(key, this.createLeaf(candidates))
      return leaves.get(key)
    })
    const [first] = cells
    const only = first !== undefined && isEntry(first) && cells.every((c) => c === first) ? first : undefined
    return { only, cells }
  }

  private createLeaf(candidates: readonly Claim[]): Leaf {
    if (!candidates.some((c) => c.entry.hasModrm)) return this.best(candidates)
    const isExact = candidates.some(({ opcode }) => opcode.modrm !== undefined)
    const hasDigits = candidates.some(({ opcode }) => opcode.digit !== undefined)
    const list: (Entry | undefined)[] = []
    for (let c = 0; c < MODRM_CLASSES; c++) {
      // Where nobody looks at ModRM.r/m, or at ModRM.reg, classes that differ in no more than that are alike.
      const alike = isExact ? c : c < 8 ? (hasDigits ? c : 0) : hasDigits ? c & ~7 : 8
      list.push(alike < c ? list[alike] : this.best(candidates.filter((x) => answersFor(x, c))))
    }
    return list.every((e) => e === list[0]) ? list[0] : list
  }

  private best(candidates: readonly Claim[]): Entry | undefined {
    let winner: Claim | undefined
    for (const c of candidates) {
      if (winner?.rank === c.rank) this.met.add(`${describe(winner)} / ${describe(c)}`)
      if (!winner || c.rank > winner.rank) winner = c
    }
    return winner?.entry
  }

  /** Pairs of rows that claim the same cell with equal right. Looks at every slot. */
  overlaps(): string[] {
    this.met.clear()
    this.claims.forEach((_, index) => this.createSlot(index))
    return [...this.met]
  }
}

export const isEntry = (leaf: Entry | readonly (Entry | undefined)[]): leaf is Entry => !Array.isArray(leaf)
const describe = ({ entry: { row } }: Claim): string => `${row.mnemonic} ${row.opcode} ${row.operands}`

const isOffered = ({ feature }: Row, features: ReadonlySet<string>): boolean =>
  feature === undefined || feature.split('+').every((f) => features.has(f))
