import { expect, test } from 'vitest'
import { NONE, registerFlow, SPECIAL, type BlockFlow, type InsnFlow, type RegisterSet } from './register-flow.ts'

const general = (...numbers: number[]): RegisterSet => ({
  general: numbers.reduce((bits, n) => bits | (1 << n), 0),
  vectors: 0,
})
const insn = (parts: Partial<InsnFlow>): InsnFlow => ({
  reads: NONE,
  writes: NONE,
  mayExit: false,
  handsOver: false,
  ...parts,
})
const block = (insns: InsnFlow[], successors: number[], rest: Partial<BlockFlow> = {}): BlockFlow => ({
  insns,
  successors,
  calls: false,
  leaves: false,
  leadsBack: false,
  ...rest,
})

test('a register written on one way only is loaded for the other, where both can be left', () => {
  const flow = registerFlow(
    [1, 2, 3],
    new Map([
      [1, block([], [2, 3])],
      [2, block([insn({ writes: general(5) })], [3])],
      [3, block([insn({ mayExit: true, reads: general(6) })], [], { leaves: true })],
    ]),
  )
  expect(flow.get(3)?.dirty[0]).toEqual(general(5))
  expect(flow.get(1)?.live[0]?.general).toBe(general(5, 6).general | SPECIAL.FLAGS)
})

test('what is written before anyone can look is neither loaded nor stored', () => {
  const flow = registerFlow(
    [1],
    new Map([
      [1, block([insn({ writes: general(1) }), insn({ reads: general(1), mayExit: true })], [], { leaves: true })],
    ]),
  )
  expect(flow.get(1)?.live[0]?.general).toBe(SPECIAL.FLAGS)
  expect(flow.get(1)?.dirty).toEqual([NONE, general(1), general(1)])
})

test('behind a call nothing is dirty, and all that is read later is loaded again', () => {
  const flow = registerFlow(
    [1, 2],
    new Map([
      [1, block([insn({ writes: general(4, 7) })], [2], { calls: true, leaves: true })],
      [2, block([insn({ reads: general(0, 4), writes: general(4) })], [], { leaves: true })],
    ]),
  )
  expect(flow.get(1)?.dirty[1]).toEqual(general(4, 7))
  expect(flow.get(1)?.live[0]?.general).toBe(SPECIAL.FLAGS)
  expect(flow.get(2)?.dirty[0]).toEqual(NONE)
  expect(flow.get(2)?.live[0]?.general).toBe(general(0, 4).general | SPECIAL.FLAGS)
})

test('the evaluator sees all, and changes any', () => {
  const flow = registerFlow(
    [1],
    new Map([
      [
        1,
        block([insn({ writes: general(2) }), insn({ handsOver: true }), insn({ reads: general(3) })], [], {
          leaves: true,
        }),
      ],
    ]),
  )
  expect(flow.get(1)?.dirty).toEqual([NONE, general(2), NONE, NONE])
  expect(flow.get(1)?.live[1]?.general).toBe(general(2).general | SPECIAL.FLAGS)
  expect(flow.get(1)?.live[2]?.general).toBe(general(3).general | SPECIAL.FLAGS)
})
