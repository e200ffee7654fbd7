import type { Code } from '../wasm/index.ts'

/** Locals with the operands, all i64: high:low is divided by `divisor`, which is more than `high`. */
export interface WideDivision {
  readonly high: number
  readonly low: number
  readonly divisor: number
}

/**
 * Puts the quotient on the stack. Two digits of 32 bits, each guessed from the upper half of the divisor, which is shifted so that a guess is
 * at most two too high. (Knuth, "The Art of Computer Programming" 4.3.1, algorithm D.) `take` gives locals of type i64.
 */
export function emitWideQuotient(code: Code, { high, low, divisor }: WideDivision, take: () => number): void {
  const [shift, d, top, bottom] = [take(), take(), take(), take()]
  const [rest, next, first, q, r] = [take(), take(), take(), take(), take()]
  code.get(divisor).op('i64.clz').set(shift)
  code.get(divisor).get(shift).op('i64.shl').tee(d).i64(32n).op('i64.shr_u').set(top)
  code.get(d).i64(LOW).op('i64.and').set(bottom)
  // In two steps, as a shift by 64 would be one by 0.
  code.get(low).i64(1n).op('i64.shr_u').i64(63n).get(shift).op('i64.sub').op('i64.shr_u')
  code.get(high).get(shift).op('i64.shl').op('i64.or').set(rest)
  const lowOf = (): Code => code.get(low).get(shift).op('i64.shl')

  const digit = (): void => {
    code.get(rest).get(top).op('i64.div_u').set(q)
    code.get(rest).get(q).get(top).op('i64.mul').op('i64.sub').set(r)
    for (let k = 0; k < 2; k++) {
      code.get(q).i64(32n).op('i64.shr_u').op('i64.eqz').op('i32.eqz')
      code.get(q).get(bottom).op('i64.mul')
      code.get(r).i64(32n).op('i64.shl').get(next).op('i64.or').op('i64.gt_u').op('i32.or')
      code.get(r).i64(32n).op('i64.shr_u').op('i64.eqz').op('i32.and').open('if')
      code.get(q).i64(1n).op('i64.sub').set(q)
      code.get(r).get(top).op('i64.add').set(r).close()
    }
  }
  lowOf().i64(32n).op('i64.shr_u').set(next)
  digit()
  code.get(q).set(first)
  code.get(rest).i64(32n).op('i64.shl').get(next).op('i64.add').get(q).get(d).op('i64.mul').op('i64.sub').set(rest)
  lowOf().i64(LOW).op('i64.and').set(next)
  digit()
  code.get(first).i64(32n).op('i64.shl').get(q).op('i64.add')
}

const LOW = 0xffff_ffffn
