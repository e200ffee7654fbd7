/** Random cases for every row that a processor can be asked about: encodings of the row, and many states for each. */
import { DATA_BASE, WINDOW_OFFSET, type NativeState } from '../native/oracle.ts'
import { EDGE_DOUBLES, EDGE_SINGLES, randomState, type Random } from '../native/random-state.ts'
import { FAMILIES, type Row } from '../../src/isa/index.ts'
import { decodeAll } from '../../src/isa/evaluator-engine.fixture.ts'
import { isIntelHost, randomEncoding, undefinedFlagBits, type Encoding } from '../../src/isa/random-insn.fixture.ts'
import { fillOperands, randomX87, x87Mask } from '../../src/isa/x87-random.fixture.ts'
import { RCX, RFLAGS, RSP } from '../../src/spec/x86/index.ts'
import type { Case } from '../native/compare.ts'

/** What leaves the oracle's process, differs from run to run, or belongs to a kernel configured otherwise. */
// prettier-ignore
const NOT_ASKED = new Set([
  'SYSCALL', 'SYSENTER', 'ENCLU', 'ENCLS', 'CPUID', 'RDTSC', 'RDTSCP', 'RDRAND', 'RDSEED', 'XGETBV', 'INT', 'INT1', 'GETSEC',
  // Linux emulates these for the sake of UMIP.
  'SLDT', 'STR', 'SGDT', 'SIDT', 'SMSW',
])
/** AMD's processors have their own tables of estimates. */
const INTEL_ONLY = new Set(['RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS'])
/** Loads of segment registers depend on the kernel's descriptors; direct offsets cannot be aimed. */
const isUnaimable = (r: Row): boolean => /^8E|^0F A[19]$|^A[0-3]$/.test(r.opcode)

const isAsked = (r: Row): boolean =>
  !NOT_ASKED.has(r.mnemonic) && !isUnaimable(r) && (isIntelHost || !INTEL_ONLY.has(r.mnemonic))

/** States for each encoding: enough that compiling it is the smaller part of the time. */
export const STATES = 40

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

const isX87 = (family: string): boolean => family.startsWith('x87')
const FLOATING = /float|convert|estimate/
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
  for (const bytes of [s.xmm, s.mem]) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const near = random.below(60)
    for (let at = 0; at < 256; at += single ? 4 : 8) {
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
  if (random.chance(0.8)) fillOperands(random, s, kind, bits)
}

function stateOf(random: Random, family: string, row: Row, code: Uint8Array, last: boolean): NativeState {
  const isString = family === 'string'
  const pointers = isString ? [6, 7] : row.mnemonic === 'MASKMOVDQU' ? [7] : []
  // One state of an encoding lies at the end of a page: the address is a part of what is compiled.
  const codeEdge = last && random.chance(0.5) ? 1 : 0
  const state = randomState(random, code, { addresses: pointers, codeEdge, ...(isString && { count: 40 }) })
  // Counts and bit offsets in CL should often be small.
  if (!isString && random.chance(0.4))
    state.gpr[RCX] = BigInt(random.pick([0, 1, 2, random.below(72), random.below(256)]))
  state.fsBase = family.startsWith('sse') ? random.pick(BASES) : BigInt(random.below(40))
  state.gsBase = family.startsWith('sse') ? random.pick(BASES) : BigInt(random.below(40))
  if (FLOATING.test(family)) {
    if (random.chance(0.6)) makeHard(random, row, state)
    // Translated arithmetic runs only while MXCSR is as it is most of the time.
    if (random.chance(0.5)) state.mxcsr = 0x1fa0 | random.below(0x40)
  }
  if (isX87(family)) putX87(random, row, state)
  if (row.opcode === '9D') {
    // Popping TF would trap behind the next instruction, which is the oracle's.
    const at = 16 * random.below(15)
    state.gpr[RSP] = BigInt(DATA_BASE + WINDOW_OFFSET + at)
    state.mem[at + 1] = (state.mem[at + 1] ?? 0) & ~(RFLAGS.TF >> 8)
  }
  return state
}

export interface RowCase extends Case {
  row: Row
}

const weightOf = (family: string): number => WEIGHTS[family] ?? 1

/** How many encodings a row of weight 1 gets, so that all rows together make `cases`. */
export function encodingsFor(cases: number): number {
  const weights = ASKED.reduce((sum, [family, rows]) => sum + weightOf(family) * rows.length, 0)
  return cases / (STATES * weights)
}

/** `encodings` per row of weight 1. Segment overrides are left out where the kernel has no FSGSBASE. */
export function* casesOf(
  family: string,
  rows: readonly Row[],
  random: Random,
  options: { encodings: number; segments: boolean },
): Generator<RowCase> {
  for (const row of rows) {
    for (let k = 0; k < options.encodings * weightOf(family); k++) {
      const { code } = aimedEncoding(random, row, options.segments)
      for (let n = 1; n <= STATES; n++) {
        const state = stateOf(random, family, row, code, n === STATES)
        // The undefined flags are what Intel's processors give.
        const undefinedFlags = isIntelHost ? 0 : undefinedFlagBits(row, decodeAll, state)
        yield { row, state, mask: { undefinedFlags, ...(isX87(family) && x87Mask(row)) } }
      }
    }
  }
}

function aimedEncoding(random: Random, row: Row, segments: boolean): Encoding {
  for (;;) {
    const encoding = randomEncoding(random, row, decodeAll)
    if (segments || encoding.insn.seg === 'none') return encoding
  }
}
