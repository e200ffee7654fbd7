/** The hand-written cases of all families, for every engine that can run them. */
import { ADD_CASES } from './add.cases.ts'
import { AES_CASES } from './aes.cases.ts'
import { AVX_FLOAT_CASES, AVX_INTEGER_CASES, AVX_MOVE_CASES, AVX_SHUFFLE_CASES } from './avx.cases.ts'
import { AVX2_GATHER_CASES } from './avx2-gather.cases.ts'
import { AVX2_INTEGER_CASES } from './avx2-integer.cases.ts'
import { AVX2_MOVE_CASES } from './avx2-move.cases.ts'
import { BIT_CASES } from './bit.cases.ts'
import { BMI_CASES } from './bmi.cases.ts'
import { runnable, runnableBy, type RunnableCase } from './case.fixture.ts'
import { CONTROL_CASES } from './control.cases.ts'
import { EXCHANGE_CASES } from './exchange.cases.ts'
import { F16C_CASES } from './f16c.cases.ts'
import { FLAG_CONTROL_CASES } from './flag-control.cases.ts'
import { FMA_CASES } from './fma.cases.ts'
import { LOGIC_CASES } from './logic.cases.ts'
import { MISC_CASES } from './misc.cases.ts'
import { MMX_FAMILIES_CASES } from './mmx.cases.ts'
import { MOVE_CASES } from './move.cases.ts'
import { MULTIPLY_CASES } from './multiply.cases.ts'
import { PCLMUL_CASES } from './pclmul.cases.ts'
import { ROTATE_CASES } from './rotate.cases.ts'
import { SHA_CASES } from './sha.cases.ts'
import { SHIFT_CASES } from './shift.cases.ts'
import * as sse from './sse-case.fixture.ts'
import { SSE_CONVERT_CASES } from './sse-convert.cases.ts'
import { SSE_ESTIMATE_CASES } from './sse-estimate.cases.ts'
import { SSE_FLOAT_CASES } from './sse-float.cases.ts'
import { SSE_INTEGER_CASES } from './sse-integer.cases.ts'
import { SSE_MOVE_CASES } from './sse-move.cases.ts'
import { SSE_SHUFFLE_CASES } from './sse-shuffle.cases.ts'
import { SSE_STATE_CASES } from './sse-state.cases.ts'
import { SSE3_CASES } from './sse3.cases.ts'
import { SSE41_FLOAT_CASES } from './sse41-float.cases.ts'
import { SSE41_INTEGER_CASES } from './sse41-integer.cases.ts'
import { SSE41_SHUFFLE_CASES } from './sse41-shuffle.cases.ts'
import { SSE42_CASES } from './sse42.cases.ts'
import { SSSE3_CASES } from './ssse3.cases.ts'
import { STACK_CASES } from './stack.cases.ts'
import { STRING_CASES } from './string.cases.ts'
import { SYSTEM_CASES } from './system.cases.ts'
import * as x87 from './x87-case.fixture.ts'
import { X87_CASES } from './x87.cases.ts'
import { XSAVE_CASES } from './xsave.cases.ts'

// prettier-ignore
const INTEGER = {
  move: MOVE_CASES, exchange: EXCHANGE_CASES, stack: STACK_CASES, add: ADD_CASES, multiply: MULTIPLY_CASES, logic: LOGIC_CASES,
  shift: SHIFT_CASES, rotate: ROTATE_CASES, bit: BIT_CASES, bmi: BMI_CASES, control: CONTROL_CASES, string: STRING_CASES,
  'flag-control': FLAG_CONTROL_CASES, misc: MISC_CASES, system: SYSTEM_CASES,
}
// prettier-ignore
const VECTOR = {
  'sse-move': SSE_MOVE_CASES, 'sse-integer': SSE_INTEGER_CASES, 'sse-shuffle': SSE_SHUFFLE_CASES, 'sse-float': SSE_FLOAT_CASES,
  'sse-convert': SSE_CONVERT_CASES, 'sse-estimate': SSE_ESTIMATE_CASES, 'sse-state': SSE_STATE_CASES, sse3: SSE3_CASES, ssse3: SSSE3_CASES,
  'sse41-integer': SSE41_INTEGER_CASES, 'sse41-shuffle': SSE41_SHUFFLE_CASES, 'sse41-float': SSE41_FLOAT_CASES, sse42: SSE42_CASES,
  aes: AES_CASES, pclmul: PCLMUL_CASES, sha: SHA_CASES, 'avx2-integer': AVX2_INTEGER_CASES, 'avx2-move': AVX2_MOVE_CASES,
  'avx2-gather': AVX2_GATHER_CASES, fma: FMA_CASES, f16c: F16C_CASES,
  'avx-move': AVX_MOVE_CASES, 'avx-float': AVX_FLOAT_CASES, 'avx-shuffle': AVX_SHUFFLE_CASES, 'avx-integer': AVX_INTEGER_CASES,
  xsave: XSAVE_CASES,
}

const each = <C>(families: Readonly<Record<string, readonly C[]>>, make: (c: C) => RunnableCase[]) =>
  Object.entries(families).map(([family, cases]): [string, RunnableCase[]] => [family, cases.flatMap(make)])

/** In these every row must have a case, in the others every mnemonic, if only that of the legacy form. */
export const CASES_FOR_ROWS: ReadonlySet<string> = new Set(Object.keys(INTEGER))

/** By family. */
export const CASES: Readonly<Record<string, readonly RunnableCase[]>> = Object.fromEntries([
  ...each(INTEGER, runnable),
  ...each(VECTOR, runnableBy(sse.stateOf, sse.judge)),
  ...each({ ...X87_CASES, ...MMX_FAMILIES_CASES }, runnableBy(x87.stateOf, x87.judge)),
])
