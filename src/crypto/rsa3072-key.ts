import { invert, pow } from '@noble/curves/abstract/modular.js'
import { EncluError, once } from '../base/index.ts'
import { encodeSha256Message, RSA3072_SIZE } from './rsa3072.ts'
import { sha256 } from './sha256.ts'

/** Keys that sign a SIGSTRUCT: made here, or read. Exponent 3 is the only one that EINIT accepts. */

/** A private RSA key with 3072 bits and exponent 3, the only kind that SGX has. */
export interface Rsa3072Key {
  /** The modulus: 3072 bits. */
  readonly n: bigint
  /** The private exponent, for the public exponent 3. */
  readonly d: bigint
}

const BITS = 8 * RSA3072_SIZE
const EXPONENT = 3n

const fail = (reason: string): never => {
  throw new EncluError('ERR_BAD_ARGUMENT', `The signing key ${reason}.`)
}

const toBigInt = (bigEndian: Uint8Array): bigint => bigEndian.reduce((n, byte) => (n << 8n) | BigInt(byte), 0n)

/** RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017) of the concatenated parts. */
export function signRsa3072({ n, d }: Rsa3072Key, signed: readonly Uint8Array[]): bigint {
  return pow(toBigInt(encodeSha256Message(sha256(...signed))), d, n)
}

/** Returns the key, or throws ERR_BAD_ARGUMENT if no SIGSTRUCT can be signed with it. */
export function checkRsa3072Key({ n, d }: Rsa3072Key): Rsa3072Key {
  const length = n.toString(2).length
  if (n < 0n || length !== BITS) return fail(`has a modulus of ${length} bits; SGX wants ${BITS}`)
  if (d <= 0n || d >= n) return fail('has a private exponent that is not between 0 and the modulus')
  // What the exponents are to each other shows on any number.
  if (pow(pow(2n, d, n), EXPONENT, n) !== 2n)
    return fail('does not belong to the public exponent 3, the only one that SGX has')
  return { n, d }
}

/** Primes below 20,000: three candidates of four end here. */
const smallPrimes = once((): readonly number[] => {
  const composite = new Uint8Array(20_000)
  const primes: number[] = []
  for (let p = 2; p < composite.length; p++) {
    if (composite[p]) continue
    primes.push(p)
    for (let q = p * p; q < composite.length; q += p) composite[q] = 1
  }
  return primes
})

/** Rounds of Miller-Rabin for primes of 1536 bits (FIPS 186-5, table B.1: error below 2^-128). */
const ROUNDS = 4

/** Miller-Rabin (FIPS 186-5, B.3.1) with random bases. */
function isProbablePrime(candidate: bigint, random: () => bigint): boolean {
  let odd = candidate - 1n
  let twos = 0
  for (; odd % 2n === 0n; odd /= 2n) twos++
  for (let round = 0; round < ROUNDS; round++) {
    let x = pow(2n + (random() % (candidate - 3n)), odd, candidate)
    if (x === 1n || x === candidate - 1n) continue
    for (let i = 1; i < twos && x !== candidate - 1n; i++) x = (x * x) % candidate
    if (x !== candidate - 1n) return false
  }
  return true
}

/** The first prime p after a random start with p = 2 modulo 3, so that 3 has an inverse modulo p - 1. */
function randomPrime(random: () => bigint): bigint {
  const half = BigInt(BITS / 2)
  // With its two highest bits set, the product of two of them has all 3072 bits.
  const start = (3n << (half - 2n)) | (random() >> 2n)
  const first = start - (start % 6n) + 5n
  const primes = smallPrimes()
  const remainders = primes.map((p) => Number(first % BigInt(p)))
  for (let step = 0; ; step += 6) {
    if (primes.some((p, i) => ((remainders[i] ?? 0) + step) % p === 0)) continue
    const candidate = first + BigInt(step)
    if (isProbablePrime(candidate, random)) return candidate
  }
}

/**
 * A key that follows from `seed` alone: the same seed, the same key. So it keeps nothing secret from anybody who can guess the seed;
 * it is for enclaves in an emulated machine. Takes a second, or several: it is a search.
 */
export function generateRsa3072Key(seed: bigint): Rsa3072Key {
  const text = new TextEncoder()
  let count = 0
  const block = (): bigint => toBigInt(sha256(text.encode(`enclu signing key ${seed} ${count++}`)))
  // 1536 bits at a time.
  const random = (): bigint => [1, 2, 3, 4, 5, 6].reduce((n) => (n << 256n) | block(), 0n)
  const [p, q] = [randomPrime(random), randomPrime(random)]
  return { n: p * q, d: invert(EXPONENT, (p - 1n) * (q - 1n)) }
}
