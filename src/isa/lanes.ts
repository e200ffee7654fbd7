/** Lanes of `w` bits side by side, the lowest first: each modulo 2^w. */
export const packLanes = (w: number, values: readonly number[]): bigint =>
  values.reduce((all, n, k) => all | (BigInt.asUintN(w, BigInt(n)) << BigInt(w * k)), 0n)
