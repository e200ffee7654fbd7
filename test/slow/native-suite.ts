/**
 * Every row against the processor of this machine, in both readers: the evaluator, and translated code. Results, flags, MXCSR,
 * memory and faults are equal to the last bit. `ENCLU_CASES` sets how many cases there are, `ENCLU_ROW` restricts to mnemonics,
 * `ENCLU_SEED` changes the encodings and states.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences, failureText } from '../native/compare.ts'
import { Oracle, oracleUnavailable, type NativeResult } from '../native/oracle.ts'
import { Random, testSeed } from '../native/random-state.ts'
import { isSkip } from '../support/cache.ts'
import { RSP } from '../../src/spec/x86/index.ts'
import { evaluatorEngine } from '../../src/isa/evaluator-engine.fixture.ts'
import { compiledEngine } from '../../src/translate/compiled-engine.fixture.ts'
import { ASKED, casesOf, encodingsFor, type RowCase } from '../../src/isa/row-cases.fixture.ts'

const reason = await oracleUnavailable()
const wanted = Number(process.env['ENCLU_CASES'] ?? 1_500_000)
const only = process.env['ENCLU_ROW']?.split(',')

const BATCH = 2000
/** States for each encoding: enough that compiling it is the smaller part of the time. */
const STATES = 40
const SHOWN = 4

/**
 * A wild address that belongs to the oracle's own program (see LINK in oracle.ts): it has memory there, our machines have none. Its
 * heap is in a place of Linux's choice in the gigabyte behind it, and its stack and mappings are below the end of the user half.
 */
function hitsOracle({ fault }: NativeResult, native: NativeResult, rsp: bigint): boolean {
  // Linux takes a signal for one below another if RSP is in the signals' stack.
  if (native.died !== undefined && rsp >= 0x6b3d_0000n && rsp < 0x7000_0000n) return true
  if (fault === undefined || fault.cr2 < 0x6b3d_0000n) return false
  if (fault.cr2 < 0x7000_0000n) return true
  return (fault.cr2 < 0xac00_0000n || fault.cr2 >= 0x7f00_0000_0000n) && native.fault === undefined
}

/** Not general-purpose: the two halves take about equally long. */
export const isFloatFamily = (family: string): boolean => /^(s?sse|avx|fma|f16c|aes|pclmul|sha|x87|mmx)/.test(family)

/** Declares a test for each family that `includes` names; the families are spread over files so that these run in parallel. */
export function nativeSuite(includes: (family: string) => boolean): void {
  const title = `evaluator = translated code = processor${reason === undefined ? '' : ` (skipped: ${reason})`}`
  describe.skipIf(reason !== undefined)(title, { timeout: 3_600_000 }, () =>
    compareFamilies(ASKED.filter(([f]) => includes(f))),
  )
}

function compareFamilies(families: typeof ASKED): void {
  let oracle: Oracle
  let total = 0
  beforeAll(async () => {
    const o = await Oracle.open()
    if (isSkip(o)) throw new Error(o.skip)
    oracle = o
  })
  afterAll(() => {
    oracle?.close()
    process.stdout.write(`compared with the processor: ${total.toLocaleString('en-US')} cases, each in both readers\n`)
  })

  const seed = testSeed()
  const evaluator = reason === undefined ? evaluatorEngine() : undefined
  for (const [family, rows] of families) {
    const asked = rows.filter((r) => !only || only.includes(r.mnemonic))
    if (asked.length === 0) continue
    test(family, async ({ annotate }) => {
      if (!evaluator) return
      const compiled = compiledEngine()
      const options = { encodings: encodingsFor(wanted, STATES), states: STATES, segments: oracle.hasSegmentBases }
      const failures: string[] = []
      let [compared, failed] = [0, 0]
      for await (const { c, native } of answered(oracle, casesOf(family, asked, new Random(seed), options))) {
        compared++
        // Rows without a text for both readers are the evaluator's alone.
        for (const engine of c.row.op ? [evaluator, compiled] : [evaluator]) {
          const ours = engine.run(c.state)
          const found = hitsOracle(ours, native, c.state.gpr[RSP] ?? 0n) ? [] : differences(native, ours, c.mask)
          if (found.length === 0) continue
          failed++
          const { mnemonic, opcode, operands } = c.row
          if (failures.length < SHOWN)
            failures.push(`${mnemonic} ${opcode} ${operands}\n${failureText(c.state, engine.name, found)}`)
        }
      }
      total += compared
      const { translated, handedOver } = compiled.counts
      await annotate(`${compared} cases; translated code finished ${translated}, handed over ${handedOver}`)
      expect(failed, `ENCLU_SEED=${seed} ${failed} of ${compared}\n${failures.join('\n')}`).toBe(0)
    })
  }
}

/** The processor works on the next batch while ours catch up. */
async function* answered(
  oracle: Oracle,
  cases: Iterable<RowCase>,
): AsyncGenerator<{ c: RowCase; native: NativeResult }> {
  let waiting: { batch: RowCase[]; natives: Promise<NativeResult[]> } | undefined
  const ask = (batch: RowCase[]): typeof waiting => ({ batch, natives: oracle.run(batch.map((c) => c.state)) })
  for (const batch of chunks(cases)) {
    const next = ask(batch)
    if (waiting) yield* paired(waiting.batch, await waiting.natives)
    waiting = next
  }
  if (waiting) yield* paired(waiting.batch, await waiting.natives)
}

function* paired(
  batch: readonly RowCase[],
  natives: readonly NativeResult[],
): Generator<{ c: RowCase; native: NativeResult }> {
  for (const [k, c] of batch.entries()) {
    const native = natives[k]
    if (!native) throw new Error('the oracle gave fewer answers than it was asked')
    yield { c, native }
  }
}

function* chunks(cases: Iterable<RowCase>): Generator<RowCase[]> {
  let chunk: RowCase[] = []
  for (const c of cases) {
    chunk.push(c)
    if (chunk.length < BATCH) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
