/** Each SIMD operation of the evaluator against WebAssembly itself. */
import { expect, test } from 'vitest'
import wabt from 'wabt'
import { evalShuffle, evalSimd } from './simd-eval.ts'
import { SIMD_OPS, type SimdOp } from './simd-ops.ts'

type Value = number | bigint
const M128 = (1n << 128n) - 1n
const OPS = Object.entries(SIMD_OPS) as [SimdOp, string][]
const SHUFFLES = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [31, 0, 30, 1, 29, 2, 28, 3, 27, 4, 26, 5, 25, 6, 24, 7],
  [16, 16, 16, 16, 0, 0, 0, 0, 5, 20, 7, 9, 31, 31, 15, 15],
]

const lanesOf = (op: SimdOp): number => (/_lane/.test(op) ? 128 / Number(/^i(\d+)/.exec(op)?.[1]) : 1)
/** Arguments lie at 0, 16 and 32, the result goes to 64. */
const LOADS = { v: 'v128.load', i: 'i32.load', l: 'i64.load' } as const
const STORES = { v: 'v128.store', i: 'i32.store', l: 'i64.store' } as const
type Kind = keyof typeof LOADS

function functionText(name: string, op: string, signature: string): string {
  const [args = '', result = ''] = signature.split(':')
  const loads = [...args].map((kind, k) => `(${LOADS[kind as Kind]} (i32.const ${16 * k}))`)
  return `(func (export "${name}") (${STORES[result as Kind]} (i32.const 64) (${op} ${loads.join(' ')})))`
}

async function compile(): Promise<{ memory: DataView; call: (name: string) => void }> {
  const functions = OPS.flatMap(([op, signature]) =>
    Array.from({ length: lanesOf(op) }, (_, lane) =>
      functionText(`${op} ${lane}`, lanesOf(op) > 1 ? `${op} ${lane}` : op, signature),
    ),
  )
  const shuffles = SHUFFLES.map((s, k) => functionText(`shuffle ${k}`, `i8x16.shuffle ${s.join(' ')}`, 'vv:v'))
  const text = `(module (memory (export "memory") 1) ${[...functions, ...shuffles].join('\n')})`
  const module = (await wabt()).parseWat('simd.wat', text)
  const { instance } = await WebAssembly.instantiate(Uint8Array.from(module.toBinary({}).buffer))
  module.destroy()
  const { memory, ...rest } = instance.exports as { memory: WebAssembly.Memory } & Record<string, () => void>
  return { memory: new DataView(memory.buffer), call: (name) => rest[name]?.() }
}

let seed = 12345
const random32 = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return (seed ^ (seed >>> 15)) >>> 0
}
const EDGES = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x80ff_7f00, 0x8000_8000,
]
const word = (): number => (random32() & 1 ? (EDGES[(random32() >>> 8) % EDGES.length] ?? 0) : random32())
const words = (n: number): bigint => Array.from({ length: n }, word).reduce((v, x) => (v << 32n) | BigInt(x), 0n)
const randomOf = (kind: string): Value => (kind === 'v' ? words(4) : kind === 'l' ? words(2) : word())

function store(memory: DataView, at: number, v: Value): void {
  const n = BigInt(v) & M128
  memory.setBigUint64(at, BigInt.asUintN(64, n), true)
  memory.setBigUint64(at + 8, n >> 64n, true)
}
function result(memory: DataView, kind: string): Value {
  if (kind === 'i') return memory.getUint32(64, true)
  const low = memory.getBigUint64(64, true)
  return kind === 'l' ? low : (memory.getBigUint64(72, true) << 64n) | low
}

test('every operation gives what WebAssembly gives', async () => {
  const { memory, call } = await compile()
  for (const [op, signature] of OPS) {
    const [args = '', kind = ''] = signature.split(':')
    for (let n = 0; n < 400; n++) {
      const lane = n % lanesOf(op)
      const values = [...args].map(randomOf)
      values.forEach((v, k) => store(memory, 16 * k, v))
      call(`${op} ${lane}`)
      const told = `${op} ${lane} (${values.map((v) => v.toString(16)).join(', ')})`
      expect(`${told} = ${evalSimd(op, values, lane).toString(16)}`).toBe(
        `${told} = ${result(memory, kind).toString(16)}`,
      )
    }
  }
})

test('shuffle gives what WebAssembly gives', async () => {
  const { memory, call } = await compile()
  SHUFFLES.forEach((bytes, k) => {
    for (let n = 0; n < 100; n++) {
      const [a, b] = [words(4), words(4)]
      store(memory, 0, a)
      store(memory, 16, b)
      call(`shuffle ${k}`)
      expect(evalShuffle(bytes, a, b)).toBe(result(memory, 'v'))
    }
  })
})
