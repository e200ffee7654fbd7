/**
 * What PCMPESTRI and its like find, as vector code. [SDM-2 "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM"]
 * Written over the algebra, so that both readers can be asked whether it is right.
 */
import { packLanes, type Ops, type SimdOp } from '../isa/index.ts'

interface StringOperand<V> {
  readonly vector: V
  /** In elements, width 32. */
  readonly length: V
}

/** Vector operations on elements of one size. */
class Elements<V> {
  readonly o: Ops<V>
  /** In bytes. */
  readonly size: 1 | 2
  readonly count: number
  private readonly shape: 'i8x16' | 'i16x8'
  private readonly sign: 's' | 'u'
  /** Of an element. */
  readonly least: number
  readonly most: number

  constructor(o: Ops<V>, byte: number) {
    this.o = o
    this.size = byte & 1 ? 2 : 1
    this.count = 16 / this.size
    this.shape = byte & 1 ? 'i16x8' : 'i8x16'
    this.sign = byte & 2 ? 's' : 'u'
    const values = 2 ** (8 * this.size)
    this.least = byte & 2 ? -values / 2 : 0
    this.most = this.least + values - 1
  }

  private op(name: string, ...args: readonly V[]): V {
    return this.o.simd(`${this.shape}.${name}` as SimdOp, args)
  }
  equal(a: V, b: V): V {
    return this.op('eq', a, b)
  }
  greater(a: V, b: V): V {
    return this.op(`gt_${this.sign}`, a, b)
  }
  bits(v: V): V {
    return this.op('bitmask', v)
  }
  and(a: V, b: V): V {
    return this.o.simd('v128.and', [a, b])
  }
  or(a: V, b: V): V {
    return this.o.simd('v128.or', [a, b])
  }
  not(a: V): V {
    return this.o.simd('v128.not', [a])
  }
  choose(mask: V, ifOnes: V, ifZeros: V): V {
    return this.o.simd('v128.bitselect', [ifOnes, ifZeros, mask])
  }
  constant(element: (k: number) => number): V {
    return this.o.lit(128, packLanes(8 * this.size, this.all.map(element)))
  }
  /** All ones in the elements whose `place` is below the length. */
  below(length: V, place: (k: number) => number = (k) => k): V {
    return this.o.simd(`${this.shape}.gt_s` as SimdOp, [this.op('splat', length), this.constant(place)])
  }
  /** Element k everywhere. */
  spread(v: V, k: number): V {
    const { size } = this
    return this.o.shuffle(
      Array.from({ length: 16 }, (_, n) => size * k + (n % size)),
      v,
      v,
    )
  }
  /** Element j from element j + k; zero where there is none. */
  from(v: V, k: number): V {
    return this.o.shuffle(
      Array.from({ length: 16 }, (_, n) => n + this.size * k),
      v,
      this.o.lit(128, 0),
    )
  }
  /** The numbers of all elements. */
  get all(): number[] {
    return Array.from({ length: this.count }, (_, k) => k)
  }
}

/** Which elements of b are in the set a. What is beyond the end of a is taken for its first element. */
function equalAny<V>(e: Elements<V>, a: StringOperand<V>, b: StringOperand<V>): V {
  const set = e.choose(e.below(a.length), a.vector, e.spread(a.vector, 0))
  const found = e.all.map((k) => e.equal(b.vector, e.spread(set, k))).reduce((x, y) => e.or(x, y))
  return e.and(
    e.and(found, e.below(b.length)),
    e.below(a.length, () => 0),
  )
}

/** Which elements of b are in a range of a, whose elements are pairs. What is beyond the end of a is a range that holds nothing. */
function ranges<V>(e: Elements<V>, a: StringOperand<V>, b: StringOperand<V>): V {
  const empty = e.constant((k) => (k & 1 ? e.least : e.most))
  const pairs = e.choose(
    e.below(a.length, (k) => k | 1),
    a.vector,
    empty,
  )
  const outside = e.all
    .filter((k) => k % 2 === 0)
    .map((k) => e.or(e.greater(e.spread(pairs, k), b.vector), e.greater(b.vector, e.spread(pairs, k + 1))))
    .reduce((x, y) => e.and(x, y))
  return e.and(e.not(outside), e.below(b.length))
}

/** Which elements are the same, or beyond the end of both. */
function equalEach<V>(e: Elements<V>, a: StringOperand<V>, b: StringOperand<V>): V {
  const [inA, inB] = [e.below(a.length), e.below(b.length)]
  return e.or(e.and(e.equal(a.vector, b.vector), e.and(inA, inB)), e.not(e.or(inA, inB)))
}

/** Where in b the string a begins, or so much of it as fits in the rest of the vector. */
function equalOrdered<V>(e: Elements<V>, a: StringOperand<V>, b: StringOperand<V>): V {
  const [behindA, inB] = [e.not(e.below(a.length)), e.below(b.length)]
  return e.all
    .map((k) => {
      const same = e.and(e.equal(e.spread(a.vector, k), e.from(b.vector, k)), e.from(inB, k))
      const noMatter = e.or(
        e.spread(behindA, k),
        e.constant((j) => (j + k < e.count ? 0 : -1)),
      )
      return e.or(same, noMatter)
    })
    .reduce((x, y) => e.and(x, y))
}

/** By bits 3:2 of the immediate. */
const AGGREGATIONS = [equalAny, ranges, equalEach, equalOrdered] as const

/** As Ops.compareStrings. */
export function vectorCompareStrings<V>(o: Ops<V>, byte: number, a: StringOperand<V>, b: StringOperand<V>): V {
  const e = new Elements(o, byte)
  const found = e.bits((AGGREGATIONS[(byte >> 2) & 3] ?? equalAny)(e, a, b))
  const polarity = (byte >> 4) & 3
  if (polarity === 1) return o.xor(32, found, o.lit(32, 2 ** e.count - 1))
  if (polarity === 3) return o.xor(32, found, o.sub(32, o.shl(32, o.lit(32, 1), b.length), o.lit(32, 1)))
  return found
}
