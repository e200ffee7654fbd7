/** That `npm run mutants` can be believed: it finds its places, a broken behaviour is noticed, one that is not broken is not. */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { breakByHand, collect } from '../../scripts/mutants-collect.ts'
import { collector } from '../../scripts/mutants-collector.ts'
import { Judge } from '../../scripts/mutants-judge.ts'
import { sweep } from '../../scripts/mutants-sweep.ts'
import type { Mutant } from './mutant.ts'

describe('what is broken', () => {
  const CODE = `function f(a: number, b: boolean): number {
  if (a < 3) return refuse.GP('a is large')
  if (b || a > 9) return -EINVAL
  target.R = true
  return refuse.code(SGX_PG_INVLD, 'nothing')
}
`
  test('checks, their order, their parts, bounds, codes and effects', () => {
    expect(sweep('x.ts', CODE).map(({ what }) => what)).toEqual([
      'without check: a is large',
      'order: b || a > 9 before a is large',
      'without check: b || a > 9',
      'without: target.R = true',
      'opposite: target.R = true',
      'bound: <= in a < 3',
      'without part: b of b || a > 9',
      'without part: a > 9 of b || a > 9',
      'bound: >= in a > 9',
      'other code: -EINVAL in return -EINVAL',
      "other code: SGX_PG_INVLD in refuse.code(SGX_PG_INVLD, 'nothing')",
    ])
  })
  test('every place that the data names is there, once', () => {
    const mutants = collect(true)
    expect(mutants.length).toBeGreaterThan(1000)
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
  })
  test('a text that is not there, or twice, is a complaint', () => {
    const mutant: Mutant = { id: 'x', breaks: '', file: 'x.ts', find: 'a', replace: 'b', tests: [] }
    expect(breakByHand(mutant, 'cac').text).toBe('cbc')
    expect(() => breakByHand(mutant, 'c')).toThrow('x: its text is not in x.ts.')
    expect(() => breakByHand(mutant, 'aa')).toThrow('x: its text is in x.ts more than once.')
  })
})

describe('the tests that are asked', () => {
  test('are collected as vitest names them, with what runs before each', async () => {
    const { module, tests } = collector()
    const {
      describe: group,
      it,
      beforeEach,
    } = module as { describe: typeof describe; it: typeof test; beforeEach: (f: () => void) => void }
    let ready = 0
    group.each([['A', 1]] as const)('%s', (_name, n) => {
      beforeEach(() => void ready++)
      it.each([{ why: 'one' }])('$why of it', ({ why }) => expect([why, n, ready]).toEqual(['one', 1, 1]))
      it.skipIf(true)('not run', () => expect.unreachable())
    })
    expect(tests.map(({ name }) => name)).toEqual(['A > one of it'])
    await tests[0]?.run()
  })

  const judge = new Judge(60_000)
  afterAll(() => judge.close())
  const file = 'src/sgx/measurement.ts'
  const tests = [{ file: 'src/sgx/leaves/encls-build.test.ts', name: /^MRENCLAVE/ }]
  const text = readFileSync(file, 'utf8')
  test('notice what is broken, and nothing else', async () => {
    expect(await judge.failures(file, text, tests)).toEqual([])
    expect(await judge.failures(file, text.replace("named('EEXTEND')", "named('EADD')"), tests)).toHaveLength(1)
    expect(
      await judge.failures(file, text, [{ file: 'src/sgx/leaves/encls-build.test.ts', name: /^no such/ }]),
    ).toEqual(['src/sgx/leaves/encls-build.test.ts has no test ^no such'])
  })
})
