/** The hand-written cases of the integer families, for every engine that can run them. */
import type { Case } from './case.fixture.ts'
import { ADD_CASES } from './add.cases.ts'
import { BIT_CASES } from './bit.cases.ts'
import { CONTROL_CASES } from './control.cases.ts'
import { EXCHANGE_CASES } from './exchange.cases.ts'
import { FLAG_CONTROL_CASES } from './flag-control.cases.ts'
import { LOGIC_CASES } from './logic.cases.ts'
import { MISC_CASES } from './misc.cases.ts'
import { MOVE_CASES } from './move.cases.ts'
import { MULTIPLY_CASES } from './multiply.cases.ts'
import { ROTATE_CASES } from './rotate.cases.ts'
import { SHIFT_CASES } from './shift.cases.ts'
import { STACK_CASES } from './stack.cases.ts'
import { STRING_CASES } from './string.cases.ts'
import { SYSTEM_CASES } from './system.cases.ts'

/** By family; a test fails for a family of integer rows that is not here. */
// prettier-ignore
export const CASES: Readonly<Record<string, readonly Case[]>> = {
  move: MOVE_CASES, exchange: EXCHANGE_CASES, stack: STACK_CASES, add: ADD_CASES, multiply: MULTIPLY_CASES, logic: LOGIC_CASES,
  shift: SHIFT_CASES, rotate: ROTATE_CASES, bit: BIT_CASES, control: CONTROL_CASES, string: STRING_CASES,
  'flag-control': FLAG_CONTROL_CASES, misc: MISC_CASES, system: SYSTEM_CASES,
}
