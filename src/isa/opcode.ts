/** The notation of a row's opcode and operand columns, read: syntax in `Row` of insn.ts. [SDM-2 "Instruction Format", "Opcode Map"] */
import type { Width } from './ops.ts'

/** The operand codes by addressing method. 'fixed' registers: n is the register; 'one' is the constant 1; 'st': -1 for ModRM.r/m; 'vm': bits of an index. */
// prettier-ignore
export const METHOD = {
  E: 0, G: 1, R: 2, M: 3, Z: 4, I: 5, J: 6, O: 7, V: 8, W: 9, U: 10, X: 11, Y: 12, S: 13, C: 14, D: 15, B: 16, fixed: 17, one: 18, st: 19, P: 20, Q: 21, N: 22,
  H: 23, L: 24, RBX: 25, vm: 26,
} as const
export type Method = (typeof METHOD)[keyof typeof METHOD]

/** Sizes that depend on prefixes (x on VEX.L); the others are plain widths in bits, 0 for memory of no particular width. */
export const SIZE = { v: 1, y: 2, z: 3, v64: 4, bs: 5, bs64: 6, z64: 7, x: 9 } as const
export type Size = Width | 256 | 0 | (typeof SIZE)[keyof typeof SIZE]

export interface OperandSpec {
  readonly method: Method
  readonly size: Size
  readonly n: number
}

// prettier-ignore
const SIZES: Readonly<Record<string, Size>> = {
  '': 0, b: 8, w: 16, d: 32, q: 64, dq: 128, qq: 256, ss: 32, sd: 64, ps: SIZE.x, pd: SIZE.x, pi: 64, ...SIZE,
}
// prettier-ignore
const FIXED: Readonly<Record<string, OperandSpec>> = {
  AL: { method: METHOD.fixed, size: 8, n: 0 }, CL: { method: METHOD.fixed, size: 8, n: 1 },
  AX: { method: METHOD.fixed, size: 16, n: 0 }, DX: { method: METHOD.fixed, size: 16, n: 2 },
  eAX: { method: METHOD.fixed, size: SIZE.z, n: 0 }, rAX: { method: METHOD.fixed, size: SIZE.v, n: 0 },
  1: { method: METHOD.one, size: 8, n: 0 }, ST0: { method: METHOD.st, size: 0, n: 0 }, STi: { method: METHOD.st, size: 0, n: -1 },
  '[RBX]': { method: METHOD.RBX, size: 8, n: 3 },
  vm32x: { method: METHOD.vm, size: 128, n: 32 }, vm32y: { method: METHOD.vm, size: 256, n: 32 },
  vm64x: { method: METHOD.vm, size: 128, n: 64 }, vm64y: { method: METHOD.vm, size: 256, n: 64 },
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

/** What the manual writes before the opcode byte of a VEX encoding. */
export interface Vex {
  /** VEX.L if it must have a value. */
  readonly L: 0 | 1 | undefined
  /** 'L': 128 or 256 bits by VEX.L. */
  readonly length: 128 | 256 | 'L'
}
/** Slots of VEX encodings follow those of the same opcode map without VEX. */
export const VEX_MAP = 4

/** The opcode column, taken apart. */
export interface Opcode {
  /** 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A; VEX_MAP more for VEX encodings. */
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
  readonly vex: Vex | undefined
}

const VEX_LENGTHS: Readonly<Record<string, Vex>> = {
  '128': { L: 0, length: 128 },
  L0: { L: 0, length: 128 },
  LZ: { L: 0, length: 128 },
  '256': { L: 1, length: 256 },
  L1: { L: 1, length: 256 },
  LIG: { L: undefined, length: 128 },
  '128/256': { L: undefined, length: 'L' },
}
const VEX_SYNTAX =
  /^VEX\.(?<length>128\/256|128|256|LIG|LZ|L0|L1)(?:\.(?<prefix>NP|66|F2|F3))?\.(?<map>0F38|0F3A|0F)\.(?<W>W0|W1|WIG)$/

/** The part 'VEX.128.66.0F.WIG' of an opcode. */
function parseVex(text: string): (Pick<Opcode, 'prefix' | 'W'> & { map: number; vex: Vex }) | undefined {
  const g = VEX_SYNTAX.exec(text)?.groups
  const vex = VEX_LENGTHS[g?.['length'] ?? '']
  if (!g || !vex) return undefined
  return {
    vex,
    prefix: (g['prefix'] ?? 'NP') as Opcode['prefix'],
    W: g['W'] === 'W0' ? 0 : g['W'] === 'W1' ? 1 : undefined,
    map: VEX_MAP + (g['map'] === '0F' ? 1 : g['map'] === '0F38' ? 2 : 3),
  }
}

const DIGITS = ['/0', '/1', '/2', '/3', '/4', '/5', '/6', '/7']
/** Bytes by their hex digits: a look-up is faster than two regular expressions, and all rows are read at once. */
const BYTES = new Map(Array.from({ length: 256 }, (_, n) => [n.toString(16).toUpperCase().padStart(2, '0'), n]))

/** undefined for a text that is not in the syntax of `Row.opcode`. */
export function parseOpcode(text: string): Opcode | undefined {
  const [start = '', ...behind] = text.split(' ')
  if (start.startsWith('VEX')) {
    const vex = parseVex(start)
    // The prefix is told by VEX: 66 is an opcode byte here.
    const rest = parseOpcode(['NP', ...behind.filter((t) => t !== '/is4')].join(' '))
    return vex && rest && rest.map === 0 ? { ...rest, ...vex } : undefined
  }
  let prefix: Opcode['prefix']
  let W: Opcode['W']
  let B: Opcode['B']
  let digit: number | undefined
  let plusR = false
  let slashR = false
  let mod3 = false
  const bytes: number[] = []
  for (const t of text.split(' ')) {
    const byte = BYTES.get(t)
    const isFirst = prefix === undefined && bytes.length === 0
    if (isFirst && (t === 'NP' || t === 'NFx' || t === '66' || t === 'F2' || t === 'F3')) prefix = t
    else if (byte !== undefined) bytes.push(byte)
    else if (t === '/r') slashR = true
    else if (DIGITS.includes(t)) digit = DIGITS.indexOf(t)
    else if (t === 'REX.W') W = 1
    else if (t === 'W0') W = 0
    else if (t === 'REX.B=0') B = 0
    else if (t === '+r') plusR = true
    else if (t === 'mod=3') mod3 = true
    else if (t !== '+') return undefined
  }
  let map = 0
  let at = 0
  if (bytes[0] === 0x0f && bytes.length > 1) {
    map = bytes[1] === 0x38 ? 2 : bytes[1] === 0x3a ? 3 : 1
    at = map === 1 ? 1 : 2
  }
  const byte = bytes[at]
  const modrm = bytes[at + 1]
  if (byte === undefined || bytes.length > at + 2) return undefined
  return { map, byte, plusR, prefix, W, B, digit, modrm, mod3, slashR, vex: undefined }
}

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

/** Width of an operand size, for the instruction's operand size 16, 32 or 64 and its vector length. */
export function resolveSize(size: Size, operandSize: 16 | 32 | 64, vector: 128 | 256 = 128): Width | 256 | 0 {
  switch (size) {
    case SIZE.x:
      return vector
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
