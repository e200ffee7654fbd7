/** Single flags: for the instructions that change some of the six and leave the others. */
import type { ArithmeticFlag } from '../spec/x86/index.ts'
import type { Cpu } from './ops.ts'

const PLACES = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, OF: 11 } as const satisfies Record<ArithmeticFlag, number>
const NAMES = Object.keys(PLACES) as ArithmeticFlag[]

/** The six flags in their RFLAGS places, width 32, with those given taken instead of the current ones. */
export function packFlags<V>(m: Cpu<V>, given: Readonly<Partial<Record<ArithmeticFlag, V>>> = {}): V {
  let all: V | undefined
  for (const f of NAMES) {
    const bit = m.shl(32, m.zext(8, 32, given[f] ?? m.flag(f)), m.lit(32, PLACES[f]))
    all = all === undefined ? bit : m.or(32, all, bit)
  }
  return all as V
}

/** One flag becomes `value` (0 or 1), the other five stay. */
export const setFlag = <V>(m: Cpu<V>, f: ArithmeticFlag, value: V): void =>
  m.setFlags('PACKED', 32, packFlags(m, { [f]: value }))
