/** The arithmetic of AES: bytes as polynomials over GF(2) modulo x^8 + x^4 + x^3 + x + 1. [FIPS 197 "Multiplication"] */
import { once } from '../base/index.ts'

export function multiply(a: number, b: number): number {
  let product = 0
  for (let x = a, rest = b; rest; rest >>= 1, x = (x << 1) ^ (x & 0x80 ? 0x11b : 0)) if (rest & 1) product ^= x
  return product
}

export function power(x: number, n: number): number {
  let result = 1
  for (let square = x, rest = n; rest; rest >>= 1, square = multiply(square, square))
    if (rest & 1) result = multiply(result, square)
  return result
}

/** The multiplicative inverse; 0 for 0. */
export const inverse = (x: number): number => power(x, 254)

/** The linear part of the affine transformation of SubBytes, and of its inverse. */
export const transform = (x: number): number => rotations(x, [0, 1, 2, 3, 4])
export const inverseTransform = (x: number): number => rotations(x, [1, 3, 6])
const rotations = (x: number, by: readonly number[]): number =>
  by.reduce((sum, n) => sum ^ (((x << n) | (x >> (8 - n))) & 0xff), 0)
/** Its constant part. */
export const AFFINE_CONSTANT = 0x63

const BYTES = Array.from({ length: 256 }, (_, x) => x)
const forward = once(() => BYTES.map((x) => transform(inverse(x)) ^ AFFINE_CONSTANT))
const backward = once(() => BYTES.map((y) => forward().indexOf(y)))
/** What SubBytes makes of each byte; `inverted`: InvSubBytes. */
export const substitutions = (inverted: boolean): readonly number[] => (inverted ? backward() : forward())
