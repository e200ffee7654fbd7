import { EncluError } from '../../base/index.ts'

/** Checks of what TypeScript code passes in: one sentence for each, before anything has happened. */

export function badArgument(message: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new EncluError('ERR_BAD_ARGUMENT', message, details)
}

/** How a wrong value is named in a message. */
const show = (value: unknown): string => {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || value === undefined || value === null) return String(value)
  return `of type ${typeof value}`
}

const isUnsigned = (value: unknown, bits: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** bits

/** An unsigned number of `bits` bits, up to 32; `fallback` when absent. */
export function checkUnsigned(name: string, value: number | undefined, bits: number, fallback = 0): number {
  if (value === undefined) return fallback
  if (!isUnsigned(value, bits))
    badArgument(`${name} is ${show(value)}; it must be a whole number from 0 to 2^${bits} - 1.`)
  return value
}

/** An unsigned 64-bit number as a bigint; `fallback` when absent. */
export function checkU64(name: string, value: bigint | undefined, fallback = 0n): bigint {
  if (value === undefined) return fallback
  if (typeof value !== 'bigint' || value < 0n || value >> 64n !== 0n)
    badArgument(`${name} is ${show(value)}; it must be a bigint from 0n to 2n ** 64n - 1n.`)
  return value
}

/** A count of bytes. */
export function checkSize(name: string, value: number): number {
  if (!isUnsigned(value, 53)) badArgument(`${name} is ${show(value)}; it must be a whole number of bytes, not below 0.`)
  return value
}

/** Also one of another realm, such as a frame or a test runner's sandbox. */
const isBytes = (value: unknown): value is Uint8Array => Object.prototype.toString.call(value) === '[object Uint8Array]'

export function checkBytes(name: string, value: Uint8Array | undefined, length?: number): Uint8Array {
  if (value === undefined && length !== undefined) return new Uint8Array(length)
  if (!isBytes(value)) return badArgument(`${name} is ${show(value)}; it must be a Uint8Array.`)
  if (length !== undefined && value.length !== length)
    badArgument(`${name} has ${value.length} bytes; it must have ${length}.`)
  return value
}

/** Something that tells of its abortion, whichever realm its class is of. */
export function checkSignal(value: AbortSignal | undefined): AbortSignal | undefined {
  const is = value === undefined || Object.prototype.toString.call(value) === '[object AbortSignal]'
  return is ? value : badArgument(`signal is ${show(value)}; it must be an AbortSignal.`)
}
