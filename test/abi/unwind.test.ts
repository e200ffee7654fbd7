/** At every instruction of every path, the unwind information finds the caller, and its RBX and RBP. */
import { describe, expect, test } from 'vitest'
import { enterEnclave } from '../../src/vdso/enter-enclave.ts'
import { DWARF, placeListing } from '../../src/vdso/listing.ts'
import { rulesAt, type Rules } from '../../src/vdso/unwinder.fixture.ts'
import { runCalls } from '../../src/machine/abi/run-calls.ts'
import { PATH_CALLS } from '../../src/machine/abi/paths.ts'
import { NOTHING } from '../../src/machine/abi/layout.ts'
import type { Step } from '../../src/api/index.ts'
import type { Call, Place } from '../../src/machine/abi/call.ts'
import { ABIS, subject } from './subjects.ts'

const [RBX, RSP, RBP] = [3, 4, 5]
/** DWARF's numbers of registers are not the processor's. */
const REGISTER: Readonly<Record<number, number>> = { [DWARF.RBX]: RBX, [DWARF.RSP]: RSP, [DWARF.RBP]: RBP }

const calls: readonly Call[] = [
  ...PATH_CALLS,
  { name: 'wrapper', style: 'all' },
  { name: 'displaced for the handler', events: [{ moveRsp: -40 }], handler: true, answers: [{ value: 0, pop: 40 }] },
  { name: 'two pages', runAt: BigInt(NOTHING - 4096 - 40) },
  { name: 'odd stack', shift: 8, handler: true, answers: [{ value: 0 }] },
]

interface Caller {
  readonly returnTo: bigint
  readonly RSP: bigint
  readonly RBX: bigint
  readonly RBP: bigint
}

const u64 = (step: Step, at: bigint): bigint => {
  const bytes = step.read(Number(at), 8) ?? new Uint8Array(8)
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
}

describe.each(ABIS)('%s', (abi) => {
  const { image } = subject(abi)
  const known = new Map<number, Rules | undefined>()
  const rulesOf = (at: number): Rules | undefined => {
    if (!known.has(at)) known.set(at, rulesAt(image.bytes, at))
    return known.get(at)
  }

  /** What an unwinder makes of this instruction. */
  function unwind(step: Step): Caller {
    const rules = rulesOf(step.rip - step.vdso)
    if (!rules) throw new Error('no unwind information')
    const cfa = step.gpr(REGISTER[rules.cfa.register] ?? -1) + BigInt(rules.cfa.offset)
    const saved = (dwarf: number): bigint => {
      const place = rules.saved.get(dwarf)
      if (place === 'undefined') return -1n
      return place === undefined ? step.gpr(REGISTER[dwarf] ?? -1) : u64(step, cfa + BigInt(place))
    }
    return { returnTo: saved(DWARF.RIP), RSP: cfa, RBX: saved(DWARF.RBX), RBP: saved(DWARF.RBP) }
  }

  test('finds the caller at every instruction of every path', async () => {
    let caller: Caller | undefined
    let steps = 0
    const seen = new Set<number>()
    const look = (step: Step, place: Place): void => {
      if (place === 'driver' || place === 'wrapper') caller = undefined
      if (place !== 'vdso') return
      const rsp = step.gpr(RSP)
      caller ??= { returnTo: u64(step, rsp), RSP: rsp + 8n, RBX: step.gpr(RBX), RBP: step.gpr(RBP) }
      const { RBX: rbx, ...found } = unwind(step)
      const { RBX: expected, ...rest } = caller
      const at = step.rip - step.vdso
      expect(found, `offset ${at}`).toEqual(rest)
      // v28 does not promise it, and says so.
      if (rbx !== -1n || abi !== 'v28') expect(rbx, `RBX, offset ${at}`).toBe(expected)
      seen.add(at)
      steps++
    }
    const { records } = await runCalls(subject(abi), calls, look)
    expect(records.map((r) => r.killed)).toEqual(calls.map(() => undefined))
    expect(steps).toBeGreaterThan(200)
    // Everything but the loop that only speculation enters.
    const missed = placeListing(enterEnclave(abi)).rows.filter(({ offset }) => !seen.has(image.text.start + offset))
    expect(missed.map(({ row }) => row.text)).toEqual(abi === 'mainline' ? [] : ['pause', 'lfence', 'jmp around'])
  })
})
