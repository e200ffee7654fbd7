/** Random machine states that like the edges. Everything comes from one seed: the same seed gives the same states. */
import { instructionFacts, type MemoryOperand } from './instruction.ts'
import { CODE_BASE, DATA_BASE, DATA_SIZE, LAST_CODE_OFFSET, WINDOW_OFFSET, WINDOW_SIZE } from './oracle.ts'
import type { NativeState, Protection } from './oracle.ts'

/** xoshiro128**, seeded by splitmix32: small, fast without BigInt, and long enough for any night of tests. */
export class Random {
  // A typed array keeps the state as integers; object fields of that size would be heap numbers.
  private readonly s = new Int32Array(4)

  constructor(seed: number) {
    let s = seed | 0
    for (let i = 0; i < 4; i++) {
      s = (s + 0x9e3779b9) | 0
      let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.s[i] = z ^ (z >>> 15)
    }
  }

  u32(): number {
    const s = this.s
    const a = s[0] ?? 0
    const b = s[1] ?? 0
    const c = (s[2] ?? 0) ^ a
    const d = (s[3] ?? 0) ^ b
    const x = Math.imul(b, 5)
    const t = b << 9
    s[1] = b ^ c
    s[0] = a ^ d
    s[2] = c ^ t
    s[3] = (d << 11) | (d >>> 21)
    return Math.imul((x << 7) | (x >>> 25), 9) >>> 0
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  /** 0 <= result < n. The bias is below 2^-20 for the small n used here. */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n)
  }

  chance(probability: number): boolean {
    return this.u32() < probability * 0x1_0000_0000
  }

  pick<T>(list: readonly T[]): T {
    const x = list[this.below(list.length)]
    if (x === undefined) throw new RangeError('pick from an empty list')
    return x
  }
}

/** The seed of this run: ENCLU_SEED when set (`random` for a new one), else a fixed number. Print it at every failure. */
export function testSeed(): number {
  const given = process.env['ENCLU_SEED']
  if (given === 'random') return Math.floor(Math.random() * 0x7fff_ffff)
  return given === undefined || given === '' ? 1 : Number(given)
}

const M64 = (1n << 64n) - 1n

// prettier-ignore
export const EDGE_INTEGERS: readonly bigint[] = [
  0n, 1n, 2n, 3n, 7n, 8n, 15n, 16n, 31n, 32n, 63n, 64n, 65n, 0x7fn, 0x80n, 0x81n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn,
  0x1_0000n, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n, 0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n, 0x5555_5555_5555_5555n,
  0xaaaa_aaaa_aaaa_aaaan, 0x7fff_ffff_ffff_fffen, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0x8000_0000_0000_0001n,
  0xffff_ffff_8000_0000n, 0xffff_ffff_7fff_ffffn, 0xffff_ffff_ffff_ff80n, 0xffff_ffff_ffff_fffen, 0xffff_ffff_ffff_ffffn,
]

// prettier-ignore
export const EDGE_DOUBLES: readonly bigint[] = [
  0x0000000000000000n, 0x8000000000000000n, // zeros
  0x0000000000000001n, 0x800fffffffffffffn, 0x000fffffffffffffn, 0x0008000000000000n, // denormals
  0x0010000000000000n, 0x8010000000000000n, 0x0010000000000001n, 0x0020000000000000n, // the least normals
  0x7fefffffffffffffn, 0xffefffffffffffffn, 0x7fe0000000000000n, // the largest
  0x7ff0000000000000n, 0xfff0000000000000n, // infinities
  0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff8000000001234n, 0xffffffffffffffffn, // quiet NaNs
  0x7ff0000000000001n, 0xfff0000000000abcn, 0x7ff7ffffffffffffn, // signalling NaNs
  0x3ff0000000000000n, 0xbff0000000000000n, 0x3fe0000000000000n, 0x3fdfffffffffffffn, 0x4000000000000000n, // 1 -1 .5 .5- 2
  0x3fd5555555555555n, 0x400921fb54442d18n, 0x3ff0000000000001n, 0x3fefffffffffffffn, // 1/3 pi 1+ 1-
  0x41dfffffffc00000n, 0x41dfffffffe00000n, 0x41e0000000000000n, 0xc1e0000000000000n, 0xc1e0000000200000n, // around 2^31
  0x43dfffffffffffffn, 0x43e0000000000000n, 0xc3e0000000000000n, 0xc3e0000000000001n, // around 2^63
  0x4330000000000001n, 0x4320000000000001n, // odd integers at the end of exactness
  0x47efffffe0000000n, 0x47effffff0000000n, 0x3810000000000000n, 0x380fffffffffffffn, 0x36a0000000000000n, 0x3690000000000000n, // to single
]

// prettier-ignore
export const EDGE_SINGLES: readonly number[] = [
  0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x007fffff, 0x00400000, 0x00800000, 0x80800000, 0x00800001, 0x01000000,
  0x7f7fffff, 0xff7fffff, 0x7f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc01234, 0xffffffff, 0x7f800001,
  0xff800abc, 0x7fbfffff, 0x3f800000, 0xbf800000, 0x3f000000, 0x3effffff, 0x40000000, 0x3eaaaaab, 0x40490fdb, 0x3f800001,
  0x3f7fffff, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x5effffff, 0x5f000000, 0xdf000000, 0x4b000001, 0x4b800001,
]

/** Numbers as pairs of 32-bit words, low first: no BigInt in the loops that make millions of states. */
const pairs = (list: readonly bigint[]): Uint32Array =>
  Uint32Array.from(list.flatMap((x) => [Number(x & 0xffff_ffffn), Number(x >> 32n)]))
const INTEGER_PAIRS = pairs(EDGE_INTEGERS)
const DOUBLE_PAIRS = pairs(EDGE_DOUBLES)
const SINGLES = Uint32Array.from(EDGE_SINGLES)

type Put = (out: Uint32Array, at: number, random: Random) => void

function putPair(out: Uint32Array, at: number, from: Uint32Array, random: Random): void {
  const i = 2 * random.below(from.length / 2)
  out[at] = from[i] ?? 0
  out[at + 1] = from[i + 1] ?? 0
}

/** `bits` random bits, then shifted right by less than `bits`: all magnitudes are alike probable. */
function putShifted(out: Uint32Array, at: number, bits: number, random: Random): void {
  const shift = 64 - bits + random.below(bits)
  const low = random.u32()
  const high = random.u32()
  out[at] = shift >= 32 ? high >>> (shift - 32) : shift === 0 ? low : (low >>> shift) | (high << (32 - shift))
  out[at + 1] = shift >= 32 ? 0 : high >>> shift
}

/** A 64-bit integer: an edge, an edge's neighbour, a power of two, a short or a long random number. */
const putInteger: Put = (out, at, random) => {
  const kind = random.below(6)
  if (kind <= 2) putPair(out, at, INTEGER_PAIRS, random)
  if (kind === 2) {
    const low = (out[at] ?? 0) + random.below(5) - 2
    out[at] = low
    out[at + 1] = (out[at + 1] ?? 0) + Math.floor(low / 0x1_0000_0000)
  }
  if (kind === 3) {
    const bit = random.below(64)
    out[at] = bit < 32 ? 1 << bit : 0
    out[at + 1] = bit < 32 ? 0 : 1 << (bit - 32)
  }
  if (kind === 4) putShifted(out, at, 64, random)
  if (kind === 5) putBits(out, at, random)
}

const NOISE = new Uint32Array(2)

const putDouble: Put = (out, at, random) => {
  putPair(out, at, DOUBLE_PAIRS, random)
  if (!random.chance(0.3)) return
  // Random fraction bits on an edge's sign and exponent: near misses, NaN payloads, more denormals.
  putShifted(NOISE, 0, 52, random)
  out[at] = (out[at] ?? 0) ^ (NOISE[0] ?? 0)
  out[at + 1] = (out[at + 1] ?? 0) ^ (NOISE[1] ?? 0)
}

const putSingles: Put = (out, at, random) => {
  for (let i = at; i < at + 2; i++) {
    const noise = random.chance(0.3) ? random.u32() >>> (9 + random.below(23)) : 0
    out[i] = (SINGLES[random.below(SINGLES.length)] ?? 0) ^ noise
  }
}

const PLAIN = new DataView(new ArrayBuffer(8))

/** Ordinary numbers of similar size, so that sums cancel and rounding happens. */
const plain = (random: Random): number => (random.u32() / 0x1_0000_0000 - 0.5) * 2 ** (random.below(12) - 4)

const putPlainDouble: Put = (out, at, random) => {
  PLAIN.setFloat64(0, plain(random) + random.u32() * 2 ** -52, true)
  out[at] = PLAIN.getUint32(0, true)
  out[at + 1] = PLAIN.getUint32(4, true)
}

const putPlainSingles: Put = (out, at, random) => {
  PLAIN.setFloat32(0, plain(random), true)
  PLAIN.setFloat32(4, plain(random), true)
  out[at] = PLAIN.getUint32(0, true)
  out[at + 1] = PLAIN.getUint32(4, true)
}

const putBits: Put = (out, at, random) => {
  out[at] = random.u32()
  out[at + 1] = random.u32()
}

const KINDS: readonly Put[] = [putInteger, putDouble, putSingles, putPlainDouble, putPlainSingles, putBits]

/** Fills 16-byte lanes, each with one kind of contents. */
function fillLanes(random: Random, words: Uint32Array): void {
  for (let at = 0; at < words.length; at += 4) {
    const put = KINDS[random.below(KINDS.length)] ?? putBits
    put(words, at, random)
    put(words, at + 2, random)
  }
}

export function randomMxcsr(random: Random): number {
  if (random.chance(0.5)) return 0x1f80
  const rounding = random.below(4) << 13
  const flushToZero = random.chance(0.25) ? 0x8000 : 0
  const denormalsAreZero = random.chance(0.25) ? 0x40 : 0
  const masks = random.chance(0.75) ? 0x1f80 : random.below(64) << 7
  const sticky = random.chance(0.4) ? random.below(64) : 0
  return rounding | flushToZero | denormalsAreZero | masks | sticky
}

/** An address that an operand of a few bytes may want: mostly in the window, often on its page boundary, rarely hopeless. */
export function randomAddress(random: Random): bigint {
  const window = DATA_BASE + WINDOW_OFFSET
  const kind = random.below(100)
  if (kind < 30) return BigInt(window + 16 * random.below(WINDOW_SIZE / 16))
  if (kind < 60) return BigInt(window + random.below(WINDOW_SIZE - 16))
  if (kind < 80) return BigInt(DATA_BASE + 0x1000 - random.below(33))
  if (kind < 88) return BigInt(DATA_BASE + random.below(DATA_SIZE))
  if (kind < 92) return BigInt(DATA_BASE - random.below(17))
  if (kind < 96) return BigInt(DATA_BASE + DATA_SIZE - random.below(17))
  // Not canonical, just canonical, and the kernel's half.
  return random.pick([1n << 47n, (1n << 47n) - 8n, 0x8000_0000_0000_0000n, 0xffff_8000_0000_0000n, M64 - 3n, 0n])
}

function aim(random: Random, gpr: BigUint64Array, m: MemoryOperand, wanted: bigint): void {
  if (m.ripRelative || (m.base === undefined && m.index === undefined)) return
  const scale = BigInt(m.scale)
  if (m.base === undefined || (m.base === m.index && m.index !== undefined)) {
    const register = m.index ?? 0
    gpr[register] = (wanted - m.displacement) / (m.base === undefined ? scale : scale + 1n)
    return
  }
  // A far index is brought back by the base: the sum wraps as it must.
  const index = m.index === undefined ? 0n : (gpr[m.index] ?? 0n)
  gpr[m.base] = (wanted - m.displacement - index * scale) & M64
  if (m.address32 && random.chance(0.5))
    gpr[m.base] = ((gpr[m.base] ?? 0n) & 0xffff_ffffn) | (BigInt(random.u32()) << 32n)
}

/** Chooses the registers of the operand so that its address is `wanted`. */
export const aimAt = (random: Random, s: NativeState, m: MemoryOperand, wanted: bigint): void =>
  aim(random, s.gpr, m, wanted)

const PROTECTIONS: readonly (readonly [Protection, Protection])[] = [
  ['r', 'r'],
  ['rw', 'r'],
  ['r', 'rw'],
  ['rw', 'none'],
  ['none', 'rw'],
  ['r', 'none'],
  ['none', 'r'],
]

export interface RandomStateOptions {
  /** GPR numbers that should hold scratch addresses beside those that the instruction is seen to use. */
  addresses?: readonly number[]
  /** Chance of a page that is read-only or absent; default 0.1. */
  protect?: number
  /** Chance of DF = 1; default 0.1. */
  backwards?: number
  /** Chance that the code lies across or at a page boundary; default 0.03. */
  codeEdge?: number
  /** Chance that an addressing register is left wild; default 0.05. */
  wild?: number
  /** With the upper halves of the YMM registers; default: without. */
  ymm?: boolean
  /** Values below this for RCX, so that REP ends; default: RCX like any other register. */
  count?: number
}

/** The operand itself should be interesting, wherever in the window it lies. */
function putOperand(random: Random, mem: Uint8Array, at: number): void {
  if (at < 0 || at + 16 > WINDOW_SIZE || at % 16 === 0) return
  const lane = new Uint32Array(4)
  fillLanes(random, lane)
  mem.set(new Uint8Array(lane.buffer), at)
}

/** A random state for `code`, its addressing registers aimed at the scratch pages. */
export function randomState(random: Random, code: Uint8Array, options: RandomStateOptions = {}): NativeState {
  const facts = instructionFacts(code)
  const block = new ArrayBuffer(128 + 256 + WINDOW_SIZE + (options.ymm ? 256 : 0))
  const words = new Uint32Array(block)
  for (let i = 0; i < 32; i += 2) putInteger(words, i, random)
  fillLanes(random, words.subarray(32))
  const gpr = new BigUint64Array(block, 0, 16)
  const xmm = new Uint8Array(block, 128, 256)
  const mem = new Uint8Array(block, 384, WINDOW_SIZE)
  const wild = options.wild ?? 0.05
  for (const i of [...facts.implicitAddresses, ...(options.addresses ?? [])])
    if (!random.chance(wild)) gpr[i] = randomAddress(random)
  if (facts.memory && !random.chance(wild)) {
    const wanted = randomAddress(random)
    aim(random, gpr, facts.memory, wanted)
    putOperand(random, mem, Number(wanted) - DATA_BASE - WINDOW_OFFSET)
  }
  if (options.count !== undefined) gpr[1] = BigInt(random.below(options.count))
  const state: NativeState = {
    code,
    gpr,
    rflags: 0x202 | (random.u32() & 0x8d5) | (random.chance(options.backwards ?? 0.1) ? 0x400 : 0),
    mxcsr: randomMxcsr(random),
    xmm,
    ...(options.ymm ? { ymmHigh: new Uint8Array(block, 384 + WINDOW_SIZE, 256) } : {}),
    mem,
    prot: random.chance(options.protect ?? 0.1) ? random.pick(PROTECTIONS) : ['rw', 'rw'],
  }
  if (random.chance(options.codeEdge ?? 0.03)) {
    state.codeOffset = Math.min(0x1000 - random.below(code.length + 1), LAST_CODE_OFFSET)
    state.codePage1 = random.chance(0.5)
  }
  return state
}

/** Where the code of a state starts. */
export const codeAddress = (s: NativeState): bigint => BigInt(CODE_BASE + (s.codeOffset ?? 0))
