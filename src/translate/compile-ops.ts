import { invariant } from '../base/index.ts'
import type { FpRounding, FpWidth, Ops } from '../isa/index.ts'
import { CompileIntegers } from './compile-integers.ts'
import { vectorClmul, vectorSubBytes } from './crypto-texts.ts'
import { constant, node, type Node } from './node.ts'

/**
 * The formats: limits of denormal numbers as bit patterns shifted left by one (the sign is gone), width of the fraction, mask of the
 * exponent but for its lowest bit.
 */
const FP = {
  32: { int: 'i32', fp: 'f32', one: 1, denormal: 0x00ff_ffff, fraction: 23, exponents: 0xfe },
  64: {
    int: 'i64',
    fp: 'f64',
    one: 1n,
    denormal: 0x001f_ffff_ffff_ffffn,
    fraction: 52,
    exponents: 0x7fe,
  },
} as const

/** By MXCSR.RC. */
const ROUNDING = ['nearest', 'floor', 'ceil', 'trunc'] as const

/**
 * Reader 2 of the algebra. Floating point uses wasm's own arithmetic where it is the same: checks leave the region for the evaluator
 * when an operand or a result is denormal, infinite or a NaN, or when MXCSR is not as it is most of the time.
 */
export abstract class CompileOps extends CompileIntegers implements Ops<Node> {
  /** The same if both hold; the second is only looked at when the first holds. */
  protected abstract exitIfBoth(guard: Node, condition: Node): void
  /** Checks that MXCSR allows wasm's arithmetic (once for each instruction). */
  protected abstract requireFastFp(): void

  /** Keeps a value that several checks look at. */
  protected abstract held(n: Node): Node

  /** The checks passed: `bits` are of a normal number or of zero. */
  protected foundSound(bits: Node): void {
    bits.sound = true
  }

  /** The same bits as a float. */
  private asFp(fmt: FpWidth, a: Node): Node {
    if (a.op === (fmt === 32 ? 'i32.reinterpret_f32' : 'i64.reinterpret_f64')) return a.args[0] as Node
    return node(FP[fmt].fp, fmt === 32 ? 'f32.reinterpret_i32' : 'f64.reinterpret_i64', [a])
  }
  private asBits(fmt: FpWidth, a: Node): Node {
    return node(FP[fmt].int, fmt === 32 ? 'i32.reinterpret_f32' : 'i64.reinterpret_f64', [a])
  }
  private magnitude(fmt: FpWidth, bits: Node): Node {
    return this.shl(fmt, bits, constant('i32', 1))
  }
  /** Neither normal: the exponent is all zeros or all ones. Adding one makes it 1 or 0, without a constant of 64 bits. */
  private notNormal(fmt: FpWidth, bits: Node): Node {
    const t = FP[fmt]
    const exponent = this.trunc(fmt, 32, this.shr(fmt, bits, constant('i32', t.fraction)))
    return this.eq(
      32,
      this.and(32, this.add(32, exponent, this.lit(32, 1)), this.lit(32, t.exponents)),
      this.lit(32, 0),
    )
  }
  private mayBeUnusual(fmt: FpWidth, bits: Node): Node {
    return bits.sound ? this.lit(8, 0) : this.notNormal(fmt, bits)
  }
  private isDenormal(fmt: FpWidth, bits: Node): Node {
    const t = FP[fmt]
    if (bits.sound) return this.lit(8, 0)
    return this.ltU(fmt, this.sub(fmt, this.magnitude(fmt, bits), this.lit(fmt, t.one)), this.lit(fmt, t.denormal))
  }
  private isNotFinite(fmt: FpWidth, bits: Node): Node {
    return this.leU(fmt, this.lit(fmt, fmt === 32 ? 0xff00_0000 : 0xffe0_0000_0000_0000n), this.magnitude(fmt, bits))
  }
  private isZero(fmt: FpWidth, bits: Node): Node {
    return this.eq(fmt, this.magnitude(fmt, bits), this.lit(fmt, 0))
  }

  subBytes(inverted: boolean, a: Node): Node {
    return vectorSubBytes(this, inverted, a)
  }
  clmul(a: Node, b: Node): Node {
    return vectorClmul(this, a, b)
  }

  fp(op: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', fmt: FpWidth, a: Node, b: Node): Node {
    this.requireFastFp()
    const f = FP[fmt].fp
    const unusual = this.or(8, this.mayBeUnusual(fmt, a), this.mayBeUnusual(fmt, b))
    const denormal = this.or(8, this.isDenormal(fmt, a), this.isDenormal(fmt, b))
    if (op === 'min' || op === 'max') {
      this.exitIfBoth(unusual, this.or(8, denormal, this.or(8, this.isNotFinite(fmt, a), this.isNotFinite(fmt, b))))
      const [x, y] = [this.asFp(fmt, a), this.asFp(fmt, b)]
      return this.select(fmt, node('i32', `${f}.${op === 'min' ? 'lt' : 'gt'}`, [x, y]), a, b)
    }
    const r = this.asBits(fmt, this.held(node(f, `${f}.${op}`, [this.asFp(fmt, a), this.asFp(fmt, b)])))
    // A zero is exact after add and sub; after mul and div only if an operand was zero (else it is an underflow).
    const zeroIsFine =
      op === 'add' || op === 'sub'
        ? this.lit(8, 1)
        : op === 'mul'
          ? this.or(8, this.isZero(fmt, a), this.isZero(fmt, b))
          : this.isZero(fmt, a)
    const fine = this.and(8, this.isZero(fmt, r), zeroIsFine)
    this.exitIfBoth(
      this.or(8, unusual, this.notNormal(fmt, r)),
      this.or(8, denormal, this.and(8, this.notNormal(fmt, r), node('i32', 'i32.eqz', [fine]))),
    )
    r.sound = true
    // Infinite operands made an infinite result or a NaN, but for the divisor of zero.
    this.foundSound(a)
    if (op !== 'div') this.foundSound(b)
    return r
  }
  fpSqrt(fmt: FpWidth, a: Node): Node {
    this.requireFastFp()
    const f = FP[fmt].fp
    const r = this.asBits(fmt, this.held(node(f, `${f}.sqrt`, [this.asFp(fmt, a)])))
    // The root of a denormal number is normal.
    this.exitIfBoth(
      this.or(8, this.mayBeUnusual(fmt, a), this.notNormal(fmt, r)),
      this.or(
        8,
        this.isDenormal(fmt, a),
        this.and(8, this.notNormal(fmt, r), node('i32', 'i32.eqz', [this.isZero(fmt, r)])),
      ),
    )
    r.sound = true
    this.foundSound(a)
    return r
  }
  fpCompare(fmt: FpWidth, predicate: number, a: Node, b: Node): Node {
    const [x, y] = this.ordered(fmt, a, b)
    const f = FP[fmt].fp
    // Both are ordered here, so the negated predicates (4 to 7) are simple negations, UNORD is false and ORD is true.
    switch (predicate & 7) {
      case 0:
        return node('i32', `${f}.eq`, [x, y])
      case 1:
        return node('i32', `${f}.lt`, [x, y])
      case 2:
        return node('i32', `${f}.le`, [x, y])
      case 4:
        return node('i32', `${f}.ne`, [x, y])
      case 5:
        return node('i32', `${f}.ge`, [x, y])
      case 6:
        return node('i32', `${f}.gt`, [x, y])
      default:
        return this.lit(8, (predicate & 7) === 7 ? 1 : 0)
    }
  }
  fpOrder(fmt: FpWidth, _quiet: boolean, a: Node, b: Node): Node {
    const [x, y] = this.ordered(fmt, a, b)
    const f = FP[fmt].fp
    const equal = node('i32', 'i32.shl', [node('i32', `${f}.eq`, [x, y]), constant('i32', 6)])
    return node('i32', 'i32.or', [node('i32', `${f}.lt`, [x, y]), equal])
  }
  /** Leaves unless both are zero, normal or infinite. */
  private ordered(fmt: FpWidth, a: Node, b: Node): [Node, Node] {
    const bad = (n: Node): Node =>
      this.or(
        8,
        this.isDenormal(fmt, n),
        this.ltU(fmt, this.lit(fmt, fmt === 32 ? 0xff00_0000 : 0xffe0_0000_0000_0000n), this.magnitude(fmt, n)),
      )
    this.exitIfBoth(this.or(8, this.mayBeUnusual(fmt, a), this.mayBeUnusual(fmt, b)), this.or(8, bad(a), bad(b)))
    return [this.asFp(fmt, a), this.asFp(fmt, b)]
  }
  fpFromInt(fmt: FpWidth, w: 32 | 64, a: Node): Node {
    if (!(fmt === 64 && w === 32)) this.requireFastFp()
    const r = this.asBits(fmt, node(FP[fmt].fp, `${FP[fmt].fp}.convert_${w === 64 ? 'i64' : 'i32'}_s`, [a]))
    r.sound = true
    return r
  }
  fpToInt(fmt: FpWidth, w: 32 | 64, truncate: boolean, a: Node): Node {
    this.requireFastFp()
    // |a| below 2^(w-1): the exponent decides. What is left out (the most negative integer) the evaluator does.
    const bias = fmt === 32 ? 127 : 1023
    const limit = BigInt(bias + w - 1) << BigInt(fmt === 32 ? 24 : 53)
    this.exitIf(this.leU(fmt, this.lit(fmt, fmt === 32 ? Number(limit) : limit), this.magnitude(fmt, a)))
    const f = FP[fmt].fp
    const x = truncate ? this.asFp(fmt, a) : node(f, `${f}.nearest`, [this.asFp(fmt, a)])
    // Rounding to nearest may reach 2^(w-1) itself: one more check for the narrow case.
    if (!truncate)
      this.exitIf(
        this.leU(fmt, this.lit(fmt, fmt === 32 ? Number(limit) : limit), this.magnitude(fmt, this.asBits(fmt, x))),
      )
    return node(w === 64 ? 'i64' : 'i32', `${w === 64 ? 'i64' : 'i32'}.trunc_${f}_s`, [x])
  }
  fpToFp(from: FpWidth, to: FpWidth, a: Node): Node {
    invariant(from !== to, 'a conversion between formats')
    if (to === 64) {
      this.exitIf(this.or(8, this.isDenormal(32, a), this.isNotFinite(32, a)))
      return this.asBits(64, node('f64', 'f64.promote_f32', [this.asFp(32, a)]))
    }
    this.requireFastFp()
    const r = this.asBits(32, node('f32', 'f32.demote_f64', [this.asFp(64, a)]))
    const bad = this.and(8, this.notNormal(32, r), node('i32', 'i32.eqz', [this.isZero(64, a)]))
    this.exitIf(this.or(8, this.isDenormal(64, a), bad))
    return r
  }
  fpRound(fmt: FpWidth, rounding: FpRounding, _exact: boolean, a: Node): Node {
    this.requireFastFp()
    this.exitIf(this.ltU(fmt, this.lit(fmt, fmt === 32 ? 0xff00_0000 : 0xffe0_0000_0000_0000n), this.magnitude(fmt, a)))
    const f = FP[fmt].fp
    const way = rounding === 'MXCSR' ? 'nearest' : ROUNDING[rounding]
    return this.asBits(fmt, node(f, `${f}.${way}`, [this.asFp(fmt, a)]))
  }
  /** Nothing traps while MXCSR is as the checks demand. */
  fpSettle(): void {
    this.requireFastFp()
  }
}
