import { expect, test } from 'vitest'
import { ERRORS } from '../base/index.ts'
import { ERROR_EXIT_CODES, exitCodeOf } from './exit-codes.ts'

test('a program that ended by itself gives its own code, one that a signal ended 128 and the signal', () => {
  expect(exitCodeOf({ kind: 'exited', code: 7 })).toBe(7)
  expect(exitCodeOf({ kind: 'killed', signal: 11 })).toBe(139)
  expect(exitCodeOf({ kind: 'killed', signal: 2 })).toBe(130)
})

test('every error of the library has an exit code of ours', () => {
  expect(Object.keys(ERROR_EXIT_CODES).sort()).toEqual(Object.keys(ERRORS).sort())
  for (const code of Object.values(ERROR_EXIT_CODES)) expect([2, 125, 126, 127]).toContain(code)
})
