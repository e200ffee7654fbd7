import { InvalidArgumentError } from 'commander'

const PAGE_SIZE = 4096
// prettier-ignore
const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }
/** The emulated machine has 4 GiB of memory for everything. */
const MAX_EPC = 2 ** 31

/** '64MiB', '512K', '4096': bytes, whole pages. */
export function parseEpcSize(text: string): number {
  const match = /^(\d+)([KMG]|[KMG]iB)?$/.exec(text)
  if (!match) throw new InvalidArgumentError('It must be a number of bytes, or of KiB, MiB or GiB, such as 64MiB.')
  const size = Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)
  if (size === 0 || size % PAGE_SIZE !== 0) throw new InvalidArgumentError('It must be a multiple of 4096 bytes.')
  if (size > MAX_EPC) throw new InvalidArgumentError('The largest size is 2GiB.')
  return size
}

/** Decimal or 0x hexadecimal, 64 bits. */
export function parseSeed(text: string): bigint {
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? BigInt(text) : -1n
  if (value < 0n || value >= 1n << 64n) throw new InvalidArgumentError('It must be a number from 0 to 2^64 - 1.')
  return value
}

/** Decimal or 0x hexadecimal: a place in a file. */
export function parseOffset(text: string): number {
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : -1
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw new InvalidArgumentError('It must be a number of bytes.')
  return value
}

/** 'NAME=VALUE', or 'NAME' alone for the value that enclu itself has. */
export function parseVariable(text: string): string {
  if (text === '' || text.startsWith('=')) throw new InvalidArgumentError('It must be NAME=VALUE, or NAME.')
  return text
}

export function parseNotEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.')
  return text
}

export function parseStatsFormat(text: string): 'text' | 'json' {
  if (text !== 'text' && text !== 'json') throw new InvalidArgumentError('It must be text or json.')
  return text
}
