/** 64 bits as lanes, lowest first: what the texts of instructions on MMX registers compute with. */

type LaneWidth = 8 | 16 | 32

const lanes = (w: LaneWidth, read: (x: bigint) => bigint, v: bigint): number[] =>
  Array.from({ length: 64 / w }, (_, k) => Number(read(v >> BigInt(w * k))))
export const signed = (w: LaneWidth, v: bigint): number[] => lanes(w, (x) => BigInt.asIntN(w, x), v)
export const unsigned = (w: LaneWidth, v: bigint): number[] => lanes(w, (x) => BigInt.asUintN(w, x), v)

/** Each lane keeps its low bits. */
export const packed = (w: LaneWidth, values: readonly number[]): bigint =>
  values.reduce((v, x, k) => v | (BigInt.asUintN(w, BigInt(x)) << BigInt(w * k)), 0n)

/** Lane by lane. */
export const zip = (a: readonly number[], b: readonly number[], f: (x: number, y: number) => number): number[] =>
  a.map((x, k) => f(x, b[k] ?? 0))
