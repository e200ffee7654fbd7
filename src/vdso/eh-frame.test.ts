import { describe, expect, test } from 'vitest'
import { readElf } from '../formats/index.ts'
import { DWARF, placeListing, type PlacedRow } from './listing.ts'
import { buildVdso } from './index.ts'
import { rulesAt } from './unwinder.fixture.ts'
import { ABI_NAMES, enterEnclave } from './enter-enclave.ts'

/** What is really there: numbers are distances from the CFA, 'caller' is the caller's value of that register. */
interface Machine {
  RSP: number | undefined
  RBP: number | 'caller'
  RBX: 'caller' | 'other'
  memory: Record<number, 'RBP' | 'RBX'>
  /** RSP before it was aligned for the handler. */
  exitRSP?: number
}

const known = (value: number | 'caller' | undefined): number => {
  expect(typeof value).toBe('number')
  return value as number
}

/** Executes one row as far as RSP, RBP, RBX and the frame are concerned. */
function step(m: Machine, text: string): Machine {
  const RSP = m.RSP
  const pushed = (register: 'RBP' | 'RBX'): Machine => {
    if (RSP === undefined) return m
    return { ...m, RSP: RSP - 8, memory: m[register] === 'caller' ? { ...m.memory, [RSP - 8]: register } : m.memory }
  }
  const moved = (by: number): Machine => ({ ...m, RSP: RSP === undefined ? undefined : RSP + by })
  if (text === 'enter 0,0') return { ...pushed('RBP'), RBP: known(RSP) - 8 }
  if (text.startsWith('call ')) return m // What is called comes back with RSP as it was.
  if (text === 'push rax' || text.startsWith('push qword')) return moved(-8)
  if (text === 'push rbp') return pushed('RBP')
  if (text === 'push rbx') return pushed('RBX')
  if (text === 'mov rbp,rsp') return { ...m, RBP: known(RSP) }
  if (text.startsWith('and rsp')) return { ...m, RSP: undefined, exitRSP: known(RSP) }
  if (/^lea rsp,\[rsp\+rbx\+[12]0h\]$|^mov rsp,rbx$/.test(text)) return { ...m, RSP: known(m.exitRSP) }
  if (text === 'pop rbx') return { ...m, RBX: m.memory[known(RSP)] === 'RBX' ? 'caller' : 'other', RSP: known(RSP) + 8 }
  if (text === 'leave') {
    expect(m.memory[known(m.RBP)]).toBe('RBP')
    return { ...m, RBP: 'caller', RSP: known(m.RBP) + 8 }
  }
  expect(text, 'an instruction that this test does not know').not.toMatch(
    /^\w+ (rsp|esp|rbp|ebp),|^(pop|push|enter|ret .)/,
  )
  return /^(?!cmp|test)\w+ [er]bx,/.test(text) ? { ...m, RBX: 'other' } : m
}

describe.each(ABI_NAMES)('the unwind information of %s', (abi) => {
  const image = buildVdso(abi)
  const code = placeListing(enterEnclave(abi))

  function check(m: Machine, { row, offset }: PlacedRow): void {
    const rules = rulesAt(image.bytes, image.text.start + offset)
    if (!rules) throw new Error(`nothing is known at ${offset}`)
    const { cfa, saved } = rules
    const at = `at ${row.text}, ${offset}`
    const base = { [DWARF.RSP]: m.RSP, [DWARF.RBP]: m.RBP }[cfa.register]
    expect(base, `CFA ${at}`).toBe(-cfa.offset)
    expect(saved.get(DWARF.RIP), `RIP ${at}`).toBe(-8)
    for (const register of ['RBP', 'RBX'] as const) {
      const place = saved.get(DWARF[register])
      if (place === 'undefined') expect(`${abi} ${register}`, at).toBe('v28 RBX')
      if (place === 'undefined') continue
      expect(place === undefined ? m[register] : m.memory[place], `${register} ${at}`).toBe(
        place === undefined ? 'caller' : register,
      )
    }
  }

  test('finds the caller and its RBP and RBX at every instruction, on every path', () => {
    const rowAt = new Map(code.rows.map((placed) => [placed.offset, placed]))
    const seen = new Map<number, Machine>()
    const todo: [number, Machine][] = [[0, { RSP: -8, RBP: 'caller', RBX: 'caller', memory: {} }]]
    for (let item = todo.pop(); item; item = todo.pop()) {
      const [offset, machine] = item
      const placed = rowAt.get(offset)
      expect(placed, `an instruction at ${offset}`).toBeDefined()
      if (placed === undefined || seen.has(offset)) continue
      seen.set(offset, machine)
      check(machine, placed)
      const { text } = placed.row
      if (text === 'ret') continue
      const after = step(machine, text)
      const target = code.labels.get(/^(?:j\w+|call) (\w+)$/.exec(text)?.[1] ?? '')
      if (target !== undefined) todo.push([target, after])
      if (text === 'enclu') todo.push([code.labels.get('exception') ?? -1, after])
      if (!text.startsWith('jmp')) todo.push([offset + placed.size, after])
    }
    expect(seen.size, 'all instructions are reached').toBe(code.rows.length)
  })

  test('the search table points at the frame', () => {
    const section = (name: string) =>
      readElf(image.bytes)
        .sections()
        .find((s) => s.name === name)
    const header = section('.eh_frame_hdr')
    const frame = section('.eh_frame')
    const bytes = header?.bytes ?? new Uint8Array(0)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const at = header?.sh_addr ?? 0
    expect([...bytes.subarray(0, 4)]).toEqual([1, 0x1b, 0x03, 0x3b])
    expect(at + 4 + view.getInt32(4, true)).toBe(frame?.sh_addr)
    expect(view.getUint32(8, true)).toBe(1)
    expect(at + view.getInt32(12, true)).toBe(image.text.start)
  })
})
