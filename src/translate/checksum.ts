/** FNV-1a over words of 32 bits, the last one filled up with zeros: what is kept may have been cut or have changed on its way. */
export function checksum(bytes: Uint8Array): number {
  // Not slice(): that of a Buffer does not copy.
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Uint32Array(whole.buffer, whole.byteOffset, whole.length >>> 2)
  let hash = 0x811c9dc5
  for (let k = 0; k < words.length; k++) hash = Math.imul(hash ^ (words[k] ?? 0), 0x01000193)
  let rest = 0
  for (let k = bytes.length & ~3; k < bytes.length; k++) rest = (rest << 8) | (bytes[k] ?? 0)
  return Math.imul(hash ^ rest, 0x01000193) >>> 0
}
