/** Short programs, run by the engine and by the evaluator alone: both must end alike. */
import type { Random } from '../../test/native/random-state.ts'
import { STATE, type Fault } from '../cpu/index.ts'
import { decodeAll } from '../isa/evaluator-engine.fixture.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { Engine } from './engine.ts'

export const CODE = 0x2345_6000
/** Two pages, with nothing around them. */
export const DATA = 0x1000_0000
export const HLT = 0xf4

export interface Start {
  readonly gpr: readonly bigint[]
  readonly xmm: Uint8Array
  readonly ymmHigh: Uint8Array
  readonly memory: Uint8Array
  readonly flags: bigint
}

export function randomStart(random: Random): Start {
  // Most registers point into the data, so that most of the code does not fault.
  const gpr = Array.from({ length: 16 }, () =>
    random.chance(0.7) ? BigInt(DATA + 0x200 + random.below(0x1c00)) : BigInt(random.below(256)),
  )
  const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => random.below(256))
  return {
    gpr,
    xmm: bytes(256),
    ymmHigh: bytes(256),
    memory: bytes(0x2000),
    flags: BigInt(random.below(0x1000) & 0x8d5),
  }
}

export interface Runner {
  readonly m: TestMachine
  readonly engine: Engine
}

/** `translate` false: the evaluator alone. */
export function runner(translate: boolean): Runner {
  const m = new TestMachine(decodeAll)
  m.state.xcr0 = 7n
  m.map(CODE, 1, 'rx')
  m.map(DATA, 2)
  return { m, engine: new Engine(m.state, m.evaluator, { translate, hot: 1 }) }
}

/** All that can be seen in the end. The program ends with HLT, or by a fault, or after 1,000 instructions if `budget` does not say otherwise. */
export function run(
  { m, engine }: Runner,
  code: readonly number[],
  start: Start,
  budget = 1000,
): Record<string, unknown> {
  m.ram.onCodeWrite((m.source.pages.get(CODE / 0x1000)?.frame ?? 0) / 0x1000)
  m.page(CODE).set(code)
  m.page(DATA).set(start.memory.subarray(0, 0x1000))
  m.page(DATA + 0x1000).set(start.memory.subarray(0x1000))
  // The tables are filled, so that translated code need not stop for that.
  for (const page of [DATA, DATA + 0x1000]) m.view.writable(page)
  start.gpr.forEach((v, n) => m.state.setGpr(n, v))
  for (let n = 0; n < 16; n++) m.state.xmm(n).set(start.xmm.subarray(16 * n, 16 * n + 16))
  m.ram.u8.set(start.ymmHigh, STATE.YMM_HIGH)
  m.state.rflags = start.flags
  m.state.mxcsr = 0x1fa0
  m.state.rip = CODE
  const exit = engine.run(budget)
  const fault = exit.kind === 'fault' ? exit.fault : undefined
  return {
    fault: fault && describeFault(fault),
    rip: m.state.rip,
    fuel: m.ram.i32[STATE.FUEL / 4],
    gpr: start.gpr.map((_, n) => m.state.gpr(n).toString(16)),
    flags: m.state.rflags,
    mxcsr: m.state.mxcsr,
    xmm: Array.from({ length: 16 }, (_, n) => Buffer.from(m.state.xmm(n)).toString('hex')),
    ymmHigh: Array.from({ length: 16 }, (_, n) => Buffer.from(m.state.ymmHigh(n)).toString('hex')),
    memory: Buffer.concat([m.page(DATA), m.page(DATA + 0x1000)]).toString('hex'),
  }
}
const describeFault = (f: Fault): string => `${f.name} ${f.errorCode} ${f.address?.toString(16)}`
