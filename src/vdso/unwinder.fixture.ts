import { readElf } from '../formats/index.ts'

/** Reads .eh_frame as an unwinder does: of our images, and of the kernel's. */

/** What is known at one instruction: the CFA as register + offset, and where registers are, from the CFA. */
export interface Rules {
  cfa: { register: number; offset: number }
  saved: Map<number, number | 'undefined'>
}

/** The unwind information of `image` at this address in it; undefined where it has none. */
export function rulesAt(image: Uint8Array, pc: number): Rules | undefined {
  const section = readElf(image)
    .sections()
    .find((s) => s.name === '.eh_frame')
  if (!section) return undefined
  const { bytes, sh_addr } = section
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + 8 <= bytes.length && view.getUint32(at, true) !== 0; at += 4 + view.getUint32(at, true)) {
    const cieDistance = view.getUint32(at + 4, true)
    if (cieDistance === 0) continue
    const start = sh_addr + at + 8 + view.getInt32(at + 8, true)
    if (pc < start || pc >= start + view.getUint32(at + 12, true)) continue
    const cie = at + 4 - cieDistance
    const rules: Rules = { cfa: { register: -1, offset: 0 }, saved: new Map() }
    // After length, id, version, "zR", three one-byte numbers, augmentation length and encoding.
    runCfi(bytes.subarray(cie + 17, cie + 4 + view.getUint32(cie, true)), rules, Infinity)
    const initial = new Map(rules.saved)
    runCfi(bytes.subarray(at + 17, at + 4 + view.getUint32(at, true)), rules, pc - start, initial)
    return rules
  }
  return undefined
}

function runCfi(program: Uint8Array, rules: Rules, distance: number, initial: Rules['saved'] = new Map()): void {
  const stack: { cfa: Rules['cfa']; saved: Rules['saved'] }[] = []
  let at = 0
  let location = 0
  const next = (): number => program[at++] ?? 0
  const advance = (by: number): boolean => (location += by) > distance
  while (at < program.length) {
    const op = next()
    const low = op & 0x3f
    if (op >> 6 === 1) {
      if (advance(low)) return
    } else if (op >> 6 === 2) rules.saved.set(low, next() * -8)
    else if (op >> 6 === 3) {
      const offset = initial.get(low)
      if (offset === undefined) rules.saved.delete(low)
      else rules.saved.set(low, offset)
    } else if (op === 0x02) {
      if (advance(next())) return
    } else if (op === 0x03) {
      if (advance(next() | (next() << 8))) return
    } else if (op === 0x07) rules.saved.set(next(), 'undefined')
    else if (op === 0x0a) stack.push({ cfa: { ...rules.cfa }, saved: new Map(rules.saved) })
    else if (op === 0x0b) Object.assign(rules, stack.pop())
    else if (op === 0x0c) rules.cfa = { register: next(), offset: next() }
    else if (op === 0x0d) rules.cfa = { ...rules.cfa, register: next() }
    else if (op === 0x0e) rules.cfa = { ...rules.cfa, offset: next() }
    else if (op !== 0) throw new Error(`call frame instruction ${op}`)
  }
}
