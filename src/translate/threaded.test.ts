/** What the readers' tests do not see of threaded code: its records' space, and handlers that are kept. */
import { describe, expect, test } from 'vitest'
import { JUMP, STATE, VIEW } from '../cpu/index.ts'
import { decodeAll } from '../isa/evaluator-engine.fixture.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import type { Insn } from '../isa/index.ts'
import type { RunBlock } from './code-cache.ts'
import { CommonCode } from './common-code.ts'
import { createDispatcher, jumpSlot } from './dispatcher.ts'
import { NativeModules } from './native-code.ts'
import { pack, unpack } from './packed.ts'
import { RETURN } from './region-contract.ts'
import { LEAVE, ThreadedCode } from './threaded.ts'

const RAX = 0

/** `saved`: what CommonCode.write gave. */
function setUp(saved?: Uint8Array, arenaSize?: number) {
  const m = new TestMachine()
  const table = new WebAssembly.Table({ initial: 1, element: 'anyfunc' })
  const common = new CommonCode(new NativeModules(undefined), saved)
  const idle = { miss: () => RETURN.EXIT, step: () => RETURN.EXIT, slow: () => RETURN.EXIT }
  const { flags } = createDispatcher(m.ram, table, idle, common)
  const evaluated: string[] = []
  const callbacks = {
    insnAt: addAt,
    limit: () => RETURN.EXIT,
    evaluate: ({ row }: { row: { mnemonic: string } }) => (evaluated.push(row.mnemonic), LEAVE),
    note: () => {},
    flags,
  }
  const threaded = new ThreadedCode(m.ram, table, 0, callbacks, common, arenaSize)
  const place = (block: RunBlock, limit: number, make: boolean): number | undefined =>
    threaded.place(block, block.insns ?? [], limit, make)
  const save = (): Uint8Array | undefined => common.write(threaded.save())
  return { m, table, evaluated, threaded, place, save }
}

/** ADD RAX, `by`. */
function addAt(address: number, by = 1): Insn {
  const insn = decodeAll(Uint8Array.of(0x48, 0x83, 0xc0, by), 0, address)
  if (!insn) throw new Error('not decoded')
  return insn
}

/** The same as a block of one instruction. */
const addBlock = (address: number, by: number): RunBlock => ({
  address,
  insns: [addAt(address, by)],
  frames: [],
  runs: 0,
  threaded: 0,
})

function run({ m, table }: ReturnType<typeof setUp>, { address, threaded }: RunBlock): number {
  const { ram, state } = m
  const { view } = m.evaluator
  ram.u32[STATE.JUMP_CACHE / 4] = view.at + VIEW.JUMP_CACHE
  ram.u32[(view.at + VIEW.JUMP_CACHE + JUMP.SIZE * jumpSlot(address) + JUMP.DETAIL) / 4] = threaded
  state.rip = address
  return (table.get(0) as (depth: number) => number)(0)
}

describe('records', () => {
  test('a full arena is used anew: blocks keep how often they ran, jumps to them are forgotten', () => {
    const all = setUp(undefined, 1000)
    const { m, threaded } = all
    const first = addBlock(0x1000, 1)
    all.place(first, 100, true)
    expect(run(all, first)).toBe(RETURN.CONTINUE)
    expect([m.state.gpr(RAX), threaded.runsOf(first)]).toEqual([1n, 1])
    const { generation } = m.evaluator.view
    const others = Array.from({ length: 20 }, (_, k) => addBlock(0x2000 + 16 * k, 2))
    for (const block of others) all.place(block, 100, true)
    expect(m.evaluator.view.generation).toBeGreaterThan(generation)
    expect([first.threaded, threaded.runsOf(first)]).toEqual([0, 1])
    all.place(first, 100, true)
    run(all, first)
    run(all, others.at(-1) ?? first)
    expect([m.state.gpr(RAX), threaded.runsOf(first)]).toEqual([4n, 2])
  })

  test('the limit is asked before the block runs', () => {
    const all = setUp()
    const block = addBlock(0x1000, 1)
    all.place(block, 2, true)
    expect([run(all, block), run(all, block), all.m.state.gpr(RAX)]).toEqual([RETURN.CONTINUE, RETURN.EXIT, 1n])
  })
})

test('handlers that were missed are made with the next ones', () => {
  const { place } = setUp()
  const missed = addBlock(0x1000, 1)
  const insn = decodeAll(Uint8Array.of(0x83, 0xe8, 1), 0, 0x2000) // sub eax, 1
  if (!insn) throw new Error('not decoded')
  expect(place(missed, 100, false)).toBeUndefined()
  expect(place({ address: 0x2000, insns: [insn], frames: [], runs: 0, threaded: 0 }, 100, true)).toBeDefined()
  expect(place(missed, 100, false)).toBeDefined()
})

describe('handlers that are kept', () => {
  test('serve another engine, which makes none', () => {
    const maker = setUp()
    expect(maker.place(addBlock(0x1000, 1), 100, false), 'none is there yet').toBeUndefined()
    const user = setUp(maker.save())
    const block = addBlock(0x3000, 5)
    expect(user.place(block, 100, false)).toBeDefined()
    run(user, block)
    expect([user.m.state.gpr(RAX), user.evaluated]).toEqual([5n, []])
    expect(user.save(), 'no more than it was given').toBeUndefined()
  })

  test.each([
    ['no handler can be made for it', [0x86, 0xe0]], // xchg al, ah
    ['each number has a handler of its own', [0xc1, 0xe0, 0x03]], // shl eax, 3
  ])('tell what the first run has found out: %s', (_, bytes) => {
    const insn = decodeAll(Uint8Array.from(bytes), 0, 0x1000)
    if (!insn) throw new Error('not decoded')
    const block = (): RunBlock => ({ address: 0x1000, insns: [insn], frames: [], runs: 0, threaded: 0 })
    let saved: Uint8Array | undefined
    const laterRun = () => {
      const all = setUp(saved)
      const placed = all.place(block(), 100, false)
      const more = all.save()
      saved = more ?? saved
      return { placed: placed !== undefined, more: more !== undefined }
    }
    expect(laterRun()).toEqual({ placed: false, more: true })
    laterRun()
    expect(laterRun()).toEqual({ placed: true, more: false })
  })

  test('of many runs are few modules', () => {
    let saved: Uint8Array | undefined
    // add eax, 1; sub eax, 1; ...: each a handler that the runs before had not.
    for (const extension of [0xc0, 0xe8, 0xe0, 0xc8, 0xf0, 0xd0, 0xd8, 0xf8]) {
      const insn = decodeAll(Uint8Array.of(0x83, extension, 1), 0, 0x1000)
      if (!insn) throw new Error('not decoded')
      const all = setUp(saved)
      all.place({ address: 0x1000, insns: [insn], frames: [], runs: 0, threaded: 0 }, 100, true)
      saved = all.save()
    }
    const { handlers } = new CommonCode(new NativeModules(undefined), saved)
    expect(handlers.length).toBeLessThan(8)
    expect(handlers.flatMap((h) => [...h.bodies])).toHaveLength(8)
  })
})

test('what is kept is refused when any byte has changed, or the end is missing', () => {
  const saved = pack('test', { n: 1 }, [Uint8Array.of(1, 2, 3)])
  const opened = unpack('test', saved)
  expect([opened?.contents, opened?.take(3)]).toEqual([{ n: 1 }, Uint8Array.of(1, 2, 3)])
  for (let k = 0; k < saved.length; k++) {
    expect(
      unpack(
        'test',
        saved.map((b, at) => (at === k ? b ^ 1 : b)),
      ),
      `byte ${k}`,
    ).toBeUndefined()
    expect(unpack('test', saved.subarray(0, k)), `${k} bytes`).toBeUndefined()
  }
})
