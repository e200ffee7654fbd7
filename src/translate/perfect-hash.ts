/** (low half of address * factor) >>> shift is another slot for each of `addresses`; undefined if no factor that was tried does it. */
export function perfectHash(
  addresses: readonly number[],
): { factor: number; shift: number; slots: (number | undefined)[] } | undefined {
  const fewest = Math.ceil(Math.log2(addresses.length))
  for (let bits = fewest; bits <= fewest + 3; bits++) {
    for (let odd = 1; odd < 200; odd += 2) {
      // Odd multiples of 2^32 divided by the golden ratio spread addresses that are close together.
      const factor = Math.imul(0x9e37_79b1, odd)
      const shift = 32 - bits
      const slots = new Array<number | undefined>(2 ** bits).fill(undefined)
      for (const a of addresses) slots[Math.imul(a, factor) >>> shift] = a
      if (slots.filter((a) => a !== undefined).length === addresses.length) return { factor, shift, slots }
    }
  }
  return undefined
}
