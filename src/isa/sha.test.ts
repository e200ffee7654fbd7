/** The SHA extensions as programs use them, over whole messages; the judge is an implementation that knows nothing of them. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Random, testSeed } from '../../test/native/random-state.ts'
import { fromHex, toHex } from '../base/index.ts'
import { evaluatorEngine } from './evaluator-engine.fixture.ts'
import { i32, stateOf } from './sse-case.fixture.ts'

const engine = evaluatorEngine()

/** One instruction on XMM1 and XMM2, and XMM0 that one of them reads: XMM1 behind it, four words. */
function execute(code: string, a: Words, b: Words, c: Words = [0, 0, 0, 0]): Words {
  const { xmm } = engine.run(
    stateOf({ asm: '', why: '', code, in: { XMM1: i32(...a), XMM2: i32(...b), XMM0: i32(...c) }, out: {} }),
  )
  return [...new Uint32Array(xmm.slice(16, 32).buffer)] as Words
}
/** From the lowest lane. */
type Words = [number, number, number, number]
const sum = (a: Words, b: Words): Words => a.map((x, k) => (x + (b[k] ?? 0)) >>> 0) as Words
const xor = (a: Words, b: Words): Words => a.map((x, k) => (x ^ (b[k] ?? 0)) >>> 0) as Words
const reversed = (a: Words): Words => a.toReversed() as Words

/** The message, a one bit, zeros and its length in bits: blocks of sixteen words. */
function blocksOf(message: Uint8Array): Words[][] {
  const bytes = new Uint8Array(64 * Math.ceil((message.length + 9) / 64))
  bytes.set(message)
  bytes[message.length] = 0x80
  const view = new DataView(bytes.buffer)
  view.setUint32(bytes.length - 4, 8 * message.length)
  const four = (at: number): Words => [0, 4, 8, 12].map((k) => view.getUint32(at + k)) as Words
  return Array.from({ length: bytes.length / 64 }, (_, n) => [0, 16, 32, 48].map((k) => four(64 * n + k)))
}
const digest = (words: readonly number[]): string => words.map((w) => w.toString(16).padStart(8, '0')).join('')

const at = <T>(list: readonly T[], k: number): T => {
  const x = list[k]
  if (x === undefined) throw new RangeError(`no element ${k}`)
  return x
}

/** SHA-256's constants: the first bits of the fractional parts of cube roots of primes. */
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter(
  (n) => n > 1 && !Array.from({ length: n - 2 }, (_, d) => d + 2).some((d) => n % d === 0),
)
const K256 = PRIMES.slice(0, 64).map((p) => Math.floor((Math.cbrt(p) % 1) * 2 ** 32))

function sha256(message: Uint8Array): string {
  let abef: Words = [0x9b05_688c, 0x510e_527f, 0xbb67_ae85, 0x6a09_e667]
  let cdgh: Words = [0x5be0_cd19, 0x1f83_d9ab, 0xa54f_f53a, 0x3c6e_f372]
  for (const block of blocksOf(message)) {
    const [abef0, cdgh0] = [abef, cdgh]
    const w = [...block]
    for (let t = 0; t < 16; t++) {
      if (t >= 4) {
        const [w0, w1, w2, w3] = [at(w, t - 4), at(w, t - 3), at(w, t - 2), at(w, t - 1)]
        const seventh: Words = [w2[1], w2[2], w2[3], w3[0]]
        w.push(execute('0f 38 cd ca', sum(execute('0f 38 cc ca', w0, w1), seventh), w3))
      }
      const wk = sum(at(w, t), K256.slice(4 * t, 4 * t + 4) as Words)
      for (const c of [wk, [wk[2], wk[3], 0, 0] satisfies Words]) {
        const next = execute('0f 38 cb ca', cdgh, abef, c)
        ;[cdgh, abef] = [abef, next]
      }
    }
    ;[abef, cdgh] = [sum(abef, abef0), sum(cdgh, cdgh0)]
  }
  const [f, e, b, a] = abef
  const [h, g, d, c] = cdgh
  return digest([a, b, c, d, e, f, g, h])
}

function sha1(message: Uint8Array): string {
  let abcd: Words = [0x1032_5476, 0x98ba_dcfe, 0xefcd_ab89, 0x6745_2301]
  let e: Words = [0, 0, 0, 0xc3d2_e1f0]
  for (const block of blocksOf(message)) {
    const [abcd0, e0] = [abcd, e]
    const w = block.map(reversed)
    let before = abcd
    for (let t = 0; t < 20; t++) {
      if (t >= 4) {
        const partial = xor(execute('0f 38 c9 ca', at(w, t - 4), at(w, t - 3)), at(w, t - 2))
        w.push(execute('0f 38 ca ca', partial, at(w, t - 1)))
      }
      const added = t === 0 ? sum(e, at(w, 0)) : execute('0f 38 c8 ca', before, at(w, t))
      before = abcd
      abcd = execute(`0f 3a cc ca 0${Math.floor(t / 5)}`, abcd, added)
    }
    e = execute('0f 38 c8 ca', before, e0)
    abcd = sum(abcd, abcd0)
  }
  return digest([...reversed(abcd), e[3]])
}

const random = new Random(testSeed())
const messages = [0, 1, 3, 55, 56, 64, 119, 200].map((length) => Uint8Array.from({ length }, () => random.below(256)))

describe('digests of whole messages', () => {
  test.each([
    ['sha1', sha1],
    ['sha256', sha256],
  ] as const)('%s', (name, f) => {
    for (const m of messages) expect(f(m), toHex(m)).toBe(createHash(name).update(m).digest('hex'))
  })
  test('of "abc"', () => {
    expect(sha1(fromHex('616263'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
  })
})
