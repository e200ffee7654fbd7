/** Single flags: for the instructions that change some of the six and leave the others. */
import { ARITHMETIC_FLAGS, ARITHMETIC_PLACES, type ArithmeticFlag } from '../spec/x86/index.ts'
import type { Cpu } from './ops.ts'

/** The six flags in their RFLAGS places, width 32, with those given taken instead of the current ones. */
export function packFlags<V>(m: Cpu<V>, given: Readonly<Partial<Record<ArithmeticFlag, V>>> = {}): V {
  let all: V | undefined
  for (const f of ARITHMETIC_FLAGS) {
    const bit = m.shl(32, m.zext(8, 32, given[f] ?? m.flag(f)), m.lit(32, ARITHMETIC_PLACES[f]))
    all = all === undefined ? bit : m.or(32, all, bit)
  }
  return all as V
}

/** One flag becomes `value` (0 or 1), the other five stay. */
export const setFlag = <V>(m: Cpu<V>, f: ArithmeticFlag, value: V): void =>
  m.setFlags('PACKED', 32, packFlags(m, { [f]: value }))
