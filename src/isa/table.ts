/**
 * From rows to a lookup: parses the opcode and operand columns (syntax: `Row` in insn.ts) and spreads every row over the cells
 * it answers for. A cell is one opcode with one of four mandatory-prefix states, REX.W, REX.B and a class of ModRM bytes; where
 * two rows meet, the one that asks for more wins, and two that ask for the same are an error that `overlaps` lists.
 * [SDM-2 "Instruction Format", "Opcode Map"]
 */
import { invariant } from '../base/index.ts'
import type { Row } from './insn.ts'
import type { IntWidth, Width } from './ops.ts'
import { ADD } from './add.ts'
import { BIT } from './bit.ts'
import { CONTROL } from './control.ts'
import { EXCHANGE } from './exchange.ts'
import { FLAG_CONTROL } from './flag-control.ts'
import { LOGIC } from './logic.ts'
import { MISC } from './misc.ts'
import { MOVE } from './move.ts'
import { MULTIPLY } from './multiply.ts'
import { ROTATE } from './rotate.ts'
import { SHIFT } from './shift.ts'
import { SSE_CONVERT } from './sse-convert.ts'
import { SSE_ESTIMATE } from './sse-estimate.ts'
import { SSE_FLOAT } from './sse-float.ts'
import { SSE_INTEGER } from './sse-integer.ts'
import { SSE_MOVE } from './sse-move.ts'
import { SSE_SHUFFLE } from './sse-shuffle.ts'
import { SSE_STATE } from './sse-state.ts'
import { STACK } from './stack.ts'
import { STRING } from './string.ts'
import { SYSTEM } from './system.ts'
import { X87_ARITHMETIC } from './x87-arithmetic.ts'
import { X87_COMPARE } from './x87-compare.ts'
import { X87_CONTROL } from './x87-control.ts'
import { X87_MOVE } from './x87-move.ts'
import { X87_TRANSCENDENTAL } from './x87-transcendental.ts'
import { UNIMPLEMENTED } from './unimplemented.ts'

/** Every family, in the order of the manual's volume 1. The name is the file's. */
// prettier-ignore
export const FAMILIES: Readonly<Record<string, readonly Row[]>> = {
  move: MOVE, exchange: EXCHANGE, stack: STACK, add: ADD, multiply: MULTIPLY, logic: LOGIC, shift: SHIFT, rotate: ROTATE, bit: BIT,
  control: CONTROL, string: STRING, 'flag-control': FLAG_CONTROL, misc: MISC,
  'sse-move': SSE_MOVE, 'sse-float': SSE_FLOAT, 'sse-estimate': SSE_ESTIMATE, 'sse-shuffle': SSE_SHUFFLE, 'sse-convert': SSE_CONVERT,
  'sse-integer': SSE_INTEGER, 'sse-state': SSE_STATE, 'x87-move': X87_MOVE, 'x87-arithmetic': X87_ARITHMETIC, 'x87-compare': X87_COMPARE, 'x87-transcendental': X87_TRANSCENDENTAL,
  'x87-control': X87_CONTROL, system: SYSTEM,
}
export const ROWS: readonly Row[] = Object.values(FAMILIES).flat()

/** The operand codes by addressing method. 'fixed' registers: n is the register; 'one' is the constant 1; 'st': -1 for ModRM.r/m. */
// prettier-ignore
export const METHOD = {
  E: 0, G: 1, R: 2, M: 3, Z: 4, I: 5, J: 6, O: 7, V: 8, W: 9, U: 10, X: 11, Y: 12, S: 13, C: 14, D: 15, B: 16, fixed: 17, one: 18, st: 19,
} as const
export type Method = (typeof METHOD)[keyof typeof METHOD]

/** Sizes that depend on prefixes; the others are plain widths in bits, 0 for memory of no particular width. */
export const SIZE = { v: 1, y: 2, z: 3, v64: 4, bs: 5, bs64: 6, z64: 7 } as const
export type Size = Width | 0 | (typeof SIZE)[keyof typeof SIZE]

export interface OperandSpec {
  readonly method: Method
  readonly size: Size
  readonly n: number
}

// prettier-ignore
const SIZES: Readonly<Record<string, Size>> = {
  '': 0, b: 8, w: 16, d: 32, q: 64, dq: 128, x: 128, ss: 32, sd: 64, ps: 128, pd: 128, pi: 64, ...SIZE,
}
// prettier-ignore
const FIXED: Readonly<Record<string, OperandSpec>> = {
  AL: { method: METHOD.fixed, size: 8, n: 0 }, CL: { method: METHOD.fixed, size: 8, n: 1 },
  AX: { method: METHOD.fixed, size: 16, n: 0 }, DX: { method: METHOD.fixed, size: 16, n: 2 },
  eAX: { method: METHOD.fixed, size: SIZE.z, n: 0 }, rAX: { method: METHOD.fixed, size: SIZE.v, n: 0 },
  1: { method: METHOD.one, size: 8, n: 0 }, ST0: { method: METHOD.st, size: 0, n: 0 }, STi: { method: METHOD.st, size: 0, n: -1 },
}

/** One code of the operands column; undefined if it is not one. */
export function parseOperand(code: string): OperandSpec | undefined {
  const fixed = FIXED[code]
  if (fixed) return fixed
  const method = (METHOD as Readonly<Record<string, Method>>)[code.slice(0, 1)]
  const size = SIZES[code.slice(1)]
  return method === undefined || size === undefined ? undefined : { method, size, n: -1 }
}

export const operandCodes = (operands: string): string[] =>
  operands === '' ? [] : operands.split(',').map((c) => c.trim())

/** The opcode column, taken apart. */
export interface Opcode {
  /** 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A. */
  readonly map: number
  readonly byte: number
  readonly plusR: boolean
  readonly prefix: 'NP' | 'NFx' | '66' | 'F2' | 'F3' | undefined
  readonly W: 0 | 1 | undefined
  readonly B: 0 | undefined
  readonly digit: number | undefined
  /** A further opcode byte that stands where ModRM would be (0F 01 D7). */
  readonly modrm: number | undefined
  readonly mod3: boolean
  readonly slashR: boolean
}

/** undefined for a text that is not in the syntax of `Row.opcode`. */
export function parseOpcode(text: string): Opcode | undefined {
  let prefix: Opcode['prefix']
  let W: Opcode['W']
  let B: Opcode['B']
  let digit: number | undefined
  let [plusR, slashR, mod3] = [false, false, false]
  const bytes: number[] = []
  for (const t of text.split(/\s+/)) {
    if (t === '+') continue
    if (bytes.length === 0 && (t === 'NP' || t === 'NFx' || t === '66' || t === 'F2' || t === 'F3')) prefix = t
    else if (t === 'REX.W') W = 1
    else if (t === 'W0') W = 0
    else if (t === 'REX.B=0') B = 0
    else if (t === '+r') plusR = true
    else if (t === '/r') slashR = true
    else if (t === 'mod=3') mod3 = true
    else if (/^\/[0-7]$/.test(t)) digit = Number(t[1])
    else if (/^[0-9A-F]{2}$/.test(t)) bytes.push(Number.parseInt(t, 16))
    else return undefined
  }
  let map = 0
  let at = 0
  if (bytes[0] === 0x0f && bytes.length > 1) {
    map = bytes[1] === 0x38 ? 2 : bytes[1] === 0x3a ? 3 : 1
    at = map === 1 ? 1 : 2
  }
  const [byte, modrm, ...rest] = bytes.slice(at)
  if (byte === undefined || rest.length > 0) return undefined
  return { map, byte, plusR, prefix, W, B, digit, modrm, mod3, slashR }
}

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
}

/** Operands whose ModRM.r/m must be memory or must be a register. */
const MEMORY_METHODS: readonly Method[] = [METHOD.M]
const REGISTER_METHODS: readonly Method[] = [METHOD.R, METHOD.U]
// prettier-ignore
const MODRM_METHODS: readonly Method[] = [
  METHOD.E, METHOD.G, METHOD.R, METHOD.M, METHOD.V, METHOD.W, METHOD.U, METHOD.S, METHOD.C, METHOD.D,
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
  METHOD.B,
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
  (o.B === undefined ? 0 : 1)

const PREFIX_STATES = { NP: [0], NFx: [0, 1], '66': [1], F2: [2], F3: [3], any: [0, 1, 2, 3] } as const
/** Cells by prefix state (none, 66, F2, F3) * 4 + REX.W * 2 + REX.B. */
export const cellIndex = (prefix: number, W: number, B: number): number => prefix * 4 + W * 2 + B

const answersForCell = ({ opcode }: Claim, cell: number): boolean =>
  (PREFIX_STATES[opcode.prefix ?? 'any'] as readonly number[]).includes(cell >> 2) &&
  (opcode.W === undefined || opcode.W === ((cell >> 1) & 1)) &&
  (opcode.B === undefined || opcode.B === (cell & 1))

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
interface Claim {
  readonly entry: Entry
  readonly opcode: Opcode
  readonly rank: number
}

/** Slots are made when they are first asked for: a program uses a few dozen. */
export class Table {
  /** By map * 256 + opcode byte: rows first. */
  private readonly claims: Claim[][] = []
  private readonly slots: (Slot | null | undefined)[] = new Array<undefined>(1024).fill(undefined)
  private readonly met = new Set<string>()

  /**
   * `features`: the CPUID features the processor has; rows that need another do not exist for it, so that F3 0F BC is TZCNT or BSF.
   */
  constructor(rows: readonly Row[], features: ReadonlySet<string>) {
    for (const row of rows) if (row.feature === undefined || features.has(row.feature)) this.add(row)
  }

  private add(row: Row): void {
    const opcode = parseOpcode(row.opcode)
    invariant(opcode, `${row.mnemonic}: cannot read the opcode '${row.opcode}'`)
    const claim = { entry: createEntry(row, opcode), opcode, rank: specificity(opcode) }
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
    const list = Array.from({ length: MODRM_CLASSES }, (_, c) => this.best(candidates.filter((x) => answersFor(x, c))))
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

/** Looked into only where no row answers. */
let unimplemented: Table | undefined
export const unimplementedTable = (): Table =>
  (unimplemented ??= new Table(
    UNIMPLEMENTED.map(([opcode, mnemonic, operands]) => ({ mnemonic, opcode, operands, spec: '' })),
    new Set(),
  ))

/** Bytes that an immediate of a size takes, for the operand size 16, 32 or 64. */
export function immediateSize(size: Size, operandSize: 16 | 32 | 64): number {
  switch (size) {
    case SIZE.bs:
    case SIZE.bs64:
      return 1
    case SIZE.z:
    case SIZE.z64:
      return operandSize === 16 ? 2 : 4
    default:
      return resolveSize(size, operandSize) / 8
  }
}

/** Width of an operand size, for the instruction's operand size 16, 32 or 64. */
export function resolveSize(size: Size, operandSize: 16 | 32 | 64): IntWidth | 128 | 0 {
  switch (size) {
    case SIZE.v:
    case SIZE.bs:
      return operandSize
    case SIZE.y:
      return operandSize === 64 ? 64 : 32
    case SIZE.z:
      return operandSize === 16 ? 16 : 32
    case SIZE.v64:
    case SIZE.bs64:
    case SIZE.z64:
      return operandSize === 16 ? 16 : 64
    default:
      return size
  }
}
