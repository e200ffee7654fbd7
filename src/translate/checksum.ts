const PRIME = 0x01000193

/**
 * FNV-1a over words of 32 bits: what is kept may have been cut or have changed on its way. Each fourth word goes into one of four sums,
 * which a processor computes at the same time, and these and the bytes that are left over into one.
 */
export function checksum(bytes: Uint8Array): number {
  // Not slice(): that of a Buffer does not copy.
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Uint32Array(whole.buffer, whole.byteOffset, (whole.length >>> 4) * 4)
  let [a, b, c, d] = [0x811c9dc5, 0x811c9dc4, 0x811c9dc3, 0x811c9dc2]
  for (let k = 0; k < words.length; k += 4) {
    a = Math.imul(a ^ (words[k] ?? 0), PRIME)
    b = Math.imul(b ^ (words[k + 1] ?? 0), PRIME)
    c = Math.imul(c ^ (words[k + 2] ?? 0), PRIME)
    d = Math.imul(d ^ (words[k + 3] ?? 0), PRIME)
  }
  let sum = [b, c, d].reduce((x, y) => Math.imul(x, PRIME) ^ y, a)
  for (let k = words.length * 4; k < bytes.length; k++) sum = Math.imul(sum ^ (bytes[k] ?? 0), PRIME)
  return sum >>> 0
}
