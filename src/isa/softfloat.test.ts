/** The soft-float against JavaScript's own arithmetic, which rounds to nearest, and against properties of the other modes. */
import { describe, expect, test } from 'vitest'
import { MXCSR, MXCSR_RESET } from '../spec/x86/index.ts'
import {
  FpEnvironment,
  fpBinary,
  fpCompare,
  fpFromInt,
  fpOrder,
  fpSqrt,
  fpToFp,
  fpToInt,
  type FpBinaryOp,
} from './softfloat.ts'

const view = new DataView(new ArrayBuffer(8))
const bits64 = (x: number): bigint => (view.setFloat64(0, x), view.getBigUint64(0))
const float64 = (b: bigint): number => (view.setBigUint64(0, b), view.getFloat64(0))
const bits32 = (x: number): bigint => (view.setFloat32(0, x), BigInt(view.getUint32(0)))
const float32 = (b: bigint): number => (view.setUint32(0, Number(b)), view.getFloat32(0))
const DOWN = 0x2000
const UP = 0x4000
const ZERO = 0x6000

function environment(mxcsr = MXCSR_RESET): FpEnvironment {
  const e = new FpEnvironment()
  e.start(mxcsr)
  return e
}

let seed = 1
const random32 = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return (seed ^ (seed >>> 16)) >>> 0
}
const random64 = (): bigint => (BigInt(random32()) << 32n) | BigInt(random32())
/** Exponents near each other, so that operations meet. */
const double = (): bigint =>
  random32() & 1
    ? random64()
    : (BigInt(random32() & 1) << 63n) | (BigInt(1000 + (random32() % 60)) << 52n) | (random64() >> 12n)
const single = (): bigint =>
  BigInt(random32() & 1 ? random32() : (random32() & 0x803f_ffff) | 0x3f00_0000) & 0xffff_ffffn

const ARITHMETIC: Record<'add' | 'sub' | 'mul' | 'div', (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
}
const OPS = Object.entries(ARITHMETIC) as [FpBinaryOp, (a: number, b: number) => number][]

describe('to nearest', () => {
  test.each(OPS)('%s of doubles', (op, f) => {
    for (let n = 0; n < 5000; n++) {
      const [a, b] = [double(), double()]
      const r = f(float64(a), float64(b))
      const ours = fpBinary(environment(), op, 64, a, b)
      if (Number.isNaN(r)) expect(float64(ours)).toBeNaN()
      else expect(ours, `${a.toString(16)} ${op} ${b.toString(16)}`).toBe(bits64(r))
    }
  })
  test.each(OPS)('%s of singles: rounding twice is harmless here', (op, f) => {
    for (let n = 0; n < 5000; n++) {
      const [a, b] = [single(), single()]
      const r = f(float32(a), float32(b))
      // A result below the normal range would be rounded twice at different places.
      if (r !== 0 && Math.abs(r) < 2 ** -125) continue
      const ours = fpBinary(environment(), op, 32, a, b)
      if (Number.isNaN(r)) expect(float32(ours)).toBeNaN()
      else expect(ours, `${a.toString(16)} ${op} ${b.toString(16)}`).toBe(bits32(r))
    }
  })
  test('roots and conversions', () => {
    for (let n = 0; n < 5000; n++) {
      const a = double() & ~(1n << 63n)
      const x = float64(a)
      if (Number.isNaN(x)) continue
      expect(fpSqrt(environment(), 64, a)).toBe(bits64(Math.sqrt(x)))
      expect(fpToFp(environment(), 64, 32, a)).toBe(bits32(x))
      const i = BigInt.asIntN(64, random64()) >> BigInt(random32() & 63)
      expect(fpFromInt(environment(), 64, i)).toBe(bits64(Number(i)))
      if (Math.abs(x) < 2 ** 63) expect(fpToInt(environment(), 64, 64, true, a)).toBe(BigInt(Math.trunc(x)))
    }
  })
})

test('other roundings: down <= nearest <= up, equal exactly when the result is exact; zero is the nearer to zero', () => {
  for (const [op] of OPS) {
    for (let n = 0; n < 2000; n++) {
      const [a, b] = [double(), double()]
      const results = [0, DOWN, UP, ZERO].map((mode) => {
        const e = environment(MXCSR_RESET | mode)
        return { value: float64(fpBinary(e, op, 64, a, b)), inexact: (e.raised & MXCSR.PE) !== 0 }
      })
      const [nearest, down, up, zero] = results.map((r) => r.value) as [number, number, number, number]
      if (Number.isNaN(nearest)) continue
      expect(down).toBeLessThanOrEqual(nearest)
      expect(nearest).toBeLessThanOrEqual(up)
      expect(new Set(results.map((r) => r.inexact)).size).toBe(1)
      expect(down < up).toBe(results[0]?.inexact)
      expect(Math.abs(zero)).toBe(Math.min(Math.abs(down), Math.abs(up)))
    }
  }
})

describe('exceptions', () => {
  const raised = (mxcsr: number, op: FpBinaryOp, a: number, b: number): number => {
    const e = environment(mxcsr)
    fpBinary(e, op, 64, bits64(a), bits64(b))
    return e.outcome().flags
  }
  const TINY = 2 ** -1074
  const unmask = (flags: number): number => MXCSR_RESET & ~(flags << 7)
  test('tininess is detected after rounding', () => {
    // 2^-1022 minus a quarter unit rounds up to the least normal number.
    const least = 2 ** -1022
    expect(raised(MXCSR_RESET, 'mul', least * (1 + 2 ** -52), 1 - 2 ** -53)).toBe(MXCSR.PE)
    expect(raised(MXCSR_RESET, 'mul', least, 1 - 2 ** -53)).toBe(MXCSR.PE | MXCSR.UE)
  })
  test('an exact denormal result underflows only when unmasked or flushed', () => {
    expect(raised(MXCSR_RESET, 'mul', 2 ** -1000, 2 ** -60)).toBe(0)
    expect(raised(unmask(MXCSR.UE), 'mul', 2 ** -1000, 2 ** -60)).toBe(MXCSR.UE)
    expect(raised(MXCSR_RESET | MXCSR.FTZ, 'mul', 2 ** -1000, 2 ** -60)).toBe(MXCSR.UE | MXCSR.PE)
  })
  test('unmasked overflow of an exact significand is not inexact', () => {
    expect(raised(MXCSR_RESET, 'mul', 2 ** 1000, 2 ** 1000)).toBe(MXCSR.OE | MXCSR.PE)
    expect(raised(unmask(MXCSR.OE), 'mul', 2 ** 1000, 2 ** 1000)).toBe(MXCSR.OE)
  })
  test('a NaN operand hides a denormal one, division by zero hides it, too', () => {
    expect(raised(MXCSR_RESET, 'add', NaN, TINY)).toBe(0)
    expect(raised(MXCSR_RESET, 'div', TINY, 0)).toBe(MXCSR.ZE)
    expect(raised(MXCSR_RESET, 'mul', TINY, 3)).toBe(MXCSR.DE)
  })
  test('an unmasked denormal operand hides what rounding would find', () => {
    expect(raised(MXCSR_RESET, 'mul', TINY, 2 ** -3)).toBe(MXCSR.DE | MXCSR.UE | MXCSR.PE)
    expect(raised(unmask(MXCSR.DE), 'mul', TINY, 2 ** -3)).toBe(MXCSR.DE)
  })
})

test('comparisons', () => {
  const e = environment()
  const holds = (predicate: number, a: number, b: number): boolean => fpCompare(e, 64, predicate, bits64(a), bits64(b))
  const table = (a: number, b: number): string => [0, 1, 2, 3, 4, 5, 6, 7].map((p) => (holds(p, a, b) ? 1 : 0)).join('')
  expect(table(1, 2)).toBe('01101001')
  expect(table(2, 1)).toBe('00001111')
  expect(table(-0, 0)).toBe('10100101')
  expect(e.raised).toBe(0)
  expect(table(NaN, 1)).toBe('00011110')
  expect(e.raised).toBe(MXCSR.IE)
  expect(fpOrder(e, 64, true, bits64(Infinity), bits64(-Infinity))).toBe(0)
})
