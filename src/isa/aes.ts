/** AES-NI. The names of the steps are those of FIPS 197, as in the manual's "Advanced Encryption Standard New Instructions". */
import type { Row } from './insn.ts'
import { packLanes } from './lanes.ts'
import type { Ops } from './ops.ts'
import { binary, unary, unaryBy, type Binary, type Unary } from './sse-operand.ts'
import { vexForms, type VexShape } from './vex.ts'

/** The index of `pickBytes` that takes byte k from byte `from(k)`. */
const places = (from: (k: number) => number): bigint =>
  packLanes(
    8,
    Array.from({ length: 16 }, (_, k) => from(k)),
  )
/** Byte k is row k % 4 of column k / 4. Each row moves by its own number of columns. */
const rows = (move: (row: number) => number): bigint => places((k) => (k + 4 * move(k % 4) + 16) % 16)
const SHIFT_ROWS = rows((row) => row)
const INVERSE_SHIFT_ROWS = rows((row) => -row)
/** Within each column, byte k from byte k + n. */
const rotation = (n: number): bigint => places((k) => (k & ~3) | ((k + n) & 3))
const [ROTATE_1, ROTATE_2] = [rotation(1), rotation(2)]
/** Doublewords 1 and 3, each twice, the second time as RotWord has it. */
const KEY_WORDS = places((k) => (k & 8) + 4 + (k & 4 ? (k + 1) & 3 : k & 3))

const permuted = <V>(o: Ops<V>, index: bigint, a: V): V => o.pickBytes(a, o.lit(128, index))

/** Every byte times x: what leaves at the top comes back as 1b. */
const double: Unary = (o, a) => {
  const overflow = o.simd('i8x16.gt_s', [o.lit(128, 0), a])
  const reduction = o.simd('v128.and', [overflow, o.simd('i8x16.splat', [o.lit(32, 0x1b)])])
  return o.simd('v128.xor', [o.simd('i8x16.add', [a, a]), reduction])
}
const xor: Binary = (o, a, b) => o.simd('v128.xor', [a, b])

/** 2 a0 + 3 a1 + a2 + a3 for every byte of a column, in two sums: 2 (a0 + a1) + a1 and a2 + a3. */
const mixColumns: Unary = (o, a) => {
  const next = permuted(o, ROTATE_1, a)
  const pairs = xor(o, a, next)
  return xor(o, xor(o, double(o, pairs), next), permuted(o, ROTATE_2, pairs))
}
/** The matrix with 0e 0b 0d 09 is that with 02 03 01 01 times the one with 05 00 04 00. */
const inverseMixColumns: Unary = (o, a) => {
  const opposite = xor(o, a, permuted(o, ROTATE_2, a))
  return mixColumns(o, xor(o, a, double(o, double(o, opposite))))
}

const encrypted = <V>(o: Ops<V>, state: V): V => o.subBytes(false, permuted(o, SHIFT_ROWS, state))
const decrypted = <V>(o: Ops<V>, state: V): V => o.subBytes(true, permuted(o, INVERSE_SHIFT_ROWS, state))

/** RotWord and the round constant for doublewords 1 and 3 of the result; 0 and 2 are only substituted. */
const assistKey =
  (round: number): Unary =>
  (o, a) => {
    const words = permuted(o, KEY_WORDS, a)
    return xor(o, o.subBytes(false, words), o.lit(128, (BigInt(round) << 32n) | (BigInt(round) << 96n)))
  }

const feature = 'AES'

// prettier-ignore
const LEGACY: readonly Row[] = [
  { mnemonic: 'AESIMC', opcode: '66 0F 38 DB /r', operands: 'Vdq, Wdq', spec: 'AESIMC—Perform the AES InvMixColumn Transformation', feature, op: unary(inverseMixColumns) },
  { mnemonic: 'AESENC', opcode: '66 0F 38 DC /r', operands: 'Vdq, Wdq', spec: 'AESENC—Perform One Round of an AES Encryption Flow', feature, op: binary((o, state, key) => xor(o, mixColumns(o, encrypted(o, state)), key)) },
  { mnemonic: 'AESENCLAST', opcode: '66 0F 38 DD /r', operands: 'Vdq, Wdq', spec: 'AESENCLAST—Perform Last Round of an AES Encryption Flow', feature, op: binary((o, state, key) => xor(o, encrypted(o, state), key)) },
  { mnemonic: 'AESDEC', opcode: '66 0F 38 DE /r', operands: 'Vdq, Wdq', spec: 'AESDEC—Perform One Round of an AES Decryption Flow', feature, op: binary((o, state, key) => xor(o, inverseMixColumns(o, decrypted(o, state)), key)) },
  { mnemonic: 'AESDECLAST', opcode: '66 0F 38 DF /r', operands: 'Vdq, Wdq', spec: 'AESDECLAST—Perform Last Round of an AES Decryption Flow', feature, op: binary((o, state, key) => xor(o, decrypted(o, state), key)) },
  { mnemonic: 'AESKEYGENASSIST', opcode: '66 0F 3A DF /r', operands: 'Vdq, Wdq, Ib', spec: 'AESKEYGENASSIST—AES Round Key Generation Assist', feature, op: unaryBy(assistKey) },
]

const BINARY: VexShape = { length: '128', feature: 'AVX+AES', operands: 'NDS' }
const UNARY: VexShape = { ...BINARY, operands: 'same' }

export const AES: readonly Row[] = [
  ...LEGACY,
  ...vexForms(LEGACY, BINARY, 'VAESENC VAESENCLAST VAESDEC VAESDECLAST'),
  ...vexForms(LEGACY, UNARY, 'VAESIMC VAESKEYGENASSIST'),
]
