/** SSE and SSE2 floating-point arithmetic, comparison and logic. Conversions are in sse-convert.ts, RCPPS and RSQRTPS in sse-estimate.ts. */
import type { Insn, Row } from './insn.ts'
import type { FpWidth, Ops } from './ops.ts'
import type { SimdOp } from './simd-ops.ts'
import { andNot } from './sse-integer.ts'
import {
  binary,
  control,
  firstSource,
  fromLanes,
  lane,
  low,
  mergeLow,
  secondSource,
  unary,
  type Op,
} from './sse-operand.ts'

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max'

/** Does f with every pair of lanes. */
const lanewise = <V>(o: Ops<V>, w: FpWidth, a: V, b: V, f: (a: V, b: V) => V): V =>
  fromLanes(
    o,
    w,
    Array.from({ length: 128 / w }, (_, k) => f(lane(o, w, a, k), lane(o, w, b, k))),
  )
const packed = (w: FpWidth, op: Arithmetic): Op =>
  binary((o, a, b) => lanewise(o, w, a, b, (x, y) => o.fp(op, w, x, y)))
const packedRoot = (w: FpWidth): Op => unary((o, a) => lanewise(o, w, a, a, (x) => o.fpSqrt(w, x)))

const scalar =
  (w: FpWidth, op: Arithmetic): Op =>
  (m, i) =>
    mergeLow(m, i, w, m.fp(op, w, low(m, i, firstSource(i), w), low(m, i, secondSource(i), w)))
const scalarRoot =
  (w: FpWidth): Op =>
  (m, i) =>
    mergeLow(m, i, w, m.fpSqrt(w, low(m, i, secondSource(i), w)))

/** All ones where the predicate holds. */
const mask = <V>(o: Ops<V>, w: FpWidth, predicate: number, a: V, b: V): V =>
  o.sub(w, o.lit(w, 0), o.zext(8, w, o.fpCompare(w, predicate, a, b)))
/** Only the low three bits of the immediate count without VEX, five with it. */
const predicateOf = (i: Insn): number => control(i) & (i.vex === 0 ? 7 : 31)
const packedCompare =
  (w: FpWidth): Op =>
  (m, i) => {
    const predicate = predicateOf(i)
    binary((o, a, b) => lanewise(o, w, a, b, (x, y) => mask(o, w, predicate, x, y)))(m, i)
  }
const scalarCompare =
  (w: FpWidth): Op =>
  (m, i) =>
    mergeLow(m, i, w, mask(m, w, predicateOf(i), low(m, i, firstSource(i), w), low(m, i, secondSource(i), w)))

/** ZF, PF, CF tell the order; OF, SF, AF become 0. */
const order =
  (w: FpWidth, quiet: boolean): Op =>
  (m, i) =>
    m.setFlags('PACKED', 32, m.fpOrder(w, quiet, low(m, i, 0, w), low(m, i, 1, w)))

const bitwise = (op: SimdOp): Op => binary((o, a, b) => o.simd(op, [a, b]))

// prettier-ignore
export const SSE_FLOAT: readonly Row[] = [
  { mnemonic: 'ADDPS', opcode: 'NP 0F 58 /r', operands: 'Vps, Wps', spec: 'ADDPS—Add Packed Single Precision Floating-Point Values', op: packed(32, 'add') },
  { mnemonic: 'ADDPD', opcode: '66 0F 58 /r', operands: 'Vpd, Wpd', spec: 'ADDPD—Add Packed Double Precision Floating-Point Values', op: packed(64, 'add') },
  { mnemonic: 'ADDSS', opcode: 'F3 0F 58 /r', operands: 'Vss, Wss', spec: 'ADDSS—Add Scalar Single Precision Floating-Point Values', op: scalar(32, 'add') },
  { mnemonic: 'ADDSD', opcode: 'F2 0F 58 /r', operands: 'Vsd, Wsd', spec: 'ADDSD—Add Scalar Double Precision Floating-Point Values', op: scalar(64, 'add') },
  { mnemonic: 'MULPS', opcode: 'NP 0F 59 /r', operands: 'Vps, Wps', spec: 'MULPS—Multiply Packed Single Precision Floating-Point Values', op: packed(32, 'mul') },
  { mnemonic: 'MULPD', opcode: '66 0F 59 /r', operands: 'Vpd, Wpd', spec: 'MULPD—Multiply Packed Double Precision Floating-Point Values', op: packed(64, 'mul') },
  { mnemonic: 'MULSS', opcode: 'F3 0F 59 /r', operands: 'Vss, Wss', spec: 'MULSS—Multiply Scalar Single Precision Floating-Point Values', op: scalar(32, 'mul') },
  { mnemonic: 'MULSD', opcode: 'F2 0F 59 /r', operands: 'Vsd, Wsd', spec: 'MULSD—Multiply Scalar Double Precision Floating-Point Value', op: scalar(64, 'mul') },
  { mnemonic: 'SUBPS', opcode: 'NP 0F 5C /r', operands: 'Vps, Wps', spec: 'SUBPS—Subtract Packed Single Precision Floating-Point Values', op: packed(32, 'sub') },
  { mnemonic: 'SUBPD', opcode: '66 0F 5C /r', operands: 'Vpd, Wpd', spec: 'SUBPD—Subtract Packed Double Precision Floating-Point Values', op: packed(64, 'sub') },
  { mnemonic: 'SUBSS', opcode: 'F3 0F 5C /r', operands: 'Vss, Wss', spec: 'SUBSS—Subtract Scalar Single Precision Floating-Point Value', op: scalar(32, 'sub') },
  { mnemonic: 'SUBSD', opcode: 'F2 0F 5C /r', operands: 'Vsd, Wsd', spec: 'SUBSD—Subtract Scalar Double Precision Floating-Point Value', op: scalar(64, 'sub') },
  { mnemonic: 'MINPS', opcode: 'NP 0F 5D /r', operands: 'Vps, Wps', spec: 'MINPS—Minimum of Packed Single Precision Floating-Point Values', op: packed(32, 'min') },
  { mnemonic: 'MINPD', opcode: '66 0F 5D /r', operands: 'Vpd, Wpd', spec: 'MINPD—Minimum of Packed Double Precision Floating-Point Values', op: packed(64, 'min') },
  { mnemonic: 'MINSS', opcode: 'F3 0F 5D /r', operands: 'Vss, Wss', spec: 'MINSS—Return Minimum Scalar Single Precision Floating-Point Value', op: scalar(32, 'min') },
  { mnemonic: 'MINSD', opcode: 'F2 0F 5D /r', operands: 'Vsd, Wsd', spec: 'MINSD—Return Minimum Scalar Double Precision Floating-Point Value', op: scalar(64, 'min') },
  { mnemonic: 'DIVPS', opcode: 'NP 0F 5E /r', operands: 'Vps, Wps', spec: 'DIVPS—Divide Packed Single Precision Floating-Point Values', op: packed(32, 'div') },
  { mnemonic: 'DIVPD', opcode: '66 0F 5E /r', operands: 'Vpd, Wpd', spec: 'DIVPD—Divide Packed Double Precision Floating-Point Values', op: packed(64, 'div') },
  { mnemonic: 'DIVSS', opcode: 'F3 0F 5E /r', operands: 'Vss, Wss', spec: 'DIVSS—Divide Scalar Single Precision Floating-Point Values', op: scalar(32, 'div') },
  { mnemonic: 'DIVSD', opcode: 'F2 0F 5E /r', operands: 'Vsd, Wsd', spec: 'DIVSD—Divide Scalar Double Precision Floating-Point Value', op: scalar(64, 'div') },
  { mnemonic: 'MAXPS', opcode: 'NP 0F 5F /r', operands: 'Vps, Wps', spec: 'MAXPS—Maximum of Packed Single Precision Floating-Point Values', op: packed(32, 'max') },
  { mnemonic: 'MAXPD', opcode: '66 0F 5F /r', operands: 'Vpd, Wpd', spec: 'MAXPD—Maximum of Packed Double Precision Floating-Point Values', op: packed(64, 'max') },
  { mnemonic: 'MAXSS', opcode: 'F3 0F 5F /r', operands: 'Vss, Wss', spec: 'MAXSS—Return Maximum Scalar Single Precision Floating-Point Value', op: scalar(32, 'max') },
  { mnemonic: 'MAXSD', opcode: 'F2 0F 5F /r', operands: 'Vsd, Wsd', spec: 'MAXSD—Return Maximum Scalar Double Precision Floating-Point Value', op: scalar(64, 'max') },
  { mnemonic: 'SQRTPS', opcode: 'NP 0F 51 /r', operands: 'Vps, Wps', spec: 'SQRTPS—Square Root of Single Precision Floating-Point Values', op: packedRoot(32) },
  { mnemonic: 'SQRTPD', opcode: '66 0F 51 /r', operands: 'Vpd, Wpd', spec: 'SQRTPD—Square Root of Double Precision Floating-Point Values', op: packedRoot(64) },
  { mnemonic: 'SQRTSS', opcode: 'F3 0F 51 /r', operands: 'Vss, Wss', spec: 'SQRTSS—Compute Square Root of Scalar Single Precision Value', op: scalarRoot(32) },
  { mnemonic: 'SQRTSD', opcode: 'F2 0F 51 /r', operands: 'Vsd, Wsd', spec: 'SQRTSD—Compute Square Root of Scalar Double Precision Floating-Point Value', op: scalarRoot(64) },

  { mnemonic: 'CMPPS', opcode: 'NP 0F C2 /r', operands: 'Vps, Wps, Ib', spec: 'CMPPS—Compare Packed Single Precision Floating-Point Values', op: packedCompare(32) },
  { mnemonic: 'CMPPD', opcode: '66 0F C2 /r', operands: 'Vpd, Wpd, Ib', spec: 'CMPPD—Compare Packed Double Precision Floating-Point Values', op: packedCompare(64) },
  { mnemonic: 'CMPSS', opcode: 'F3 0F C2 /r', operands: 'Vss, Wss, Ib', spec: 'CMPSS—Compare Scalar Single Precision Floating-Point Value', op: scalarCompare(32) },
  { mnemonic: 'CMPSD', opcode: 'F2 0F C2 /r', operands: 'Vsd, Wsd, Ib', spec: 'CMPSD—Compare Scalar Double Precision Floating-Point Value', op: scalarCompare(64) },
  { mnemonic: 'UCOMISS', opcode: 'NP 0F 2E /r', operands: 'Vss, Wss', spec: 'UCOMISS—Unordered Compare Scalar Single Precision Floating-Point Values and Set EFLAGS', op: order(32, true) },
  { mnemonic: 'UCOMISD', opcode: '66 0F 2E /r', operands: 'Vsd, Wsd', spec: 'UCOMISD—Unordered Compare Scalar Double Precision Floating-Point Values and Set EFLAGS', op: order(64, true) },
  { mnemonic: 'COMISS', opcode: 'NP 0F 2F /r', operands: 'Vss, Wss', spec: 'COMISS—Compare Scalar Ordered Single Precision Floating-Point Values and Set EFLAGS', op: order(32, false) },
  { mnemonic: 'COMISD', opcode: '66 0F 2F /r', operands: 'Vsd, Wsd', spec: 'COMISD—Compare Scalar Ordered Double Precision Floating-Point Values and Set EFLAGS', op: order(64, false) },

  { mnemonic: 'ANDPS', opcode: 'NP 0F 54 /r', operands: 'Vps, Wps', spec: 'ANDPS—Bitwise Logical AND of Packed Single Precision Floating-Point Values', op: bitwise('v128.and') },
  { mnemonic: 'ANDPD', opcode: '66 0F 54 /r', operands: 'Vpd, Wpd', spec: 'ANDPD—Bitwise Logical AND of Packed Double Precision Floating-Point Values', op: bitwise('v128.and') },
  { mnemonic: 'ANDNPS', opcode: 'NP 0F 55 /r', operands: 'Vps, Wps', spec: 'ANDNPS—Bitwise Logical AND NOT of Packed Single Precision Floating-Point Values', op: binary(andNot) },
  { mnemonic: 'ANDNPD', opcode: '66 0F 55 /r', operands: 'Vpd, Wpd', spec: 'ANDNPD—Bitwise Logical AND NOT of Packed Double Precision Floating-Point Values', op: binary(andNot) },
  { mnemonic: 'ORPS', opcode: 'NP 0F 56 /r', operands: 'Vps, Wps', spec: 'ORPS—Bitwise Logical OR of Packed Single Precision Floating-Point Values', op: bitwise('v128.or') },
  { mnemonic: 'ORPD', opcode: '66 0F 56 /r', operands: 'Vpd, Wpd', spec: 'ORPD—Bitwise Logical OR of Packed Double Precision Floating-Point Values', op: bitwise('v128.or') },
  { mnemonic: 'XORPS', opcode: 'NP 0F 57 /r', operands: 'Vps, Wps', spec: 'XORPS—Bitwise Logical XOR of Packed Single Precision Floating-Point Values', op: bitwise('v128.xor') },
  { mnemonic: 'XORPD', opcode: '66 0F 57 /r', operands: 'Vpd, Wpd', spec: 'XORPD—Bitwise Logical XOR of Packed Double Precision Floating-Point Values', op: bitwise('v128.xor') },
]
