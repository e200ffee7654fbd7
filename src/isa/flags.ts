import type { ArithmeticFlag } from '../spec/x86/index.ts'
import type { IntWidth, Ops } from './ops.ts'

/** How one flag follows from the inputs a, b, c of a recipe, all of width w; a truth value. */
type FlagText = <V>(o: Ops<V>, w: IntWidth, a: V, b: V, c: V) => V

/**
 * Lazy flags: an instruction that sets the flags leaves its recipe and up to three inputs; whoever reads a flag computes it.
 * The number of a recipe (its place in RECIPES) times four plus log2(w/8) is what STATE.FOP holds.
 */
export type FlagRecipe = keyof typeof RECIPES
type Recipe = Readonly<Record<ArithmeticFlag, FlagText>> & {
  /** Shorter texts for conditions, by the even condition codes (B, BE, L, LE), where they are simpler than their flags. */
  readonly conditions?: Readonly<Partial<Record<'B' | 'E' | 'BE' | 'L' | 'LE', FlagText>>>
}

const zero: FlagText = (o) => o.lit(8, 0)
const sign =
  (of: FlagText): FlagText =>
  (o, w, a, b, c) =>
    o.bit(w, of(o, w, a, b, c), w - 1)
const isZero =
  (of: FlagText): FlagText =>
  (o, w, a, b, c) =>
    o.eq(w, of(o, w, a, b, c), o.lit(w, 0))
const parity =
  (of: FlagText): FlagText =>
  (o, w, a, b, c) =>
    o.evenParity(w, of(o, w, a, b, c))
const resultFlags = (r: FlagText): Pick<Recipe, 'PF' | 'ZF' | 'SF'> => ({ PF: parity(r), ZF: isZero(r), SF: sign(r) })
const bit4 =
  (other: FlagText): FlagText =>
  (o, w, a, b, c) =>
    o.bit(w, o.xor(w, o.xor(w, a, b), other(o, w, a, b, c)), 4)

const sum: FlagText = (o, w, a, b) => o.add(w, a, b)
const difference: FlagText = (o, w, a, b) => o.sub(w, a, b)
const sumWithCarry: FlagText = (o, w, a, b, c) => o.add(w, o.add(w, a, b), c)
const differenceWithBorrow: FlagText = (o, w, a, b, c) => o.sub(w, o.sub(w, a, b), c)
const twice: FlagText = (o, w, a) => o.add(w, a, a)
const first: FlagText = (_o, _w, a) => a
/** Signed overflow of a sum r: both operands differ in sign from it. */
const sumOverflow =
  (r: FlagText): FlagText =>
  (o, w, a, b, c) => {
    const s = r(o, w, a, b, c)
    return o.bit(w, o.and(w, o.xor(w, s, a), o.xor(w, s, b)), w - 1)
  }
const differenceOverflow =
  (r: FlagText): FlagText =>
  (o, w, a, b, c) =>
    o.bit(w, o.and(w, o.xor(w, a, b), o.xor(w, a, r(o, w, a, b, c))), w - 1)
const carryBit: FlagText = (o, w, _a, _b, c) => o.bit(w, c, 0)
const packedBit =
  (i: number): FlagText =>
  (o, w, a) =>
    o.bit(w, a, i)

// prettier-ignore
export const RECIPES = {
  /** a = the flags themselves, in their RFLAGS places, in the low 16 bits; width 32 or 64 only. */
  PACKED: { CF: packedBit(0), PF: packedBit(2), AF: packedBit(4), ZF: packedBit(6), SF: packedBit(7), OF: packedBit(11) },
  /** a + b */
  ADD: { CF: (o, w, a, b) => o.ltU(w, o.add(w, a, b), a), AF: bit4(sum), OF: sumOverflow(sum), ...resultFlags(sum) },
  /** a + b + c, c = carry-in 0 or 1 */
  ADC: {
    CF: (o, w, a, b, c) => o.or(8, o.ltU(w, o.add(w, a, b), a), o.ltU(w, sumWithCarry(o, w, a, b, c), o.add(w, a, b))),
    AF: bit4(sumWithCarry), OF: sumOverflow(sumWithCarry), ...resultFlags(sumWithCarry),
  },
  /** a - b */
  SUB: {
    CF: (o, w, a, b) => o.ltU(w, a, b), AF: bit4(difference), OF: differenceOverflow(difference), ...resultFlags(difference),
    ZF: (o, w, a, b) => o.eq(w, a, b),
    conditions: {
      B: (o, w, a, b) => o.ltU(w, a, b), E: (o, w, a, b) => o.eq(w, a, b), BE: (o, w, a, b) => o.leU(w, a, b),
      L: (o, w, a, b) => o.ltS(w, a, b), LE: (o, w, a, b) => o.leS(w, a, b),
    },
  },
  /** a - b - c, c = borrow-in 0 or 1 */
  SBB: {
    CF: (o, w, a, b, c) => o.or(8, o.ltU(w, a, b), o.ltU(w, o.sub(w, a, b), c)),
    AF: bit4(differenceWithBorrow), OF: differenceOverflow(differenceWithBorrow), ...resultFlags(differenceWithBorrow),
  },
  /** a = result; CF, OF and AF are 0 (the manual leaves AF undefined; processors clear it) */
  LOGIC: {
    CF: zero, AF: zero, OF: zero, ...resultFlags(first),
    conditions: { B: zero, E: isZero(first), BE: isZero(first), L: sign(first), LE: (o, w, a) => o.leS(w, a, o.lit(w, 0)) },
  },
  /** a = result, c = CF from before */
  INC: {
    CF: carryBit, AF: (o, w, a) => o.eq(w, o.and(w, a, o.lit(w, 15)), o.lit(w, 0)),
    OF: (o, w, a) => o.eq(w, a, o.lit(w, 1n << BigInt(w - 1))), ...resultFlags(first),
  },
  DEC: {
    CF: carryBit, AF: (o, w, a) => o.eq(w, o.and(w, a, o.lit(w, 15)), o.lit(w, 15)),
    OF: (o, w, a) => o.eq(w, a, o.lit(w, (1n << BigInt(w - 1)) - 1n)), ...resultFlags(first),
  },
  /** a = result, c = bit 0: CF, bit 1: OF, bit 2: AF. For shifts and multiplications, whose carries are known when they run. */
  RESULT: {
    CF: carryBit, OF: (o, w, _a, _b, c) => o.bit(w, c, 1), AF: (o, w, _a, _b, c) => o.bit(w, c, 2), ...resultFlags(first),
  },
  /**
   * a = operand of the last step of a shift, which is a shift by one; b = operand of the first. AF is 0 and OF is that of the first
   * step (the manual leaves both undefined for more than one step; Intel's processors do this)
   */
  SHL: {
    CF: (o, w, a) => o.bit(w, a, w - 1), AF: zero, OF: (o, w, _a, b) => o.bit(w, o.xor(w, b, o.add(w, b, b)), w - 1), ...resultFlags(twice),
  },
  SHR: { CF: (o, w, a) => o.bit(w, a, 0), AF: zero, OF: (o, w, _a, b) => o.bit(w, b, w - 1), ...resultFlags((o, w, a) => o.shr(w, a, o.lit(32, 1))) },
  SAR: { CF: (o, w, a) => o.bit(w, a, 0), AF: zero, OF: zero, ...resultFlags((o, w, a) => o.sar(w, a, o.lit(32, 1))) },
  /** a = low half of a product, c = 1 if the high half matters: CF and OF. The manual leaves the others undefined. */
  PRODUCT: { CF: carryBit, OF: carryBit, AF: zero, ZF: zero, SF: sign(first), PF: parity(first) },
  /** a = source of BSF or BSR: ZF = it is 0; b = place found, or 0. The manual leaves the others undefined; Intel's processors do this. */
  SCAN: { CF: zero, OF: zero, AF: zero, SF: zero, PF: (o, w, _a, b) => o.evenParity(w, b), ZF: isZero(first) },
  /** a = result of a BMI instruction, c = CF. The manual leaves AF and PF undefined; Intel's processors do this. */
  FIELD: { CF: carryBit, OF: zero, AF: zero, PF: zero, SF: sign(first), ZF: isZero(first) },
} as const satisfies Record<string, Recipe>

/** In numbering order. PACKED must be 0: zeroed state means no flags set. */
export const RECIPE_NAMES = Object.keys(RECIPES) as FlagRecipe[]
export const recipeOf = (name: FlagRecipe): Recipe => RECIPES[name]

const WIDTH_CODE = { 8: 0, 16: 1, 32: 2, 64: 3 } as const
export const fopOf = (name: FlagRecipe, w: IntWidth): number => RECIPE_NAMES.indexOf(name) * 4 + WIDTH_CODE[w]
export const fopRecipe = (fop: number): { recipe: FlagRecipe; w: IntWidth } => ({
  recipe: RECIPE_NAMES[fop >> 2] ?? 'PACKED',
  w: (8 << (fop & 3)) as IntWidth,
})

/** A condition code over single flags, for any recipe. The odd codes negate the even ones. */
export function conditionText<V>(o: Ops<V>, cc: number, flag: (f: ArithmeticFlag) => V): V {
  const even = ((): V => {
    switch (cc >> 1) {
      case 0:
        return flag('OF')
      case 1:
        return flag('CF')
      case 2:
        return flag('ZF')
      case 3:
        return o.or(8, flag('CF'), flag('ZF'))
      case 4:
        return flag('SF')
      case 5:
        return flag('PF')
      case 6:
        return o.xor(8, flag('SF'), flag('OF'))
      default:
        return o.or(8, flag('ZF'), o.xor(8, flag('SF'), flag('OF')))
    }
  })()
  return cc & 1 ? o.xor(8, even, o.lit(8, 1)) : even
}

/** Names of the conditions a recipe may shorten, by condition code / 2. */
export const CONDITION_NAMES = ['O', 'B', 'E', 'BE', 'S', 'P', 'L', 'LE'] as const
