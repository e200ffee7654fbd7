/**
 * A product and a sum that are rounded once, from operations that round each: errors are computed exactly, summed, and the sum is
 * rounded to odd, which keeps the last rounding from seeing a tie that is none. (Boldo and Melquiond, "Emulation of FMA and Correctly
 * Rounded Sums: Proved Algorithms Using Rounding to Odd".)
 */
import type { Ops } from '../isa/index.ts'
import { constant, node, type Node } from './node.ts'

type Pair = readonly [sum: Node, error: Node]
const op = (name: 'add' | 'sub' | 'mul', a: Node, b: Node): Node => node('f64', `f64.${name}`, [a, b])
const bits = (x: Node): Node => node('i64', 'i64.reinterpret_f64', [x])

/** The sum of two doubles, and what it lacks: exact whatever their sizes. */
function twoSum(a: Node, b: Node): Pair {
  const s = op('add', a, b)
  const part = op('sub', s, a)
  return [s, op('add', op('sub', a, op('sub', s, part)), op('sub', b, part))]
}
const SPLITTER = 2 ** 27 + 1
const doubleConstant = (x: number): Node =>
  node('f64', 'f64.reinterpret_i64', [constant('i64', new BigUint64Array(Float64Array.of(x).buffer)[0] ?? 0n)])
/** Upper and lower half of the significand. */
function split(a: Node): Pair {
  const t = op('mul', doubleConstant(SPLITTER), a)
  const high = op('sub', t, op('sub', t, a))
  return [high, op('sub', a, high)]
}
/** The product of two doubles, and what it lacks: exact where neither overflows or underflows. */
function twoProduct(a: Node, b: Node): Pair {
  const p = op('mul', a, b)
  const [ah, al] = split(a)
  const [bh, bl] = split(b)
  const rest = op('sub', op('sub', op('sub', p, op('mul', ah, bh)), op('mul', al, bh)), op('mul', ah, bl))
  return [p, op('sub', op('mul', al, bl), rest)]
}
/** a + b rounded to odd: of the two neighbours of an inexact sum the one whose significand is odd. */
function oddSum(o: Ops<Node>, a: Node, b: Node): Node {
  const [s, error] = twoSum(a, b)
  const isInexact = node('i32', 'f64.ne', [error, doubleConstant(0)])
  const isEven = o.xor(8, o.bit(64, bits(s), 0), o.lit(8, 1))
  // Signs of the sum and of the error alike: away from zero.
  const differ = o.sar(64, o.xor(64, bits(s), bits(error)), o.lit(32, 63))
  const odd = o.add(64, bits(s), o.or(64, differ, o.lit(64, 1)))
  return node('f64', 'f64.reinterpret_i64', [o.select(64, o.and(8, isInexact, isEven), odd, bits(s))])
}

/** For single precision: the exact product of two singles as doubles, and the sum rounded to odd; to be demoted. */
export const oddFmaOfSingles = (o: Ops<Node>, a: Node, b: Node, c: Node): Node => oddSum(o, op('mul', a, b), c)

/** For double precision, where nothing overflows or underflows. A zero of this has the wrong sign at times. */
export function fmaOfDoubles(o: Ops<Node>, a: Node, b: Node, c: Node): Node {
  const [product, productError] = twoProduct(a, b)
  const [t, tError] = twoSum(c, productError)
  const [v, vError] = twoSum(product, t)
  return op('add', v, oddSum(o, tError, vError))
}
