/**
 * RCPPS, RCPSS, RSQRTPS, RSQRTSS. The manual promises only a relative error; what the processor gives is a table lookup, and the
 * table follows a rule: the reciprocal (root) of the middle of each interval of the operand, rounded to 12 fraction bits. Intervals
 * are 1/2048 of an octave for RCP, 1/1024 for RSQRT. All 2^32 operands of both were compared with a Skylake-SP class processor.
 * MXCSR plays no part: denormals are zeros, results too small are zeros, nothing is raised.
 */
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { fromLanes, halves, lane, low, mergeLow, secondSource, setResult } from './sse-operand.ts'

const SIGN = 0x8000_0000
const INFINITY = 0x7f80_0000
const QUIET = 0x40_0000
const INDEFINITE = 0xffc0_0000

/** Of single-precision bit patterns, as unsigned numbers. */
export function reciprocalEstimate(bits: number): number {
  const sign = (bits & SIGN) >>> 0
  const exponent = (bits >>> 23) & 0xff
  if (exponent === 0xff) return bits & 0x7f_ffff ? (bits | QUIET) >>> 0 : sign
  if (exponent === 0) return (sign | INFINITY) >>> 0
  const interval = (bits >>> 12) & 0x7ff
  // In (1/2, 1), in units of 2^-13.
  const r = Math.round(2 ** 13 / (1 + (interval + 0.5) / 2048))
  const field = 253 - exponent
  return field <= 0 ? sign : (sign | (field << 23) | ((r - 4096) << 11)) >>> 0
}

export function reciprocalRootEstimate(bits: number): number {
  const exponent = (bits >>> 23) & 0xff
  if (exponent === 0xff && bits & 0x7f_ffff) return (bits | QUIET) >>> 0
  if (exponent === 0) return ((bits & SIGN) | INFINITY) >>> 0
  if (bits & SIGN) return INDEFINITE
  if (exponent === 0xff) return 0
  const interval = (bits >>> 13) & 0x3ff
  // An odd exponent gives a factor of two to the significand.
  const odd = (exponent - 127) & 1
  const r = Math.round(2 ** 13 / Math.sqrt((1 + (interval + 0.5) / 1024) * (odd ? 2 : 1)))
  return ((126 - (exponent - 127 - odd) / 2) << 23) | ((r - 4096) << 11)
}

type Estimate = (bits: number) => number
const packed =
  (f: Estimate) =>
  (e: Evaluator, i: Insn): void => {
    const lanes = (source: Value): number[] => [0, 1, 2, 3].map((k) => f(lane<Value>(e, 32, source, k) as number))
    setResult<Value>(e, i, ...halves<Value>(e, i, 1).map((source) => fromLanes<Value>(e, 32, lanes(source))))
  }
const scalar =
  (f: Estimate) =>
  (e: Evaluator, i: Insn): void =>
    mergeLow<Value>(e, i, 32, f(low<Value>(e, i, secondSource(i), 32) as number))

// prettier-ignore
export const SSE_ESTIMATE: readonly Row[] = [
  { mnemonic: 'RSQRTPS', opcode: 'NP 0F 52 /r', operands: 'Vps, Wps', spec: 'RSQRTPS—Compute Reciprocals of Square Roots of Packed Single Precision Floating-Point Values', slow: packed(reciprocalRootEstimate) },
  { mnemonic: 'RSQRTSS', opcode: 'F3 0F 52 /r', operands: 'Vss, Wss', spec: 'RSQRTSS—Compute Reciprocal of Square Root of Scalar Single Precision Floating-Point Value', slow: scalar(reciprocalRootEstimate) },
  { mnemonic: 'RCPPS', opcode: 'NP 0F 53 /r', operands: 'Vps, Wps', spec: 'RCPPS—Compute Reciprocals of Packed Single Precision Floating-Point Values', slow: packed(reciprocalEstimate) },
  { mnemonic: 'RCPSS', opcode: 'F3 0F 53 /r', operands: 'Vss, Wss', spec: 'RCPSS—Compute Reciprocal of Scalar Single Precision Floating-Point Values', slow: scalar(reciprocalEstimate) },
]
