import { invariant } from '../base/index.ts'
import { hasRelaxedSimd } from '../wasm/index.ts'
import type { FpRounding, FpWidth, Ops } from '../isa/index.ts'
import { CompileIntegers } from './compile-integers.ts'
import { vectorClmul, vectorSubBytes } from './crypto-texts.ts'
import { vectorCompareStrings } from './string-compare-text.ts'
import { fmaOfDoubles, oddFmaOfSingles } from './fma-text.ts'
import { constant, node, simdNode, type Node } from './node.ts'

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

/** Singles whose halves are normal, however they are rounded. */
const [LEAST_HALF, MOST_HALF] = [0x3880_0000, 0x477f_e000]

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
  /** Not normal: the exponent is all zeros or all ones. Adding one makes it 1 or 0, without a constant of 64 bits. */
  private notNormal(fmt: FpWidth, bits: Node, exponents: number = FP[fmt].exponents): Node {
    const exponent = this.trunc(fmt, 32, this.shr(fmt, bits, constant('i32', FP[fmt].fraction)))
    return this.eq(32, this.and(32, this.add(32, exponent, this.lit(32, 1)), this.lit(32, exponents)), this.lit(32, 0))
  }
  /**
   * Of a rounded result: not normal, or so small that it may have been tiny before it was rounded to the smallest normal number, which is
   * an underflow. Exponents 1 and 2 are not told apart here.
   */
  private mayBeTiny(fmt: FpWidth, bits: Node): Node {
    return this.notNormal(fmt, bits, FP[fmt].exponents & ~2)
  }
  /** The same as `mayBeTiny`, or `notNormal`, in other words: V8 would keep that condition as a value if it was used twice. */
  private isOutside(fmt: FpWidth, bits: Node, tinyToo: boolean): Node {
    const exponent = (n: number): number | bigint => (fmt === 32 ? (n << 24) >>> 0 : BigInt(n) << 53n)
    const [least, none] = [tinyToo ? 3 : 1, FP[fmt].exponents + 1]
    const above = this.sub(fmt, this.magnitude(fmt, bits), this.lit(fmt, exponent(least)))
    return this.leU(fmt, this.lit(fmt, exponent(none - least)), above)
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
  compareStrings(byte: number, a: Node, aLength: Node, b: Node, bLength: Node): Node {
    return vectorCompareStrings(this, byte, { vector: a, length: aLength }, { vector: b, length: bLength })
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
    // A sum that small is exact.
    const mayUnderflow = op !== 'add' && op !== 'sub'
    this.exitIfBoth(
      this.or(8, unusual, mayUnderflow ? this.mayBeTiny(fmt, r) : this.notNormal(fmt, r)),
      this.or(8, denormal, this.and(8, this.isOutside(fmt, r, mayUnderflow), node('i32', 'i32.eqz', [fine]))),
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
        this.and(8, this.isOutside(fmt, r, false), node('i32', 'i32.eqz', [this.isZero(fmt, r)])),
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
    const bad = this.and(8, this.mayBeTiny(32, r), node('i32', 'i32.eqz', [this.isZero(64, a)]))
    this.exitIf(this.or(8, this.isDenormal(64, a), bad))
    return r
  }
  fpFma(fmt: FpWidth, negateProduct: boolean, negateAddend: boolean, a: Node, b: Node, c: Node): Node {
    this.requireFastFp()
    if (hasRelaxedSimd()) return this.fusedByHost(fmt, negateProduct, negateAddend, [a, b, c])
    const operands = [a, b, c]
    const any = (f: (n: Node) => Node): Node => operands.map(f).reduce((x, y) => this.or(8, x, y))
    const wide = operands.map((n) =>
      fmt === 64 ? this.asFp(64, n) : node('f64', 'f64.promote_f32', [this.asFp(32, n)]),
    )
    const signed = (n: Node, negate: boolean): Node => (negate ? node('f64', 'f64.neg', [n]) : n)
    const [x, y, z] = [signed(wide[0] as Node, negateProduct), wide[1] as Node, signed(wide[2] as Node, negateAddend)]
    if (fmt === 64) {
      // With the exponents in the middle of their range nothing on the way overflows or underflows.
      this.exitIf(any((n) => this.isExtreme(n, n === c ? 900 : 400)))
      const r = fmaOfDoubles(this, x, y, z)
      const plain = node('f64', 'f64.add', [node('f64', 'f64.mul', [x, y]), z])
      const isZero = node('i32', 'f64.eq', [r, node('f64', 'f64.reinterpret_i64', [constant('i64', 0n)])])
      return this.soundResult(this.select(64, isZero, this.asBits(64, plain), this.asBits(64, r)))
    }
    const unusual = any((n) => this.or(8, this.isDenormal(32, n), this.isNotFinite(32, n)))
    this.exitIfBoth(
      any((n) => this.mayBeUnusual(32, n)),
      unusual,
    )
    const s = this.held(oddFmaOfSingles(this, x, y, z))
    const r = this.held(this.asBits(32, node('f32', 'f32.demote_f64', [s])))
    const isInexact = this.ne(64, this.magnitude(64, this.asBits(64, s)), this.lit(64, 0))
    this.exitIf(this.and(8, this.mayBeTiny(32, r), isInexact))
    return this.soundResult(r)
  }
  private fusedByHost(
    fmt: FpWidth,
    negateProduct: boolean,
    negateAddend: boolean,
    operands: readonly [Node, Node, Node],
  ): Node {
    const [a, b] = operands
    const { fp } = FP[fmt]
    const shape = fmt === 64 ? 'f64x2' : 'f32x4'
    const any = (f: (n: Node) => Node): Node => operands.map(f).reduce((x, y) => this.or(8, x, y))
    const vectors = operands.map((n, k) => {
      const x = this.asFp(fmt, n)
      const isNegated = (k === 0 && negateProduct) || (k === 2 && negateAddend)
      return simdNode('v128', `${shape}.splat`, [isNegated ? node(fp, `${fp}.neg`, [x]) : x])
    })
    const sum = simdNode('v128', `${shape}.relaxed_madd`, vectors)
    const r = this.asBits(fmt, this.held(simdNode(fp, `${shape}.extract_lane`, [sum], [0])))
    // Else a zero may be an underflow.
    const isExactZero = this.and(8, this.isZero(fmt, r), this.or(8, this.isZero(fmt, a), this.isZero(fmt, b)))
    this.exitIfBoth(
      this.or(
        8,
        any((n) => this.mayBeUnusual(fmt, n)),
        this.mayBeTiny(fmt, r),
      ),
      this.or(
        8,
        any((n) => this.isDenormal(fmt, n)),
        this.and(8, this.isOutside(fmt, r, true), node('i32', 'i32.eqz', [isExactZero])),
      ),
    )
    for (const n of operands) this.foundSound(n)
    return this.soundResult(r)
  }
  private soundResult(bits: Node): Node {
    this.foundSound(bits)
    return bits
  }
  /** Neither zero nor of an exponent between -`limit` and `limit`. */
  private isExtreme(bits: Node, limit: number): Node {
    const exponentBits = (e: number): bigint => BigInt(1023 + e) << 53n
    const inside = this.ltU(
      64,
      this.sub(64, this.magnitude(64, bits), this.lit(64, exponentBits(-limit))),
      this.lit(64, exponentBits(limit) - exponentBits(-limit)),
    )
    return this.xor(8, this.or(8, inside, this.isZero(64, bits)), this.lit(8, 1))
  }
  fpFromHalf(a: Node): Node {
    const exponent = this.and(32, a, this.lit(32, 0x7c00))
    this.exitIf(this.eq(32, exponent, this.lit(32, 0x7c00)))
    // The exponent of a single is larger by 112, which a multiplication adds; a denormal half becomes normal by it.
    const magnitude = this.shl(32, this.and(32, a, this.lit(32, 0x7fff)), this.lit(32, 13))
    const factor = node('f32', 'f32.reinterpret_i32', [constant('i32', (127 + 112) << 23)])
    const value = this.asBits(32, node('f32', 'f32.mul', [node('f32', 'f32.reinterpret_i32', [magnitude]), factor]))
    return this.soundResult(this.or(32, value, this.shl(32, this.and(32, a, this.lit(32, 0x8000)), this.lit(32, 16))))
  }
  fpToHalf(rounding: FpRounding, a: Node): Node {
    this.requireFastFp()
    const magnitude = this.and(32, a, this.lit(32, 0x7fff_ffff))
    const isNormal = this.ltU(
      32,
      this.sub(32, magnitude, this.lit(32, LEAST_HALF)),
      this.lit(32, MOST_HALF - LEAST_HALF),
    )
    this.exitIf(this.xor(8, this.or(8, isNormal, this.eq(32, magnitude, this.lit(32, 0))), this.lit(8, 1)))
    const sign = this.shr(32, a, this.lit(32, 31))
    const up = this.lit(32, 0x1fff)
    const added = {
      0: this.add(32, this.lit(32, 0xfff), this.and(32, this.shr(32, magnitude, this.lit(32, 13)), this.lit(32, 1))),
      1: this.select(32, sign, up, this.lit(32, 0)),
      2: this.select(32, sign, this.lit(32, 0), up),
      3: this.lit(32, 0),
    }[rounding === 'MXCSR' ? 0 : rounding]
    const rounded = this.shr(
      32,
      this.sub(32, this.add(32, magnitude, added), this.lit(32, 112 << 23)),
      this.lit(32, 13),
    )
    const half = this.select(32, this.eq(32, magnitude, this.lit(32, 0)), this.lit(32, 0), rounded)
    return this.or(32, half, this.shl(32, sign, this.lit(32, 15)))
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
