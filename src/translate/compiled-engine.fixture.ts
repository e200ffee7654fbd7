/** The region compiler as an engine of test/native: each instruction becomes a region of its own, kept for the next state. */
import type { Engine } from '../../test/native/compare.ts'
import { CODE_BASE, DATA_BASE, type NativeState } from '../../test/native/oracle.ts'
import { codeAddress } from '../../test/native/random-state.ts'
import { Fault, PAGE_SIZE, STATE } from '../cpu/index.ts'
import { decodeAll, oracleMachine, runState } from '../isa/evaluator-engine.fixture.ts'
import type { Insn } from '../isa/index.ts'
import { ModuleWriter } from '../wasm/index.ts'
import { CommonCode } from './common-code.ts'
import { createDispatcher } from './dispatcher.ts'
import { NativeModules } from './native-code.ts'
import { RegionCompiler } from './region.ts'
import { FIRST_EXIT, RETURN } from './region-contract.ts'

export interface CompiledEngine extends Engine {
  /** States that translated code finished itself, and states it handed to the evaluator. */
  readonly counts: { translated: number; handedOver: number }
}

/** `away`: the data is not at home, and the code is made for that. */
export function compiledEngine(away = false): CompiledEngine {
  const m = oracleMachine(away)
  const { state, evaluator, ram } = m
  const counts = { translated: 0, handedOver: 0 }
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' })
  const idle = { miss: () => RETURN.EXIT, step: () => RETURN.EXIT, slow: () => RETURN.EXIT }
  const dispatcher = createDispatcher(ram, table, idle, new CommonCode(new NativeModules(undefined)))
  let current: { key: string; run: (depth: number) => number; insn: Insn } | undefined
  ram.u32[STATE.VIEW / 4] = evaluator.view.at

  const compile = (s: NativeState): typeof current => {
    const start = Number(codeAddress(s))
    const key = `${start} ${s.code.toString()}`
    if (current?.key === key) return current
    const insn = decodeAll(s.code, 0, start, s.code.length)
    if (!insn?.row.op || insn.row.isSlow?.(insn)) return undefined
    const w = new ModuleWriter()
    w.importMemory('m', ram.limits)
    const enter = w.importFunction('enter', w.type(['i64', 'i32', 'i32'], ['i32']))
    const slow = w.importFunction('slow', w.type(['i32'], ['i32']))
    const flags = w.importFunction('flags', w.type(['i32', 'i64', 'i64', 'i64'], ['i32']))
    const blocks = new Map([[start, { address: start, insns: [insn], successors: [] }]])
    const places = w.importConstant('places', 'i32')
    const numbers = { exit: () => 0, jump: () => 0 }
    const code = new RegionCompiler(start, blocks, numbers, { combine: true, atHome: !away }).compile({
      enter: (c) => c.call(enter),
      slow: (c) => c.call(slow),
      flags: (c) => c.call(flags),
      places,
      regions: new Map(),
    })
    w.addFunction(w.type(['i32'], ['i32']), code, 'r')
    const e = { m: ram.memory, enter: dispatcher.enter, slow: () => RETURN.EXIT, flags: dispatcher.flags, places: 0 }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(w.write()), { e })
    return (current = { key, run: exports['r'] as (depth: number) => number, insn })
  }

  const execute = (s: NativeState): Fault | undefined => {
    try {
      const start = Number(codeAddress(s))
      const end = s.codePage1 === false ? Math.max(0, CODE_BASE + PAGE_SIZE - start) : s.code.length
      if (end < s.code.length) return new Fault('PF', 0x14, BigInt(CODE_BASE + PAGE_SIZE))
      const c = compile(s)
      ram.i32[STATE.FUEL / 4] = 1000
      // The second time finds the page-table entries that the evaluator filled.
      if (c) {
        const code = c.run(0)
        if (code === RETURN.CONTINUE) {
          counts.translated++
          return undefined
        }
        counts.handedOver++
        if (code !== FIRST_EXIT) throw new Error(`the region returned ${code}`)
      }
      const insn = c?.insn ?? decodeAll(s.code, 0, start, s.code.length)
      state.rip = start
      if (insn) evaluator.step(insn)
      return undefined
    } catch (e) {
      if (e instanceof Fault) return e.errorCode === 0x15 && e.address === ram.u64[STATE.RIP / 8] ? undefined : e
      throw e
    }
  }

  return {
    name: 'wasm',
    counts,
    run: (s) =>
      runState(m, s, () => {
        fillTables(m, s)
        return execute(s)
      }),
  }
}

/** Fills the view's tables, so that translated code need not hand over only because it is the first to come. */
export function fillTables({ evaluator, ram }: ReturnType<typeof oracleMachine>, s: NativeState): void {
  s.prot.forEach((p, k) => {
    if (p !== 'none') evaluator.view.readable(DATA_BASE + k * PAGE_SIZE)
    if (p === 'rw') evaluator.view.writable(DATA_BASE + k * PAGE_SIZE)
  })
  ram.u32[STATE.VIEW / 4] = evaluator.view.at
}
