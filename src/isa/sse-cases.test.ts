import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { Fault, STATE } from '../cpu/index.ts'
import { ARITHMETIC_MASK, MXCSR_RESET, RDI } from '../spec/x86/index.ts'
import { decode } from './decode.ts'
import type { SseCase } from './sse-case.ts'
import { SSE_CONVERT_CASES } from './sse-convert.cases.ts'
import { SSE_ESTIMATE_CASES } from './sse-estimate.cases.ts'
import { SSE_FLOAT_CASES } from './sse-float.cases.ts'
import { SSE_INTEGER_CASES } from './sse-integer.cases.ts'
import { SSE_MOVE_CASES } from './sse-move.cases.ts'
import { SSE_SHUFFLE_CASES } from './sse-shuffle.cases.ts'
import { SSE_STATE_CASES } from './sse-state.cases.ts'
import { FAMILIES } from './table.ts'
import { TestMachine } from './test-machine.fixture.ts'

const CASES: Readonly<Record<string, readonly SseCase[]>> = {
  'sse-move': SSE_MOVE_CASES,
  'sse-integer': SSE_INTEGER_CASES,
  'sse-shuffle': SSE_SHUFFLE_CASES,
  'sse-float': SSE_FLOAT_CASES,
  'sse-convert': SSE_CONVERT_CASES,
  'sse-estimate': SSE_ESTIMATE_CASES,
  'sse-state': SSE_STATE_CASES,
}
const PAGE = 0x40_0000
const MEM = PAGE + 0x100
const machine = new TestMachine()
machine.map(PAGE, 1)

const bytesOf = (code: string): Uint8Array => Uint8Array.from(code.split(' '), (b) => Number.parseInt(b, 16))
const formatter = new Formatter(FormatterSyntax.Intel)
formatter.spaceAfterOperandSeparator = true
formatter.hexPrefix = '0x'
formatter.hexSuffix = ''
formatter.uppercaseHex = false

/** Numbers in decimal, whichever way they were written. */
const plain = (asm: string): string => asm.replace(/0x[0-9a-f]+/g, (n) => String(Number(n)))

/** Without the size of memory, which the mnemonic tells. */
function disassemble(code: Uint8Array): string {
  const decoder = new Decoder(64, code, DecoderOptions.None)
  const i = decoder.decode()
  const text = formatter.format(i).replace(/\b[a-z]+ ptr /, '')
  i.free()
  decoder.free()
  return text
}

const vectorAt = (bytes: Uint8Array, at: number): bigint => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16)
  return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true)
}
const putVector = (bytes: Uint8Array, at: number, v: bigint): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16)
  view.setBigUint64(0, BigInt.asUintN(64, v), true)
  view.setBigUint64(8, BigInt.asUintN(64, v >> 64n), true)
}

type Observed = Record<string, bigint | number | string | undefined>
const observe = (): Observed => {
  const { state } = machine
  const { u8 } = state.ram
  return {
    RAX: state.gpr(0),
    XMM1: vectorAt(u8, STATE.XMM + 16),
    XMM2: vectorAt(u8, STATE.XMM + 32),
    MXCSR: state.mxcsr,
    RFLAGS: Number(state.rflags) & ARITHMETIC_MASK,
    mem: vectorAt(machine.page(PAGE), 0x100),
    memAt1: vectorAt(machine.page(PAGE), 0x101),
  }
}

function prepare(c: SseCase): void {
  const { state } = machine
  state.reset()
  state.rip = 0x1000
  state.setGpr(0, BigInt.asUintN(64, c.in.RAX ?? 0n))
  state.setGpr(RDI, BigInt(MEM))
  state.mxcsr = c.in.MXCSR ?? MXCSR_RESET
  state.rflags = BigInt(c.in.RFLAGS ?? 0)
  putVector(state.ram.u8, STATE.XMM + 16, c.in.XMM1 ?? 0n)
  putVector(state.ram.u8, STATE.XMM + 32, c.in.XMM2 ?? 0n)
  machine.page(PAGE).fill(0)
  putVector(machine.page(PAGE), 0x100, c.in.mem ?? 0n)
}

function execute(c: SseCase): string | undefined {
  const i = decode(bytesOf(c.code), 0, 0x1000)
  if (!i) return 'truncated'
  try {
    machine.evaluator.step(i)
    return undefined
  } catch (e) {
    if (e instanceof Fault) return e.name
    throw e
  }
}

const wanted = (c: SseCase): Observed =>
  Object.fromEntries(
    Object.entries(c.out).map(([k, v]) => [k, typeof v === 'bigint' ? BigInt.asUintN(k === 'RAX' ? 64 : 128, v) : v]),
  )

for (const [family, list] of Object.entries(CASES)) {
  describe(family, () => {
    for (const c of list) {
      test(`${c.asm}: ${c.why}`, () => {
        expect(plain(disassemble(bytesOf(c.code)))).toBe(plain(c.asm))
        prepare(c)
        const before = observe()
        const fault = execute(c)
        const after = { ...observe(), fault }
        expect(after).toMatchObject({ fault: undefined, ...wanted(c) })
        if (fault) expect(after).toMatchObject({ ...before, MXCSR: machine.state.mxcsr })
      })
    }
    test('every mnemonic has a case', () => {
      const decoded = list.map((c) => decode(bytesOf(c.code), 0, 0)?.row.mnemonic)
      const missing = (FAMILIES[family] ?? []).map((r) => r.mnemonic).filter((m) => !decoded.includes(m))
      expect(missing).toEqual([])
    })
  })
}
