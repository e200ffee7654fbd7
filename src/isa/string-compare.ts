/** What PCMPESTRI and its like find. [SDM-2 "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM"] */

/** A string in a register: its elements, and how many of them belong to it. */
interface StringOperand {
  readonly elements: readonly number[]
  readonly length: number
}

/** One bit for each element of the second operand: "IntRes1" of the manual's "Aggregation Operation". */
function aggregate(how: number, a: StringOperand, b: StringOperand): number {
  const n = b.elements.length
  const element = (s: StringOperand, k: number): number => s.elements[k] ?? 0
  const indices = Array.from({ length: n }, (_, k) => k)
  const equal = (k: number, j: number): boolean => element(a, k) === element(b, j)
  const holds = ((): ((j: number) => boolean) => {
    switch (how) {
      case 0:
        return (j) => j < b.length && indices.some((k) => k < a.length && equal(k, j))
      case 1:
        return (j) =>
          j < b.length &&
          indices.some((k) => {
            const [low, high] = [element(a, k), element(a, k + 1)]
            return k % 2 === 0 && k + 1 < a.length && low <= element(b, j) && element(b, j) <= high
          })
      case 2:
        return (j) => (j < a.length && j < b.length ? equal(j, j) : j >= a.length && j >= b.length)
      default:
        return (j) => indices.every((k) => k >= a.length || j + k >= n || (j + k < b.length && equal(k, j + k)))
    }
  })()
  return indices.reduce((bits, j) => bits | (holds(j) ? 1 << j : 0), 0)
}

/** "IntRes2": one bit for each element. `byte`: the immediate. */
function compare(byte: number, a: StringOperand, b: StringOperand): number {
  const all = (1 << b.elements.length) - 1
  const found = aggregate((byte >> 2) & 3, a, b)
  const polarity = (byte >> 4) & 3
  if (polarity === 1) return found ^ all
  return polarity === 3 ? found ^ ((1 << b.length) - 1) : found
}

/** The elements of a vector: bits 0 and 1 of the immediate say words, and signed. */
function elementsOf(byte: number, v: bigint): number[] {
  const w = byte & 1 ? 16 : 8
  return Array.from({ length: 128 / w }, (_, k) => {
    const x = v >> BigInt(w * k)
    return Number(byte & 2 ? BigInt.asIntN(w, x) : BigInt.asUintN(w, x))
  })
}

/** As `compareStrings` of the algebra. */
export const compareVectors = (byte: number, a: bigint, aLength: number, b: bigint, bLength: number): number =>
  compare(byte, { elements: elementsOf(byte, a), length: aLength }, { elements: elementsOf(byte, b), length: bLength })
