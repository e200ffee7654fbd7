/** Small helpers on addresses and byte arrays. */

/** `0x…` in lower case, no padding. */
export const hex = (n: number | bigint): string => (n < 0 ? `-0x${(-n).toString(16)}` : `0x${n.toString(16)}`)

/** `size` is a power of two; works on numbers beyond 2^31. */
export const alignDown = (n: number, size: number): number => n - (n % size)
export const alignUp = (n: number, size: number): number => alignDown(n + size - 1, size)
export const isAligned = (n: number, size: number): boolean => n % size === 0

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

/** Lower-case hex digits, no prefix. */
export const toHex = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('')

export function fromHex(s: string): Uint8Array {
  const out = new Uint8Array(s.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(s.slice(2 * i, 2 * i + 2), 16)
  return out
}
