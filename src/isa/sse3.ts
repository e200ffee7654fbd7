/** SSE3: horizontal and alternating floating-point arithmetic, and the moves that came with it. FISTTP is in x87-move.ts. */
import type { Row } from './insn.ts'
import type { FpWidth, Ops } from './ops.ts'
import { binary, fromLanes, halves, lane, low, setResult, unary, type Binary, type Op } from './sse-operand.ts'

/** The even lanes are subtracted, the odd ones added. */
const addSub =
  (w: FpWidth): Binary =>
  (o, a, b) =>
    fromLanes(
      o,
      w,
      Array.from({ length: 128 / w }, (_, k) => o.fp(k & 1 ? 'add' : 'sub', w, lane(o, w, a, k), lane(o, w, b, k))),
    )

/** Neighbouring lanes with each other: first those of the first operand, then those of the second. */
const horizontal =
  (w: FpWidth, op: 'add' | 'sub'): Binary =>
  <V>(o: Ops<V>, a: V, b: V): V => {
    const pairs = (v: V): V[] =>
      Array.from({ length: 64 / w }, (_, k) => o.fp(op, w, lane(o, w, v, 2 * k), lane(o, w, v, 2 * k + 1)))
    return fromLanes(o, w, [...pairs(a), ...pairs(b)])
  }

const unaligned: Op = (m, i) => setResult(m, i, ...halves(m, i, 1, false))

const EVEN_SINGLES = [0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11]
const ODD_SINGLES = EVEN_SINGLES.map((k) => k + 4)
const rearranged = (bytes: readonly number[]): Op => unary((o, x) => o.shuffle(bytes, x, x))
/** Of an operand of 128 bits only eight bytes are read. */
const duplicate: Op = (m, i) => {
  const even = i.vex === 256 ? halves(m, i, 1).map((x) => lane(m, 64, x, 0)) : [low(m, i, 1, 64)]
  setResult(m, i, ...even.map((x) => m.simd('i64x2.splat', [x])))
}

const feature = 'SSE3'

// prettier-ignore
export const SSE3: readonly Row[] = [
  { mnemonic: 'ADDSUBPD', opcode: '66 0F D0 /r', operands: 'Vpd, Wpd', spec: 'ADDSUBPD—Packed Double Precision Floating-Point Add/Subtract', feature, op: binary(addSub(64)) },
  { mnemonic: 'ADDSUBPS', opcode: 'F2 0F D0 /r', operands: 'Vps, Wps', spec: 'ADDSUBPS—Packed Single Precision Floating-Point Add/Subtract', feature, op: binary(addSub(32)) },
  { mnemonic: 'HADDPD', opcode: '66 0F 7C /r', operands: 'Vpd, Wpd', spec: 'HADDPD—Packed Double Precision Floating-Point Horizontal Add', feature, op: binary(horizontal(64, 'add')) },
  { mnemonic: 'HADDPS', opcode: 'F2 0F 7C /r', operands: 'Vps, Wps', spec: 'HADDPS—Packed Single Precision Floating-Point Horizontal Add', feature, op: binary(horizontal(32, 'add')) },
  { mnemonic: 'HSUBPD', opcode: '66 0F 7D /r', operands: 'Vpd, Wpd', spec: 'HSUBPD—Packed Double Precision Floating-Point Horizontal Subtract', feature, op: binary(horizontal(64, 'sub')) },
  { mnemonic: 'HSUBPS', opcode: 'F2 0F 7D /r', operands: 'Vps, Wps', spec: 'HSUBPS—Packed Single Precision Floating-Point Horizontal Subtract', feature, op: binary(horizontal(32, 'sub')) },

  { mnemonic: 'LDDQU', opcode: 'F2 0F F0 /r', operands: 'Vdq, Mdq', spec: 'LDDQU—Load Unaligned Integer 128 Bits', feature, op: unaligned },
  { mnemonic: 'MOVDDUP', opcode: 'F2 0F 12 /r', operands: 'Vpd, Wq', spec: 'MOVDDUP—Replicate Double Precision Floating-Point Values', feature, op: duplicate },
  { mnemonic: 'MOVSLDUP', opcode: 'F3 0F 12 /r', operands: 'Vps, Wps', spec: 'MOVSLDUP—Replicate Single Precision Floating-Point Values', feature, op: rearranged(EVEN_SINGLES) },
  { mnemonic: 'MOVSHDUP', opcode: 'F3 0F 16 /r', operands: 'Vps, Wps', spec: 'MOVSHDUP—Replicate Single Precision Floating-Point Values', feature, op: rearranged(ODD_SINGLES) },
]
