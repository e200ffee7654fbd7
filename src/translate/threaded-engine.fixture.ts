/** Threaded code as an engine of test/native: each instruction becomes a block of its own. */
import { CODE_BASE, type NativeState } from '../../test/native/oracle.ts'
import { codeAddress } from '../../test/native/random-state.ts'
import { Fault, JUMP, PAGE_SIZE, STATE, VIEW } from '../cpu/index.ts'
import { decodeAll, oracleMachine, runState } from '../isa/evaluator-engine.fixture.ts'
import type { Insn } from '../isa/index.ts'
import { fillTables, type CompiledEngine } from './compiled-engine.fixture.ts'
import { CommonCode } from './common-code.ts'
import { createDispatcher, jumpSlot } from './dispatcher.ts'
import { NativeModules } from './native-code.ts'
import { RETURN } from './region-contract.ts'
import { LEAVE, ThreadedCode, type ThreadedCallbacks } from './threaded.ts'

export function threadedEngine(): CompiledEngine {
  const m = oracleMachine()
  const { state, evaluator, ram } = m
  const counts = { translated: 0, handedOver: 0 }
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' })
  const common = new CommonCode(new NativeModules(undefined))
  const idle = { miss: () => RETURN.EXIT, step: () => RETURN.EXIT, slow: () => RETURN.EXIT }
  const { flags } = createDispatcher(ram, table, idle, common)
  const faults: Fault[] = []
  let current: Insn | undefined
  const callbacks: ThreadedCallbacks = {
    insnAt() {
      if (!current) throw new Error('no instruction runs')
      return current
    },
    limit: () => RETURN.EXIT,
    note: () => {},
    flags,
    evaluate(insn) {
      counts.handedOver++
      try {
        state.rip = insn.address
        evaluator.step(insn)
      } catch (e) {
        if (!(e instanceof Fault)) throw e
        faults.push(e)
      }
      return LEAVE
    },
  }
  const threaded = new ThreadedCode(ram, table, 0, callbacks, common)
  const enter = table.get(0) as (depth: number) => number
  const { view } = evaluator

  const execute = (s: NativeState): Fault | undefined => {
    const address = Number(codeAddress(s))
    const end = s.codePage1 === false ? Math.max(0, CODE_BASE + PAGE_SIZE - address) : s.code.length
    if (end < s.code.length) return new Fault('PF', 0x14, BigInt(CODE_BASE + PAGE_SIZE))
    const insn = decodeAll(s.code, 0, address, s.code.length)
    if (!insn) return undefined
    current = insn
    const at = threaded.place({ address, insns: [insn], frames: [], runs: 0, threaded: 0 }, [insn], 2, true) ?? 0
    ram.u32[STATE.JUMP_CACHE / 4] = view.at + VIEW.JUMP_CACHE
    ram.u32[(view.at + VIEW.JUMP_CACHE + JUMP.SIZE * jumpSlot(address) + JUMP.DETAIL) / 4] = at
    ram.i32[STATE.FUEL / 4] = 1000
    faults.length = 0
    const before = counts.handedOver
    enter(0)
    if (counts.handedOver === before) counts.translated++
    // As the region compiler's engine: the next instruction's page need not be there.
    const [fault] = faults
    return fault?.errorCode === 0x15 && fault.address === ram.u64[STATE.RIP / 8] ? undefined : fault
  }

  return {
    name: 'threaded',
    counts,
    run: (s) =>
      runState(m, s, () => {
        fillTables(m, s)
        return execute(s)
      }),
  }
}
