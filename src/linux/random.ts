/**
 * The guest's randomness: the same seed gives the same bytes (sfc32, seeded through splitmix). Good for programs that want variety,
 * useless for secrets; docs/quirks.md says so.
 */
export function createRandom(seed: bigint): (count: number) => Uint8Array {
  let s = BigInt.asUintN(64, seed)
  const splitmix = (): number => {
    s = BigInt.asUintN(64, s + 0x9e37_79b9_7f4a_7c15n)
    let z = s
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn)
    return Number((z ^ (z >> 31n)) & 0xffff_ffffn) | 0
  }
  let [a, b, c, counter] = [splitmix(), splitmix(), splitmix(), 1]
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  return (count) => {
    const out = new Uint8Array(count)
    for (let i = 0; i < count; i++) out[i] = next() & 0xff
    return out
  }
}
