/**
 * Every SSE row against the processor of this machine: values, merged lanes, MXCSR, faults and their order. `ENCLU_CASES` sets how many
 * states each row gets, `ENCLU_ROW` restricts to mnemonics, `ENCLU_SEED` changes them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareEngine, type Case } from '../../test/native/compare.ts'
import { Oracle, oracleUnavailable, type NativeState } from '../../test/native/oracle.ts'
import { EDGE_DOUBLES, EDGE_SINGLES, Random, randomState, testSeed } from '../../test/native/random-state.ts'
import { isSkip } from '../../test/support/cache.ts'
import { decodeAll, evaluatorEngine } from './evaluator-engine.fixture.ts'
import { isIntelHost, randomEncoding } from './random-insn.fixture.ts'
import { FAMILIES } from './table.ts'
import type { Row } from './insn.ts'

const reason = await oracleUnavailable()
const cases = Number(process.env['ENCLU_CASES'] ?? 60)
const only = process.env['ENCLU_ROW']?.split(',')
/** Where AMD's processors answer differently: their own tables of estimates. */
const INTEL_ONLY = ['RCPPS', 'RCPSS', 'RSQRTPS', 'RSQRTSS']

const BASES = [0n, 0n, 1n, 16n, 0x7fff_ffff_f000n, 0xffff_ffff_ffff_fff0n]

const sign = (random: Random): number => (random.below(2) << 31) >>> 0
const fraction = (random: Random): number => random.u32() & 0x7f_ffff

/** Edges, denormals, neighbours in size so that sums cancel, the ends of the exponent range for products and quotients. */
function hardSingle(random: Random, near: number): number {
  switch (random.below(8)) {
    case 0:
      return random.u32()
    case 1:
      return (sign(random) | (random.below(40) << 23) | fraction(random)) >>> 0
    case 2:
      return (sign(random) | ((107 + near + random.below(6)) << 23) | fraction(random)) >>> 0
    case 3:
      return (sign(random) | ((60 + random.below(130)) << 23) | fraction(random)) >>> 0
    default:
      return random.pick(EDGE_SINGLES) ^ (random.chance(0.3) ? random.u32() >>> (9 + random.below(23)) : 0)
  }
}
function hardDouble(random: Random, near: number): bigint {
  const withExponent = (e: number): bigint =>
    (BigInt(random.below(2)) << 63n) | (BigInt(e) << 52n) | (random.u64() >> 12n)
  switch (random.below(8)) {
    case 0:
      return random.u64()
    case 1:
      return withExponent(random.below(80))
    case 2:
      return withExponent(1003 + near + random.below(60))
    case 3:
      return withExponent(random.chance(0.5) ? 860 + random.below(320) : 480 + random.below(1050))
    default:
      return random.pick(EDGE_DOUBLES) ^ (random.chance(0.3) ? random.u64() >> BigInt(12 + random.below(52)) : 0n)
  }
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

function* casesOf(rows: readonly Row[], random: Random, floating: boolean, segments: boolean): Generator<Case> {
  for (const row of rows) {
    for (let k = 0; k < cases; k++) {
      const { code, insn } = randomEncoding(random, row, decodeAll)
      if (insn.seg !== 'none' && !segments) continue
      const state = randomState(random, code, row.mnemonic === 'MASKMOVDQU' ? { addresses: [7] } : {})
      // Always given: the encoding may have a segment prefix.
      state.fsBase = random.pick(BASES)
      state.gsBase = random.pick(BASES)
      if (floating && random.chance(0.7)) makeHard(random, row, state)
      yield { state, mask: {} }
    }
  }
}

describe.skipIf(reason !== undefined)(
  `evaluator = processor${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let oracle: Oracle
    const engine = reason === undefined ? evaluatorEngine() : undefined
    beforeAll(async () => {
      const o = await Oracle.open()
      if (isSkip(o)) throw new Error(o.skip)
      oracle = o
    })
    afterAll(() => oracle?.close())

    for (const [family, rows] of Object.entries(FAMILIES)) {
      if (!family.startsWith('sse')) continue
      const asked = rows.filter(
        ({ mnemonic }) => (!only || only.includes(mnemonic)) && (isIntelHost || !INTEL_ONLY.includes(mnemonic)),
      )
      if (asked.length === 0) continue
      test(family, { timeout: 3_600_000 }, async () => {
        const seed = testSeed()
        const floating = /float|convert|estimate/.test(family)
        if (!engine) return
        const all = casesOf(asked, new Random(seed), floating, oracle.hasSegmentBases)
        const r = await compareEngine(oracle, engine, all, { limit: 4 })
        expect(r.failed, `ENCLU_SEED=${seed} ${r.failed} of ${r.compared}\n${r.failures.join('\n')}`).toBe(0)
      })
    }
  },
)
