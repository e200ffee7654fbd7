/** Random cases for every row that a processor can be asked about: encodings of the row, and many states for each. */
import type { Case } from '../../test/native/compare.ts'
import { hostHas } from '../../test/native/host-features.ts'
import { DATA_BASE, WINDOW_OFFSET, type NativeState } from '../../test/native/oracle.ts'
import { instructionFacts } from '../../test/native/instruction.ts'
import { aimAt, EDGE_DOUBLES, EDGE_SINGLES, randomState, type Random } from '../../test/native/random-state.ts'
import { RAX, RCX, RDI, RDX, RFLAGS, RSI, RSP, XSAVE_HEADER, XSAVE_HEADER_AT } from '../spec/x86/index.ts'
import { decodeAll } from './evaluator-engine.fixture.ts'
import type { Insn, Row } from './insn.ts'
import { randomEncoding, undefinedFlagBits, type Encoding } from './random-insn.fixture.ts'
import { FAMILIES } from './table.ts'
import { hasOwnFaults, isComputedOtherwise, isEncodedOtherwise, isIntelHost, isOfIntel } from './vendor.fixture.ts'
import { fillOperands, randomX87, x87Mask } from './x87-random.fixture.ts'

/** What leaves the oracle's process, differs from run to run, or belongs to a kernel configured otherwise. */
// prettier-ignore
const NOT_ASKED = new Set([
  'SYSCALL', 'SYSENTER', 'ENCLU', 'ENCLS', 'CPUID', 'RDTSC', 'RDTSCP', 'RDPID', 'RDRAND', 'RDSEED', 'XGETBV', 'INT', 'INT1', 'GETSEC',
  // One that faults can hang the oracle.
  'IRET/IRETD/IRETQ',
  // Linux emulates these for the sake of UMIP.
  'SLDT', 'STR', 'SGDT', 'SIDT', 'SMSW',
])
/** Loads of segment registers depend on the kernel's descriptors; direct offsets cannot be aimed. */
const isUnaimable = (r: Row): boolean => /^8E|^0F A[19]$|^A[0-3]$/.test(r.opcode)

/** A processor that has the feature can be asked. */
export const isAskable = (r: Row): boolean => !NOT_ASKED.has(r.mnemonic) && !isUnaimable(r)
const isAsked = (r: Row): boolean => isAskable(r) && hostHas(r.feature) && !isOfIntel(r)

/** How many encodings a row gets, as a multiple of the run's usual number. */
const WEIGHTS: Readonly<Record<string, number>> = {
  add: 1.2,
  shift: 1.5,
  rotate: 1.5,
  multiply: 2,
  bit: 1.5,
  'sse-float': 1.5,
  'sse-convert': 1.5,
  'flag-control': 0.2,
  misc: 0.4,
  control: 0.8,
  // Nearly all of these fault, and always alike.
  system: 0.1,
}

export const ASKED: readonly (readonly [family: string, rows: readonly Row[]])[] = Object.entries(FAMILIES)
  .map(([family, rows]) => [family, rows.filter(isAsked)] as const)
  .filter(([, rows]) => rows.length > 0)

const isX87 = (family: string): boolean => /^(x87|mmx)/.test(family)
/** Families that use vector registers. */
export const VECTORS = /^(sse|ssse|avx|fma|f16c|aes|pclmul|sha|xsave)/
const FLOATING = /float|convert|estimate|^sse3$|^fma$|^f16c$/
const BASES = [0n, 0n, 1n, 16n, 0x7fff_ffff_f000n, 0xffff_ffff_ffff_fff0n] as const

const sign = (random: Random): number => (random.below(2) << 31) >>> 0
const fraction = (random: Random): number => random.u32() & 0x7f_ffff

/** Edges, denormals, neighbours in size so that sums cancel, the ends of the exponent range for products and quotients. */
function hardSingle(random: Random, near: number): number {
  const withExponent = (e: number): number => (sign(random) | (e << 23) | fraction(random)) >>> 0
  const kind = random.below(8)
  if (kind === 0) return random.u32()
  if (kind === 1) return withExponent(random.below(40))
  if (kind === 2) return withExponent(107 + near + random.below(6))
  if (kind === 3) return withExponent(60 + random.below(130))
  return random.pick(EDGE_SINGLES) ^ (random.chance(0.3) ? random.u32() >>> (9 + random.below(23)) : 0)
}

function hardDouble(random: Random, near: number): bigint {
  const withExponent = (e: number): bigint =>
    (BigInt(random.below(2)) << 63n) | (BigInt(e) << 52n) | (random.u64() >> 12n)
  const kind = random.below(8)
  if (kind === 0) return random.u64()
  if (kind === 1) return withExponent(random.below(80))
  if (kind === 2) return withExponent(1003 + near + random.below(60))
  if (kind === 3) return withExponent(random.chance(0.5) ? 860 + random.below(320) : 480 + random.below(1050))
  return random.pick(EDGE_DOUBLES) ^ (random.chance(0.3) ? random.u64() >> BigInt(12 + random.below(52)) : 0n)
}

/** Floating-point operands and control words that were chosen to be hard. */
function makeHard(random: Random, row: Row, s: NativeState): void {
  s.mxcsr = random.u32() & 0xffff
  if (random.chance(0.3)) s.mxcsr |= 0x1f80
  if (random.chance(0.5)) s.mxcsr &= ~0x3f
  const single = /SS|PS|DQ2/.test(row.mnemonic) && !/SD2|PD2/.test(row.mnemonic)
  for (const bytes of [s.xmm, s.mem, s.ymmHigh ?? new Uint8Array(0)]) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const near = random.below(60)
    for (let at = 0; at < bytes.length; at += single ? 4 : 8) {
      if (single) view.setUint32(at, hardSingle(random, near), true)
      else view.setBigUint64(at, hardDouble(random, near), true)
    }
  }
}

/** A stack of numbers, and operands of the row's format. */
function putX87(random: Random, { mnemonic, operands }: Row, s: NativeState): void {
  const kind = mnemonic.startsWith('FB') ? 'decimal' : mnemonic.startsWith('FI') ? 'integer' : 'float'
  const bits = operands.endsWith('w') ? 16 : operands.endsWith('d') ? 32 : operands.endsWith('q') ? 64 : 80
  s.x87 = randomX87(random)
  if (random.chance(mnemonic.startsWith('F') ? 0.8 : 0.2)) fillOperands(random, s, kind, bits)
}

const SELECTORS = [0x33, 0x33, 0x33, 0x2b, 0x2b, 0, 3, 0x30, 0x28, 0x10, 0x43, 0x37, 0x63] as const
/** Selectors that we or the oracle cannot follow: 32-bit code, and the segment whose limit is the processor's number. */
const isOdd = (selector: number): boolean => (selector & ~3) === 0x20 || (selector & ~3) === 0x78

/** Memory of selectors; registers sometimes. */
function putSelectors(random: Random, s: NativeState): void {
  const selector = (): number => (random.chance(0.85) ? random.pick(SELECTORS) : random.u32() & 0xffff)
  const words = new DataView(s.mem.buffer, s.mem.byteOffset, s.mem.length)
  if (random.chance(0.8)) for (let at = 0; at < s.mem.length; at += 2) words.setUint16(at, selector(), true)
  s.gpr.forEach((v, n) => {
    if (isOdd(Number(v & 0xffffn))) s.gpr[n] = BigInt(selector())
  })
  // At any alignment, from behind: the zeros must not make one of what is before them.
  for (let at = s.mem.length - 2; at >= 0; at--) if (isOdd(words.getUint16(at, true))) words.setUint16(at, 0, true)
}

/**
 * The components are those that ours have, and in use: when a processor takes one for unused is its own affair. The area is aligned, and
 * mostly its header is one that XRSTOR takes; if not, nothing else faults, since their order is the processor's own affair, too.
 */
function aimXsave(random: Random, row: Row, s: NativeState): void {
  s.gpr[RAX] = (BigInt(random.u32()) << 32n) | BigInt(random.below(8))
  s.gpr[RDX] = BigInt(random.u32()) << 32n
  s.x87 = randomX87(random)
  const { memory } = instructionFacts(s.code)
  if (memory?.base === undefined) return
  const header = WINDOW_OFFSET + 64 * random.below(4)
  aimAt(random, s, memory, BigInt(DATA_BASE + header - XSAVE_HEADER_AT))
  if (!row.mnemonic.startsWith('XRSTOR')) return
  const wrong = random.chance(0.3)
  if (wrong) s.prot = ['rw', 'rw']
  if (wrong && random.chance(0.3)) return
  const view = new DataView(s.mem.buffer, s.mem.byteOffset + header - WINDOW_OFFSET)
  for (let at = 0; at < XSAVE_HEADER.size; at += 8) view.setBigUint64(at, 0n, true)
  const compacted = random.chance(0.8)
  const there = BigInt(random.below(8))
  const places = there | BigInt(random.below(8))
  view.setBigUint64(0, there, true)
  if (compacted) view.setBigUint64(8, (1n << 63n) | (wrong ? BigInt(random.below(8)) : places), true)
  if (wrong && random.chance(0.5)) view.setUint8(16 + random.below(XSAVE_HEADER.size - 16), 1)
}

function stateOf(random: Random, family: string, row: Row, code: Uint8Array, last: boolean): NativeState {
  const isString = family === 'string'
  const pointers = isString
    ? [RSI, RDI]
    : family === 'control-far'
      ? [RSP]
      : /MASKMOV(DQU|Q)$/.test(row.mnemonic)
        ? [RDI]
        : []
  // One state of an encoding lies at the end of a page: the address is a part of what is compiled.
  const codeEdge = last && random.chance(0.5) ? 1 : 0
  const ymm = VECTORS.test(family)
  const state = randomState(random, code, { addresses: pointers, codeEdge, ymm, ...(isString && { count: 40 }) })
  // Counts and bit offsets in CL should often be small.
  if (!isString && random.chance(0.4))
    state.gpr[RCX] = BigInt(random.pick([0, 1, 2, random.below(72), random.below(256)]))
  state.fsBase = VECTORS.test(family) ? random.pick(BASES) : BigInt(random.below(40))
  state.gsBase = VECTORS.test(family) ? random.pick(BASES) : BigInt(random.below(40))
  if (FLOATING.test(family)) {
    if (random.chance(0.6)) makeHard(random, row, state)
    // Translated arithmetic runs only while MXCSR is as it is most of the time.
    if (random.chance(0.5)) state.mxcsr = 0x1fa0 | random.below(0x40)
  }
  if (family === 'control-far' || family === 'segment') putSelectors(random, state)
  if (isX87(family)) putX87(random, row, state)
  if (family === 'xsave') aimXsave(random, row, state)
  if (row.opcode === '9D') {
    // Popping TF would trap behind the next instruction, which is the oracle's.
    const at = 16 * random.below(15)
    state.gpr[RSP] = BigInt(DATA_BASE + WINDOW_OFFSET + at)
    state.mem[at + 1] = (state.mem[at + 1] ?? 0) & ~(RFLAGS.TF >> 8)
  }
  return state
}

/** Gathers: indices near their base, and a mask that chooses often. */
function aimIndices(random: Random, insn: Insn, s: NativeState): void {
  const [, m, mask] = insn.operands
  if (m?.kind !== 'mem' || !m.vectorIndex || (mask?.kind !== 'xmm' && mask?.kind !== 'ymm')) return
  const { n, w } = m.vectorIndex
  for (const bytes of [s.xmm, s.ymmHigh ?? new Uint8Array(256)]) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 16 * n; at < 16 * n + 16; at += w / 8) {
      const index = random.chance(0.05) ? -0x4000_0000 : random.below(40) - 20
      if (w === 32) view.setInt32(at, index, true)
      else view.setBigInt64(at, BigInt(index), true)
    }
    for (let at = 16 * mask.n; at < 16 * mask.n + 16; at++) bytes[at] = (bytes[at] ?? 0) ^ (random.below(2) << 7)
  }
}

export interface RowCase extends Case {
  row: Row
}

const weightOf = (family: string): number => WEIGHTS[family] ?? 1

/** How many encodings a row of weight 1 gets, so that all rows together make `cases`, `states` for each encoding. */
export function encodingsFor(cases: number, states: number): number {
  const weights = ASKED.reduce((sum, [family, rows]) => sum + weightOf(family) * rows.length, 0)
  return cases / (states * weights)
}

/** See isa/move.ts. */
const storesPiecewise = ({ row, w, operands }: Insn, code: Uint8Array): boolean =>
  row.mnemonic === 'MOVBE' &&
  operands[0]?.kind === 'mem' &&
  w === 64 &&
  code.subarray(0, code.indexOf(0x0f)).includes(0x66)

/** `encodings` per row of weight 1, and `states` for each. Segment overrides are left out where the kernel has no FSGSBASE. */
export function* casesOf(
  family: string,
  rows: readonly Row[],
  random: Random,
  options: { encodings: number; states: number; segments: boolean },
): Generator<RowCase> {
  for (const row of rows) {
    for (let k = 0; k < options.encodings * weightOf(family); k++) {
      const { code, insn } = aimedEncoding(random, row, options.segments)
      for (let n = 1; n <= options.states; n++) {
        const state = stateOf(random, family, row, code, n === options.states)
        if (insn.operands.some((o) => o.kind === 'mem' && o.vectorIndex)) aimIndices(random, insn, state)
        if (isComputedOtherwise(row, insn, state)) continue
        // The undefined flags are what Intel's processors give.
        const undefinedFlags = isIntelHost ? 0 : undefinedFlagBits(row, decodeAll, state)
        yield {
          row,
          state,
          mask: {
            undefinedFlags,
            ...((isX87(family) || family === 'xsave') && x87Mask(row)),
            ...((row.mnemonic.startsWith('XRSTOR') || storesPiecewise(insn, code)) && { partialOnFault: true }),
            ...(hasOwnFaults(row, insn) && { notWithFaults: true }),
          },
        }
      }
    }
  }
}

/** EDX:EAX choose the components of the XSAVE family, so they cannot be a part of the address. */
const isUsable = (row: Row, { operands: [o] }: Insn): boolean =>
  !/^X(SAVE|RSTOR)/.test(row.mnemonic) || (o?.kind === 'mem' && ![o.base, o.index].some((n) => n === RAX || n === RDX))

function aimedEncoding(random: Random, row: Row, segments: boolean): Encoding {
  for (;;) {
    const encoding = randomEncoding(random, row, decodeAll)
    const { insn, code } = encoding
    if ((segments || insn.seg === 'none') && isUsable(row, insn) && !isEncodedOtherwise(row, insn, code))
      return encoding
  }
}
