import { expect, test } from 'vitest'
import { Random } from '../../test/native/random-state.ts'
import { Code, ModuleWriter } from '../wasm/index.ts'
import { emitWideQuotient } from './wide-division.ts'

function compiled(): (high: bigint, low: bigint, divisor: bigint) => bigint {
  const m = new ModuleWriter()
  const code = new Code(3)
  emitWideQuotient(code, { high: 0, low: 1, divisor: 2 }, () => code.local('i64'))
  m.addFunction(m.type(['i64', 'i64', 'i64'], ['i64']), code, 'divide')
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(m.write()))
  const divide = exports['divide'] as (high: bigint, low: bigint, divisor: bigint) => bigint
  return (...operands) => BigInt.asUintN(64, divide(...operands))
}

/** Halves at the ends of their range, where guesses are too high, and anything else. */
function operand(random: Random): bigint {
  const half = (): bigint => random.pick([0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn])
  if (random.chance(0.3)) return random.u64() >> BigInt(random.below(64))
  return random.chance(0.7) ? (half() << 32n) | half() : (half() << 32n) | BigInt(random.u32())
}

test('the quotient of 128 bits by 64', () => {
  const divide = compiled()
  const random = new Random(1)
  for (let k = 0; k < 100_000; k++) {
    const [a, b, low] = [operand(random), operand(random), operand(random)]
    const [high, divisor] = a < b ? [a, b] : [b, a]
    if (high === divisor) continue
    const text = `${high.toString(16)}:${low.toString(16)} / ${divisor.toString(16)}`
    expect(divide(high, low, divisor), text).toBe(((high << 64n) | low) / divisor)
  }
})
