/** The evaluator as an engine of test/native: the oracle's two data pages and two code pages, and faults as the kernel shows them. */
import type { Engine } from '../../test/native/compare.ts'
import {
  CODE_BASE,
  DATA_BASE,
  dataPages,
  memoryResult,
  type NativeResult,
  type NativeState,
} from '../../test/native/oracle.ts'
import { codeAddress } from '../../test/native/random-state.ts'
import { Fault, loadX87Image, PAGE_SIZE, saveX87Image, STATE } from '../cpu/index.ts'
import { createDecoder } from './decode.ts'
import { ROWS } from './table.ts'
import { TestMachine } from './test-machine.fixture.ts'

/** For a processor with every feature that has a row. */
export const decodeAll = createDecoder(ROWS, new Set(ROWS.flatMap((r) => r.feature ?? [])))

const SIGNALS: Readonly<Record<string, number>> = {
  DE: 8,
  DB: 5,
  BP: 5,
  OF: 11,
  UD: 4,
  SS: 7,
  GP: 11,
  PF: 11,
  AC: 7,
  XM: 8,
  MF: 8,
}

/** A machine with the oracle's pages, those with data at home or elsewhere. */
export function oracleMachine(away = false): TestMachine {
  const m = new TestMachine()
  m.map(DATA_BASE, 2, 'rw', away)
  m.map(CODE_BASE, 2, 'rwx')
  m.state.xcr0 = 7n
  return m
}

/** Puts the state into the machine, lets `execute` run the instruction, and tells what came of it. */
export function runState(m: TestMachine, s: NativeState, execute: (s: NativeState) => Fault | undefined): NativeResult {
  const { state, evaluator } = m
  const before = dataPages(s)
  s.prot.forEach((p, k) => {
    m.page(DATA_BASE + k * PAGE_SIZE).set(before.subarray(k * PAGE_SIZE, (k + 1) * PAGE_SIZE))
    m.protect(DATA_BASE + k * PAGE_SIZE, p)
  })
  state.reset()
  s.gpr.forEach((v, n) => state.setGpr(n, v))
  state.rflags = BigInt(s.rflags)
  state.mxcsr = s.mxcsr
  for (let n = 0; n < 16; n++) state.xmm(n).set(s.xmm.subarray(16 * n, 16 * n + 16))
  if (s.ymmHigh) state.ram.u8.set(s.ymmHigh, STATE.YMM_HIGH)
  if (s.x87) loadX87Image(state, s.x87)
  if (s.fsBase !== undefined) state.fsBase = s.fsBase
  if (s.gsBase !== undefined) state.gsBase = s.gsBase
  state.rip = Number(codeAddress(s))
  const fault = execute(s)
  const pages = new Uint8Array(2 * PAGE_SIZE)
  pages.set(m.page(DATA_BASE))
  pages.set(m.page(DATA_BASE + PAGE_SIZE), PAGE_SIZE)
  const xmm = new Uint8Array(256)
  for (let n = 0; n < 16; n++) xmm.set(state.xmm(n), 16 * n)
  const x87 = new Uint8Array(160)
  if (s.x87) saveX87Image(state, x87)
  return {
    gpr: BigUint64Array.from({ length: 16 }, (_, n) => state.gpr(n)),
    rip: m.ram.u64[STATE.RIP / 8] ?? 0n,
    rflags: Number(state.rflags),
    mxcsr: state.mxcsr,
    xmm,
    fsBase: state.fsBase,
    gsBase: state.gsBase,
    ...memoryResult(pages),
    ...(s.x87 && { x87 }),
    ...(s.ymmHigh && { ymmHigh: state.ram.u8.slice(STATE.YMM_HIGH, STATE.YMM_HIGH + 256) }),
    // Beyond what the oracle can tell: why the instruction left guest code.
    ...(evaluator.exit && { exit: evaluator.exit.kind }),
    ...(fault && {
      fault: {
        signal: SIGNALS[fault.name] ?? 0,
        vector: fault.vector,
        errorCode: fault.errorCode ?? 0,
        cr2: fault.address ?? 0n,
      },
    }),
  }
}

export function evaluatorEngine(): Engine {
  const m = oracleMachine()
  function execute(s: NativeState): Fault | undefined {
    try {
      const start = Number(codeAddress(s))
      // Where the second code page is absent the bytes there do not exist.
      const end = s.codePage1 === false ? Math.max(0, CODE_BASE + PAGE_SIZE - start) : s.code.length
      const i = decodeAll(s.code, 0, start, Math.min(end, s.code.length))
      if (!i) return new Fault('PF', 0x14, BigInt(CODE_BASE + PAGE_SIZE))
      m.evaluator.step(i)
      return undefined
    } catch (e) {
      // The oracle stops behind a branch, before the fetch from its target.
      if (e instanceof Fault) return e.errorCode === 0x15 && e.address === m.ram.u64[STATE.RIP / 8] ? undefined : e
      throw e
    }
  }
  return { name: 'eval', run: (s) => runState(m, s, execute) }
}
