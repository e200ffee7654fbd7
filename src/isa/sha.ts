/** SHA extensions. Words are numbered as in FIPS 180-4; the first of four is in the highest lane for SHA-1, in the lowest for SHA-256. */
import { invariant } from '../base/index.ts'
import type { Row } from './insn.ts'
import type { Ops } from './ops.ts'
import {
  binary,
  binaryBy,
  fromLanes,
  lane,
  secondSource,
  setResult,
  whole,
  xmmOf,
  type Binary,
  type Op,
} from './sse-operand.ts'

const rotateLeft = <V>(o: Ops<V>, a: V, n: number): V => o.rotl(32, a, o.lit(32, n))
const sum = <V>(o: Ops<V>, ...terms: readonly V[]): V => terms.reduce((a, b) => o.add(32, a, b))
const xor = <V>(o: Ops<V>, ...terms: readonly V[]): V => terms.reduce((a, b) => o.xor(32, a, b))
/** Where a bit of `a` is 1 that of `b`, else that of `c`. */
const choose = <V>(o: Ops<V>, a: V, b: V, c: V): V => o.xor(32, o.and(32, a, o.xor(32, b, c)), c)
const majority = <V>(o: Ops<V>, a: V, b: V, c: V): V => o.or(32, o.and(32, a, b), o.and(32, c, o.or(32, a, b)))

type Four<V> = readonly [V, V, V, V]
/** The four words, the highest lane first. */
const downward = <V>(o: Ops<V>, v: V): Four<V> => [
  lane(o, 32, v, 3),
  lane(o, 32, v, 2),
  lane(o, 32, v, 1),
  lane(o, 32, v, 0),
]
const fromDownward = <V>(o: Ops<V>, words: Four<V>): V => fromLanes(o, 32, words.toReversed())

const CONSTANTS = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6] as const
/** Four rounds on A B C D; E comes added to the first message word. */
const fourRounds =
  (byte: number): Binary =>
  <V>(o: Ops<V>, state: V, message: V): V => {
    const stage = byte & 3
    const constant = CONSTANTS[stage]
    invariant(constant !== undefined, 'four stages')
    const f = stage === 0 ? choose : stage === 2 ? majority : xor
    let [a, b, c, d] = downward(o, state)
    let e: V | undefined
    for (const word of downward(o, message)) {
      const added = sum(o, f(o, b, c, d), rotateLeft(o, a, 5), word, o.lit(32, constant))
      const next = e === undefined ? added : o.add(32, added, e)
      ;[a, b, c, d, e] = [next, a, rotateLeft(o, b, 30), c, d]
    }
    return fromDownward(o, [a, b, c, d])
  }
const nextE: Binary = (o, state, message) => {
  const [first, ...rest] = downward(o, message)
  return fromDownward(o, [o.add(32, first, rotateLeft(o, lane(o, 32, state, 3), 30)), ...rest])
}
const message1: Binary = (o, a, b) =>
  o.simd('v128.xor', [a, o.shuffle([24, 25, 26, 27, 28, 29, 30, 31, 0, 1, 2, 3, 4, 5, 6, 7], a, b)])
const message2: Binary = (o, a, b) => {
  const [x0, x1, x2, x3] = downward(o, a)
  const [, w13, w14, w15] = downward(o, b)
  const step = <V>(p: Ops<V>, x: V, y: V): V => rotateLeft(p, p.xor(32, x, y), 1)
  const w16 = step(o, x0, w13)
  return fromDownward(o, [w16, step(o, x1, w14), step(o, x2, w15), step(o, x3, w16)])
}

/** The sigma functions: three words rotated right; with `shifts` the last is shifted. */
const sigma = <V>(o: Ops<V>, x: V, [a, b, c]: readonly [number, number, number], shifts = false): V => {
  const last = o.lit(32, c)
  return xor(
    o,
    o.rotr(32, x, o.lit(32, a)),
    o.rotr(32, x, o.lit(32, b)),
    shifts ? o.shr(32, x, last) : o.rotr(32, x, last),
  )
}
/** Two rounds; the first operand holds C D G H, the second A B E F, XMM0 the message words with their constants added. */
const twoRounds: Op = (m, i) => {
  let [c, d, g, h] = downward(m, m.xmm(xmmOf(i, 0)))
  let [a, b, e, f] = downward(m, whole(m, i, secondSource(i)))
  for (const k of [0, 1]) {
    const t1 = sum(m, choose(m, e, f, g), sigma(m, e, [6, 11, 25]), lane(m, 32, m.xmm(0), k), h)
    const t2 = sum(m, majority(m, a, b, c), sigma(m, a, [2, 13, 22]))
    ;[a, b, c, d, e, f, g, h] = [m.add(32, t1, t2), a, b, c, m.add(32, d, t1), e, f, g]
  }
  setResult(m, i, fromDownward(m, [a, b, e, f]))
}
const SIGMA_0 = [7, 18, 3] as const
const SIGMA_1 = [17, 19, 10] as const
const message256First: Binary = (o, a, b) =>
  fromLanes(
    o,
    32,
    [0, 1, 2, 3].map((k) => {
      const next = k === 3 ? lane(o, 32, b, 0) : lane(o, 32, a, k + 1)
      return o.add(32, lane(o, 32, a, k), sigma(o, next, SIGMA_0, true))
    }),
  )
const message256Second: Binary = <V>(o: Ops<V>, a: V, b: V): V => {
  const words = [lane(o, 32, b, 2), lane(o, 32, b, 3)]
  for (let k = 0; k < 4; k++) words.push(o.add(32, lane(o, 32, a, k), sigma(o, words[k] as V, SIGMA_1, true)))
  return fromLanes(o, 32, words.slice(2))
}

const feature = 'SHA'

// prettier-ignore
export const SHA: readonly Row[] = [
  { mnemonic: 'SHA1NEXTE', opcode: 'NP 0F 38 C8 /r', operands: 'Vdq, Wdq', spec: 'SHA1NEXTE—Calculate SHA1 State Variable E After Four Rounds', feature, op: binary(nextE) },
  { mnemonic: 'SHA1MSG1', opcode: 'NP 0F 38 C9 /r', operands: 'Vdq, Wdq', spec: 'SHA1MSG1—Perform an Intermediate Calculation for the Next Four SHA1 Message Dwords', feature, op: binary(message1) },
  { mnemonic: 'SHA1MSG2', opcode: 'NP 0F 38 CA /r', operands: 'Vdq, Wdq', spec: 'SHA1MSG2—Perform a Final Calculation for the Next Four SHA1 Message Dwords', feature, op: binary(message2) },
  { mnemonic: 'SHA256RNDS2', opcode: 'NP 0F 38 CB /r', operands: 'Vdq, Wdq', spec: 'SHA256RNDS2—Perform Two Rounds of SHA256 Operation', feature, op: twoRounds },
  { mnemonic: 'SHA256MSG1', opcode: 'NP 0F 38 CC /r', operands: 'Vdq, Wdq', spec: 'SHA256MSG1—Perform an Intermediate Calculation for the Next Four SHA256 Message Dwords', feature, op: binary(message256First) },
  { mnemonic: 'SHA256MSG2', opcode: 'NP 0F 38 CD /r', operands: 'Vdq, Wdq', spec: 'SHA256MSG2—Perform a Final Calculation for the Next Four SHA256 Message Dwords', feature, op: binary(message256Second) },
  { mnemonic: 'SHA1RNDS4', opcode: 'NP 0F 3A CC /r', operands: 'Vdq, Wdq, Ib', spec: 'SHA1RNDS4—Perform Four Rounds of SHA1 Operation', feature, op: binaryBy(fourRounds) },
]
