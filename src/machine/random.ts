/** RDRAND's numbers: splitmix64 from the seed. Deterministic on purpose; nothing here is secret. */
export function createRandom64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed)
  const mix = (z: bigint, shift: bigint, factor: bigint): bigint => BigInt.asUintN(64, (z ^ (z >> shift)) * factor)
  return () => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n)
    const z = mix(mix(state, 30n, 0xbf58_476d_1ce4_e5b9n), 27n, 0x94d0_49bb_1331_11ebn)
    return z ^ (z >> 31n)
  }
}
