/** `npm run vectors:record`: asks the processor of this machine, which must be an Intel one, and writes rows.json.gz. */
import { decodeAll } from '../../src/isa/evaluator-engine.fixture.ts'
import type { Insn, MemoryOperand, Row } from '../../src/isa/insn.ts'
import { ASKED, casesOf, VECTORS } from '../../src/isa/row-cases.fixture.ts'
import { nameOf } from '../../src/isa/text.ts'
import { isIntelHost } from '../../src/isa/vendor.fixture.ts'
import { DATA_BASE, Oracle, WINDOW_OFFSET, WINDOW_SIZE, type NativeState } from '../native/oracle.ts'
import { codeAddress, Random } from '../native/random-state.ts'
import { isSkip } from '../support/cache.ts'
import { vectorOf, writeVectors, type Vector } from './vectors.ts'

/** States that are tried for each row, and how many of them are kept. */
const TRIED = 16
const KEPT = 3
const KEPT_FAULTS = 1
/** Bytes around an address that stay; the others become zero, so that the file is small. */
const [IN_FRONT, BEHIND] = [8, 40]
/** RAX RCX RDX RBX RSP RBP RSI RDI: what instructions use without naming it. */
const IMPLICIT = [0, 1, 2, 3, 4, 5, 6, 7]

const zeroBut = (bytes: Uint8Array, size: number, keep: ReadonlySet<number>): void => {
  for (let n = 0; n < bytes.length / size; n++) if (!keep.has(n)) bytes.fill(0, n * size, (n + 1) * size)
}

function effectiveAddress(s: NativeState, m: MemoryOperand): bigint {
  const register = (n: number): bigint => (n < 0 ? 0n : (s.gpr[n] ?? 0n))
  const offset = BigInt.asUintN(m.a32 ? 32 : 64, m.disp + register(m.base) + (register(m.index) << BigInt(m.scale)))
  return offset + (m.seg === 'FS' ? (s.fsBase ?? 0n) : m.seg === 'GS' ? (s.gsBase ?? 0n) : 0n)
}

/** Zeroes what the instruction does not look at, as far as its operands tell. The processor is asked about what is left. */
function reduce(s: NativeState, i: Insn, isVector: boolean): void {
  const gprs = new Set(isVector ? [0, 2, 7] : IMPLICIT)
  const vectors = new Set([0])
  for (const o of i.operands) {
    if (o.kind === 'reg') gprs.add(o.n)
    if (o.kind === 'xmm' || o.kind === 'ymm') vectors.add(o.n)
    if (o.kind !== 'mem') continue
    for (const n of [o.base, o.index]) gprs.add(n)
    if (o.vectorIndex) vectors.add(o.vectorIndex.n)
  }
  const addresses = i.operands.flatMap((o) => (o.kind === 'mem' ? [effectiveAddress(s, o)] : [...s.gpr]))
  zeroBut(new Uint8Array(s.gpr.buffer, s.gpr.byteOffset, 128), 8, gprs)
  zeroBut(s.xmm, 16, vectors)
  if (s.ymmHigh) zeroBut(s.ymmHigh, 16, vectors)
  const bytes = new Set<number>()
  for (const a of [...addresses, ...s.gpr]) {
    const at = Number(BigInt.asUintN(64, a - BigInt(DATA_BASE + WINDOW_OFFSET)))
    for (let k = at - IN_FRONT; k < at + BEHIND && at < WINDOW_SIZE; k++) bytes.add(k)
  }
  zeroBut(s.mem, 1, bytes)
}

const usesBases = (i: Insn): boolean =>
  i.seg !== 'none' || /BASE/.test(i.row.mnemonic) || i.operands.some((o) => o.kind === 'mem' && o.seg !== 'none')

function* statesOf(family: string, row: Row, segments: boolean): Generator<NativeState> {
  const random = new Random(nameOf(row).length * 7919 + row.opcode.charCodeAt(row.opcode.length - 1))
  for (const { state } of casesOf(family, [row], random, { encodings: TRIED, states: 1, segments })) {
    delete state.codeOffset
    delete state.codePage1
    const insn = decodeAll(state.code, 0, Number(codeAddress(state)))
    if (!insn) continue
    if (!usesBases(insn)) {
      delete state.fsBase
      delete state.gsBase
    }
    reduce(state, insn, VECTORS.test(family))
    yield state
  }
}

async function record(oracle: Oracle): Promise<Record<string, Vector[]>> {
  const all: Record<string, Vector[]> = {}
  for (const [family, rows] of ASKED) {
    for (const row of rows) {
      const states = [...statesOf(family, row, oracle.hasSegmentBases)]
      const results = await oracle.run(states)
      const vectors = states.flatMap((s, k) => {
        const r = results[k]
        return r && r.died === undefined ? [vectorOf(s, r)] : []
      })
      const faults = vectors.filter(([, after]) => after.fault)
      const plain = vectors.filter(([, after]) => !after.fault).slice(0, KEPT)
      all[nameOf(row)] = [...plain, ...faults.slice(0, plain.length < KEPT ? KEPT - plain.length : KEPT_FAULTS)]
    }
  }
  return all
}

if (!isIntelHost) throw new Error('undefined results are modelled on Intel processors: record on one')
const oracle = await Oracle.open()
if (isSkip(oracle)) throw new Error(oracle.skip)
const vectors = await record(oracle)
oracle.close()
const size = writeVectors(vectors)
process.stdout.write(
  `${Object.keys(vectors).length} rows, ${Object.values(vectors).flat().length} vectors, ${size} bytes\n`,
)
