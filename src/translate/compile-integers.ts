import { hasRelaxedSimd, type OpName, type ValueType } from '../wasm/index.ts'
import { EvalOps, SIMD_OPS, type IntWidth, type Ops, type SimdOp, type Width } from '../isa/index.ts'
import { constant, node, simdNode, type Node } from './node.ts'

/** Ops without floating point and cryptography. */
type IntegerOps<V> = Omit<Ops<V>, (keyof Ops<V> & `fp${string}`) | 'subBytes' | 'clmul' | 'compareStrings'>

const fold = new EvalOps()
const isConst = (n: Node): boolean => n.op === 'const'
const typeOf = (w: Width): ValueType => (w === 128 ? 'v128' : w === 64 ? 'i64' : 'i32')
const MASK = { 8: 0xff, 16: 0xffff } as const

/** Reader 2 of the algebra, integers and vectors: each operation becomes a node, simplified while it is built. */
export abstract class CompileIntegers implements IntegerOps<Node> {
  /** Leaves the region before this instruction has done anything, if `condition` (i32) is not 0: the evaluator does it exactly. */
  protected abstract exitIf(condition: Node): void
  /** The quotient of 128 bits by 64; `high` is less than the divisor. */
  protected abstract wideQuotient(high: Node, low: Node, divisor: Node): Node

  lit(w: Width, n: number | bigint): Node {
    return constant(typeOf(w), fold.lit(w, n))
  }
  /** i32 or i64 operation on values of width w, result cut to w bits. */
  private arithmetic(w: IntWidth, name: 'add' | 'sub' | 'mul' | 'shl', a: Node, b: Node): Node {
    if (w === 64) return node('i64', `i64.${name}`, [a, b])
    const r = node('i32', `i32.${name}`, [a, b])
    return w === 32 ? r : this.mask(w, r)
  }
  private mask(w: 8 | 16, a: Node): Node {
    return node('i32', 'i32.and', [a, constant('i32', MASK[w])])
  }
  private isLit(n: Node, value: number): boolean {
    return isConst(n) && BigInt(n.value) === BigInt(value)
  }

  add(w: IntWidth, a: Node, b: Node): Node {
    if (isConst(a) && isConst(b)) return this.lit(w, fold.add(w, a.value, b.value))
    if (this.isLit(b, 0)) return a
    if (this.isLit(a, 0)) return b
    // Displacements meet: V8 would add them, but keep an addition of zero.
    const [x, c] = a.args
    if (w === 64 && isConst(b) && a.op === 'i64.add' && x && c && isConst(c))
      return this.add(w, x, this.lit(w, fold.add(w, c.value, b.value)))
    return this.arithmetic(w, 'add', a, b)
  }
  sub(w: IntWidth, a: Node, b: Node): Node {
    if (isConst(a) && isConst(b)) return this.lit(w, fold.sub(w, a.value, b.value))
    if (this.isLit(b, 0)) return a
    return this.arithmetic(w, 'sub', a, b)
  }
  mul(w: IntWidth, a: Node, b: Node): Node {
    return this.arithmetic(w, 'mul', a, b)
  }
  mulHighU(w: 32 | 64, a: Node, b: Node): Node {
    if (w === 32) return this.high32(node('i64', 'i64.mul', [this.zext(32, 64, a), this.zext(32, 64, b)]))
    // Four products of 32-bit halves: wasm has no 128-bit product.
    const low = this.lit(64, 0xffff_ffffn)
    const n32 = this.lit(64, 32n)
    const op = (name: OpName, x: Node, y: Node): Node => node('i64', name, [x, y])
    const [al, ah] = [op('i64.and', a, low), op('i64.shr_u', a, n32)]
    const [bl, bh] = [op('i64.and', b, low), op('i64.shr_u', b, n32)]
    const t = op('i64.add', op('i64.mul', ah, bl), op('i64.shr_u', op('i64.mul', al, bl), n32))
    const u = op('i64.add', op('i64.mul', al, bh), op('i64.and', t, low))
    return op('i64.add', op('i64.add', op('i64.mul', ah, bh), op('i64.shr_u', t, n32)), op('i64.shr_u', u, n32))
  }
  mulHighS(w: 32 | 64, a: Node, b: Node): Node {
    if (w === 32) return this.high32(node('i64', 'i64.mul', [this.sext(32, 64, a), this.sext(32, 64, b)]))
    const correction = (x: Node, y: Node): Node =>
      node('i64', 'i64.and', [node('i64', 'i64.shr_s', [x, this.lit(64, 63)]), y])
    return this.sub(64, this.sub(64, this.mulHighU(64, a, b), correction(a, b)), correction(b, a))
  }
  private high32(product: Node): Node {
    return node('i32', 'i32.wrap_i64', [node('i64', 'i64.shr_u', [product, this.lit(64, 32n)])])
  }

  divU(w: IntWidth, high: Node, low: Node, divisor: Node): { quotient: Node; remainder: Node } {
    if (w === 64) {
      // Also where the divisor is zero.
      this.exitIf(node('i32', 'i64.ge_u', [high, divisor]))
      const quotient = this.wideQuotient(high, low, divisor)
      return { quotient, remainder: this.remainder(low, quotient, divisor) }
    }
    const n = this.joined(w, high, low)
    const d = this.zext(w, 64, divisor)
    this.exitIf(node('i32', 'i64.eqz', [d]))
    const q = node('i64', 'i64.div_u', [n, d])
    this.exitIf(node('i32', 'i64.ne', [node('i64', 'i64.shr_u', [q, this.lit(64, w)]), this.lit(64, 0)]))
    return { quotient: this.trunc(64, w, q), remainder: this.trunc(64, w, this.remainder(n, q, d)) }
  }
  divS(w: IntWidth, high: Node, low: Node, divisor: Node): { quotient: Node; remainder: Node } {
    const n = w === 64 ? low : this.joinedSigned(w, high, low)
    const d = this.sext(w, 64, divisor)
    // Division by -1 is left to the evaluator too: it is rare, and the one that can overflow in wasm.
    this.exitIf(node('i32', 'i64.le_u', [node('i64', 'i64.add', [d, this.lit(64, 1)]), this.lit(64, 1)]))
    if (w === 64) this.exitIf(node('i32', 'i64.ne', [high, node('i64', 'i64.shr_s', [low, this.lit(64, 63)])]))
    const q = node('i64', 'i64.div_s', [n, d])
    if (w !== 64) this.exitIf(node('i32', 'i64.ne', [q, this.sext(w, 64, this.trunc(64, w, q))]))
    return { quotient: this.trunc(64, w, q), remainder: this.trunc(64, w, this.remainder(n, q, d)) }
  }
  /** A product costs less than another division. */
  private remainder(n: Node, quotient: Node, divisor: Node): Node {
    return node('i64', 'i64.sub', [n, node('i64', 'i64.mul', [quotient, divisor])])
  }
  private joined(w: 8 | 16 | 32, high: Node, low: Node): Node {
    return node('i64', 'i64.or', [
      node('i64', 'i64.shl', [this.zext(w, 64, high), this.lit(64, w)]),
      this.zext(w, 64, low),
    ])
  }
  private joinedSigned(w: 8 | 16 | 32, high: Node, low: Node): Node {
    const n = this.joined(w, high, low)
    if (w === 32) return n
    return w === 16 ? node('i64', 'i64.extend32_s', [n]) : node('i64', 'i64.extend16_s', [n])
  }

  and(w: IntWidth, a: Node, b: Node): Node {
    return this.logic(w, 'and', a, b)
  }
  or(w: IntWidth, a: Node, b: Node): Node {
    if (this.isLit(b, 0)) return a
    if (this.isLit(a, 0)) return b
    return this.logic(w, 'or', a, b)
  }
  xor(w: IntWidth, a: Node, b: Node): Node {
    if (this.isLit(b, 0)) return a
    if (w === 8 && this.isLit(b, 1) && isComparison(a)) return node('i32', 'i32.eqz', [a])
    return this.logic(w, 'xor', a, b)
  }
  private logic(w: IntWidth, name: 'and' | 'or' | 'xor', a: Node, b: Node): Node {
    if (isConst(a) && isConst(b)) return this.lit(w, fold[name](w, a.value, b.value))
    return w === 64 ? node('i64', `i64.${name}`, [a, b]) : node('i32', `i32.${name}`, [a, b])
  }
  not(w: IntWidth, a: Node): Node {
    return this.xor(w, a, this.lit(w, w === 64 ? 0xffff_ffff_ffff_ffffn : -1))
  }

  /** Shift counts come as i32 and wasm wants them in the width of the value. */
  private count(w: IntWidth, count: Node): Node {
    return w === 64 ? this.zext(32, 64, count) : count
  }
  shl(w: IntWidth, a: Node, count: Node): Node {
    return this.arithmetic(w, 'shl', a, this.count(w, count))
  }
  shr(w: IntWidth, a: Node, count: Node): Node {
    return w === 64 ? node('i64', 'i64.shr_u', [a, this.count(w, count)]) : node('i32', 'i32.shr_u', [a, count])
  }
  sar(w: IntWidth, a: Node, count: Node): Node {
    if (w === 64) return node('i64', 'i64.shr_s', [a, this.count(w, count)])
    if (w === 32) return node('i32', 'i32.shr_s', [a, count])
    return this.mask(w, node('i32', 'i32.shr_s', [this.sext(w, 32, a), count]))
  }
  rotl(w: IntWidth, a: Node, count: Node): Node {
    if (w === 64) return node('i64', 'i64.rotl', [a, this.count(w, count)])
    if (w === 32) return node('i32', 'i32.rotl', [a, count])
    const n = node('i32', 'i32.and', [count, constant('i32', w - 1)])
    const back = node('i32', 'i32.sub', [constant('i32', w), n])
    return this.mask(w, node('i32', 'i32.or', [node('i32', 'i32.shl', [a, n]), node('i32', 'i32.shr_u', [a, back])]))
  }
  rotr(w: IntWidth, a: Node, count: Node): Node {
    if (w === 64) return node('i64', 'i64.rotr', [a, this.count(w, count)])
    if (w === 32) return node('i32', 'i32.rotr', [a, count])
    return this.rotl(
      w,
      a,
      node('i32', 'i32.sub', [constant('i32', w), node('i32', 'i32.and', [count, constant('i32', w - 1)])]),
    )
  }

  eq(w: IntWidth, a: Node, b: Node): Node {
    if (this.isLit(b, 0)) return node('i32', w === 64 ? 'i64.eqz' : 'i32.eqz', [a])
    return this.compare(w, 'eq', a, b)
  }
  ne(w: IntWidth, a: Node, b: Node): Node {
    return this.compare(w, 'ne', a, b)
  }
  ltU(w: IntWidth, a: Node, b: Node): Node {
    return this.compare(w, 'lt_u', a, b)
  }
  leU(w: IntWidth, a: Node, b: Node): Node {
    return this.compare(w, 'le_u', a, b)
  }
  ltS(w: IntWidth, a: Node, b: Node): Node {
    return this.compare(w, 'lt_s', this.signed(w, a), this.signed(w, b))
  }
  leS(w: IntWidth, a: Node, b: Node): Node {
    return this.compare(w, 'le_s', this.signed(w, a), this.signed(w, b))
  }
  private signed(w: IntWidth, a: Node): Node {
    return w < 32 ? this.sext(w, 32, a) : a
  }
  private compare(w: IntWidth, name: 'eq' | 'ne' | 'lt_u' | 'le_u' | 'lt_s' | 'le_s', a: Node, b: Node): Node {
    return node('i32', w === 64 ? `i64.${name}` : `i32.${name}`, [a, b])
  }
  select(w: Width, condition: Node, ifTrue: Node, ifFalse: Node): Node {
    if (isConst(condition)) return condition.value ? ifTrue : ifFalse
    return node(typeOf(w), 'select', [ifTrue, ifFalse, condition])
  }

  zext(from: IntWidth, to: IntWidth, a: Node): Node {
    if (to !== 64 || from === 64) return a
    if (isConst(a)) return this.lit(64, BigInt(a.value))
    return node('i64', 'i64.extend_i32_u', [a])
  }
  sext(from: IntWidth, to: IntWidth, a: Node): Node {
    if (from === to) return a
    if (isConst(a)) return this.lit(to, fold.sext(from, to, a.value))
    if (to === 64) {
      if (from === 32) return node('i64', 'i64.extend_i32_s', [a])
      return node('i64', from === 8 ? 'i64.extend8_s' : 'i64.extend16_s', [node('i64', 'i64.extend_i32_u', [a])])
    }
    const r = node('i32', from === 8 ? 'i32.extend8_s' : 'i32.extend16_s', [a])
    return to === 32 ? r : this.mask(16, r)
  }
  trunc(from: IntWidth, to: IntWidth, a: Node): Node {
    if (from === to) return a
    if (isConst(a)) return this.lit(to, fold.trunc(from, to, a.value))
    const narrow =
      from === 64 ? (a.op === 'i64.extend_i32_u' ? (a.args[0] as Node) : node('i32', 'i32.wrap_i64', [a])) : a
    return to === 32 ? narrow : to === 64 ? narrow : this.mask(to, narrow)
  }
  bit(w: IntWidth, a: Node, i: number): Node {
    if (isConst(a)) return this.lit(8, fold.bit(w, a.value, i))
    const low =
      w === 64
        ? node('i32', 'i32.wrap_i64', [i === 0 ? a : node('i64', 'i64.shr_u', [a, this.lit(64, i)])])
        : i === 0
          ? a
          : node('i32', 'i32.shr_u', [a, constant('i32', i)])
    return i === w - 1 ? low : node('i32', 'i32.and', [low, constant('i32', 1)])
  }
  evenParity(w: IntWidth, a: Node): Node {
    const ones = node('i32', 'i32.popcnt', [this.trunc(w, 8, a)])
    return node('i32', 'i32.and', [node('i32', 'i32.xor', [ones, constant('i32', 1)]), constant('i32', 1)])
  }
  clz(w: 32 | 64, a: Node): Node {
    return node(typeOf(w), w === 64 ? 'i64.clz' : 'i32.clz', [a])
  }
  ctz(w: 32 | 64, a: Node): Node {
    return node(typeOf(w), w === 64 ? 'i64.ctz' : 'i32.ctz', [a])
  }
  popcnt(w: 32 | 64, a: Node): Node {
    return node(typeOf(w), w === 64 ? 'i64.popcnt' : 'i32.popcnt', [a])
  }
  bswap(w: 32 | 64, a: Node): Node {
    if (w === 32) {
      const odd = node('i32', 'i32.and', [a, constant('i32', 0x00ff_00ff)])
      const even = node('i32', 'i32.and', [a, constant('i32', 0xff00_ff00)])
      return node('i32', 'i32.or', [
        node('i32', 'i32.rotr', [odd, constant('i32', 8)]),
        node('i32', 'i32.rotl', [even, constant('i32', 8)]),
      ])
    }
    const half = (n: Node): Node => this.zext(32, 64, this.bswap(32, n))
    const low = half(this.trunc(64, 32, a))
    const high = half(this.high32(a))
    return node('i64', 'i64.or', [node('i64', 'i64.shl', [low, this.lit(64, 32)]), high])
  }

  simd(op: SimdOp, args: readonly Node[], lane?: number): Node {
    const asFloat = lane === undefined ? undefined : floatLane(op, args, lane)
    if (asFloat) return asFloat
    const result = SIMD_OPS[op].split(':')[1]
    const type: ValueType = result === 'v' ? 'v128' : result === 'l' ? 'i64' : 'i32'
    return simdNode(type, op, args, lane === undefined ? [] : [lane])
  }
  pickBytes(a: Node, index: Node): Node {
    return hasRelaxedSimd()
      ? simdNode('v128', 'i8x16.relaxed_swizzle', [a, index])
      : this.simd('i8x16.swizzle', [a, index])
  }
  shuffle(bytes: readonly number[], a: Node, b: Node): Node {
    return simdNode('v128', 'i8x16.shuffle', [a, b], bytes)
  }
}

/**
 * Lanes go through floats: those stay in the vector registers, where the integer operations on lanes pass through a general-purpose
 * one. A float that is only moved keeps its bits.
 */
function floatLane(op: SimdOp, args: readonly Node[], lane: number): Node | undefined {
  const [vector, value] = args
  const [type, bits, shape] =
    op === 'i64x2.extract_lane' || op === 'i64x2.replace_lane'
      ? (['f64', 'i64.reinterpret_f64', 'f64x2'] as const)
      : (['f32', 'i32.reinterpret_f32', 'f32x4'] as const)
  if (op === 'i64x2.extract_lane' || op === 'i32x4.extract_lane')
    return node(type === 'f64' ? 'i64' : 'i32', bits, [simdNode(type, `${shape}.extract_lane`, args, [lane])])
  const [float] = value?.args ?? []
  if ((op !== 'i64x2.replace_lane' && op !== 'i32x4.replace_lane') || !vector || !float || value?.op !== bits)
    return undefined
  float.sound = value.sound
  return simdNode('v128', `${shape}.replace_lane`, [vector, float], [lane])
}

/** Whether the node's value can only be 0 or 1. */
function isComparison(n: Node): boolean {
  return /^(i32|i64|f32|f64)\.(eqz|eq|ne|[lg][te](_[su])?)$/.test(n.op)
}
