import { fault } from '../cpu/index.ts'
import { substitutions } from './aes-field.ts'
import type { FpRounding, FpWidth, IntWidth, Ops, Width } from './ops.ts'
import { evalShuffle, evalSimd } from './simd-eval.ts'
import type { SimdOp } from './simd-ops.ts'
import { compareVectors } from './string-compare.ts'
import {
  FpEnvironment,
  fpBinary,
  fpCompare,
  fpFma,
  fpFromHalf,
  fpFromInt,
  fpOrder,
  fpRound,
  fpSqrt,
  fpToFp,
  fpToHalf,
  fpToInt,
} from './softfloat.ts'

/** Numbers up to 32 bits, bigints for 64 and 128: each below 2^w and not negative. */
export type Value = number | bigint

const N = (v: Value): number => v as number
const B = (v: Value): bigint => v as bigint
const MASK: Readonly<Record<8 | 16 | 32, number>> = { 8: 0xff, 16: 0xffff, 32: 0xffff_ffff }
const bool = (b: boolean): Value => (b ? 1 : 0)
const signed = (w: IntWidth, v: Value): Value =>
  w === 64 ? BigInt.asIntN(64, B(v)) : w === 32 ? N(v) | 0 : (N(v) << (32 - w)) >> (32 - w)
/** Takes any integer result back into 0 .. 2^w - 1. */
const wrap = (w: 8 | 16 | 32, n: number): number => (w === 32 ? n >>> 0 : n & MASK[w])
const fromBig = (w: Width, n: bigint): Value => (w >= 64 ? BigInt.asUintN(w, n) : Number(BigInt.asUintN(w, n)))

/** Reader 1 of the algebra: plain values, exact and obvious. */
export class EvalOps implements Ops<Value> {
  readonly fpEnv = new FpEnvironment()

  lit(w: Width, n: number | bigint): Value {
    if (w >= 64) return BigInt.asUintN(w, BigInt(n))
    return typeof n === 'number' ? wrap(w as 8 | 16 | 32, n) : Number(BigInt.asUintN(w, n))
  }

  add(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? BigInt.asUintN(64, B(a) + B(b)) : wrap(w, N(a) + N(b))
  }
  sub(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? BigInt.asUintN(64, B(a) - B(b)) : wrap(w, N(a) - N(b))
  }
  mul(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? BigInt.asUintN(64, B(a) * B(b)) : wrap(w, Math.imul(N(a), N(b)))
  }
  mulHighU(w: 32 | 64, a: Value, b: Value): Value {
    return fromBig(w, (BigInt(a) * BigInt(b)) >> BigInt(w))
  }
  mulHighS(w: 32 | 64, a: Value, b: Value): Value {
    return fromBig(w, (BigInt(signed(w, a)) * BigInt(signed(w, b))) >> BigInt(w))
  }
  divU(w: IntWidth, high: Value, low: Value, divisor: Value): { quotient: Value; remainder: Value } {
    const d = BigInt(divisor)
    const n = (BigInt(high) << BigInt(w)) | BigInt(low)
    if (d === 0n || (n / d) >> BigInt(w) !== 0n) fault.DE()
    return { quotient: fromBig(w, n / d), remainder: fromBig(w, n % d) }
  }
  divS(w: IntWidth, high: Value, low: Value, divisor: Value): { quotient: Value; remainder: Value } {
    const d = BigInt(signed(w, divisor))
    const n = BigInt.asIntN(2 * w, (BigInt(high) << BigInt(w)) | BigInt(low))
    if (d === 0n || BigInt.asIntN(w, n / d) !== n / d) fault.DE()
    return { quotient: fromBig(w, n / d), remainder: fromBig(w, n % d) }
  }
  and(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? B(a) & B(b) : (N(a) & N(b)) >>> 0
  }
  or(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? B(a) | B(b) : (N(a) | N(b)) >>> 0
  }
  xor(w: IntWidth, a: Value, b: Value): Value {
    return w === 64 ? B(a) ^ B(b) : (N(a) ^ N(b)) >>> 0
  }
  not(w: IntWidth, a: Value): Value {
    return w === 64 ? BigInt.asUintN(64, ~B(a)) : wrap(w, ~N(a))
  }

  shl(w: IntWidth, a: Value, count: Value): Value {
    return w === 64 ? BigInt.asUintN(64, B(a) << BigInt(count)) : wrap(w, N(a) << N(count))
  }
  shr(w: IntWidth, a: Value, count: Value): Value {
    return w === 64 ? B(a) >> BigInt(count) : N(a) >>> N(count)
  }
  sar(w: IntWidth, a: Value, count: Value): Value {
    const s = signed(w, a)
    return w === 64 ? BigInt.asUintN(64, B(s) >> BigInt(count)) : wrap(w, N(s) >> N(count))
  }
  rotl(w: IntWidth, a: Value, count: Value): Value {
    const n = BigInt(N(count) % w)
    const v = BigInt(a)
    return fromBig(w, (v << n) | (v >> (BigInt(w) - n)))
  }
  rotr(w: IntWidth, a: Value, count: Value): Value {
    return this.rotl(w, a, w - (N(count) % w))
  }

  eq(_w: IntWidth, a: Value, b: Value): Value {
    return bool(a === b)
  }
  ne(_w: IntWidth, a: Value, b: Value): Value {
    return bool(a !== b)
  }
  ltU(_w: IntWidth, a: Value, b: Value): Value {
    return bool(a < b)
  }
  leU(_w: IntWidth, a: Value, b: Value): Value {
    return bool(a <= b)
  }
  ltS(w: IntWidth, a: Value, b: Value): Value {
    return bool(signed(w, a) < signed(w, b))
  }
  leS(w: IntWidth, a: Value, b: Value): Value {
    return bool(signed(w, a) <= signed(w, b))
  }
  select(_w: Width, condition: Value, ifTrue: Value, ifFalse: Value): Value {
    return condition ? ifTrue : ifFalse
  }

  zext(from: IntWidth, to: IntWidth, a: Value): Value {
    return to === 64 && from !== 64 ? BigInt(a) : a
  }
  sext(from: IntWidth, to: IntWidth, a: Value): Value {
    const s = signed(from, a)
    return to === 64 ? BigInt.asUintN(64, BigInt(s)) : wrap(to, N(s))
  }
  trunc(from: IntWidth, to: IntWidth, a: Value): Value {
    if (from === to) return a
    return from === 64 ? Number(BigInt.asUintN(to, B(a))) : wrap(to as 8 | 16 | 32, N(a))
  }
  bit(w: IntWidth, a: Value, i: number): Value {
    return w === 64 ? Number((B(a) >> BigInt(i)) & 1n) : (N(a) >>> i) & 1
  }
  evenParity(w: IntWidth, a: Value): Value {
    let x = w === 64 ? Number(B(a) & 0xffn) : N(a) & 0xff
    x ^= x >> 4
    x ^= x >> 2
    x ^= x >> 1
    return (x & 1) ^ 1
  }
  clz(w: 32 | 64, a: Value): Value {
    if (w === 32) return Math.clz32(N(a))
    const high = Number(B(a) >> 32n)
    return BigInt(high ? Math.clz32(high) : 32 + Math.clz32(Number(B(a))))
  }
  ctz(w: 32 | 64, a: Value): Value {
    const v = BigInt(a)
    if (v === 0n) return fromBig(w, BigInt(w))
    return fromBig(w, BigInt((v & -v).toString(2).length - 1))
  }
  popcnt(w: 32 | 64, a: Value): Value {
    return fromBig(w, BigInt(a.toString(2).replaceAll('0', '').length))
  }
  bswap(w: 32 | 64, a: Value): Value {
    let out = 0n
    for (let v = BigInt(a), k = 0; k < w / 8; k++, v >>= 8n) out = (out << 8n) | (v & 0xffn)
    return fromBig(w, out)
  }

  simd(op: SimdOp, args: readonly Value[], lane?: number): Value {
    return evalSimd(op, args, lane)
  }
  pickBytes(a: Value, index: Value): Value {
    return this.simd('i8x16.swizzle', [a, index])
  }
  shuffle(bytes: readonly number[], a: Value, b: Value): Value {
    return evalShuffle(bytes, B(a), B(b))
  }
  compareStrings(byte: number, a: Value, aLength: Value, b: Value, bLength: Value): Value {
    return compareVectors(byte, B(a), N(aLength), B(b), N(bLength))
  }
  subBytes(inverted: boolean, a: Value): Value {
    const box = substitutions(inverted)
    let out = 0n
    for (let k = 0n; k < 128n; k += 8n) out |= BigInt(box[Number((B(a) >> k) & 0xffn)] ?? 0) << k
    return out
  }
  clmul(a: Value, b: Value): Value {
    let out = 0n
    for (let x = B(a), rest = B(b); rest; rest >>= 1n, x <<= 1n) if (rest & 1n) out ^= x
    return out
  }

  fp(op: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', fmt: FpWidth, a: Value, b: Value): Value {
    return fromBig(fmt, fpBinary(this.fpEnv, op, fmt, BigInt(a), BigInt(b)))
  }
  fpSqrt(fmt: FpWidth, a: Value): Value {
    return fromBig(fmt, fpSqrt(this.fpEnv, fmt, BigInt(a)))
  }
  fpCompare(fmt: FpWidth, predicate: number, a: Value, b: Value): Value {
    return bool(fpCompare(this.fpEnv, fmt, predicate, BigInt(a), BigInt(b)))
  }
  fpOrder(fmt: FpWidth, quiet: boolean, a: Value, b: Value): Value {
    return fpOrder(this.fpEnv, fmt, quiet, BigInt(a), BigInt(b))
  }
  fpFromInt(fmt: FpWidth, w: 32 | 64, a: Value): Value {
    return fromBig(fmt, fpFromInt(this.fpEnv, fmt, BigInt(signed(w, a))))
  }
  fpToInt(fmt: FpWidth, w: 32 | 64, truncate: boolean, a: Value): Value {
    return fromBig(w, fpToInt(this.fpEnv, fmt, w, truncate, BigInt(a)))
  }
  fpToFp(from: FpWidth, to: FpWidth, a: Value): Value {
    return fromBig(to, fpToFp(this.fpEnv, from, to, BigInt(a)))
  }
  fpFma(fmt: FpWidth, negateProduct: boolean, negateAddend: boolean, a: Value, b: Value, c: Value): Value {
    const [x, y, z] = [BigInt(a), BigInt(b), BigInt(c)]
    return fromBig(fmt, fpFma(this.fpEnv, fmt, negateProduct, negateAddend, x, y, z))
  }
  fpFromHalf(a: Value): Value {
    return fromBig(32, fpFromHalf(this.fpEnv, BigInt(a)))
  }
  fpToHalf(rounding: FpRounding, a: Value): Value {
    return fromBig(16, fpToHalf(this.fpEnv, rounding, BigInt(a)))
  }
  fpRound(fmt: FpWidth, rounding: FpRounding, exact: boolean, a: Value): Value {
    return fromBig(fmt, fpRound(this.fpEnv, fmt, rounding, exact, BigInt(a)))
  }
  fpSettle(): void {
    this.fpEnv.settle()
  }
}
