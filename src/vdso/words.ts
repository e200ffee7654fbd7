/** Little-endian 32-bit words one after the other. */
export function words(...values: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, i) => view.setUint32(4 * i, value >>> 0, true))
  return out
}
