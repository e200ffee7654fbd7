import { describe, expect, test } from 'vitest'
import { guestEnvironment, twins } from './environment.ts'
import { longName, RUN_OPTIONS } from './run-options.ts'

describe('the environment of the program', () => {
  test('is INHERITED, less what is unset, then what is set', () => {
    const host = { PATH: '/bin', HOME: '/h', SECRET: 'x', FOO: 'foo' }
    expect(guestEnvironment(host, [], [])).toEqual(['PATH=/bin', 'HOME=/h'])
    expect(guestEnvironment(host, ['A=1', 'FOO', 'NONE', 'PATH=/sbin'], ['HOME'])).toEqual([
      'PATH=/sbin',
      'A=1',
      'FOO=foo',
    ])
  })
})

describe('the environment variables of the options', () => {
  test('become arguments', () => {
    const arguments_ = (env: Record<string, string>): string[] => twins(env, RUN_OPTIONS).map((twin) => twin.argument)
    expect(arguments_({})).toEqual([])
    expect(arguments_({ ENCLU_STRACE: '1', ENCLU_NO_SGX: '0', ENCLU_TRACE_SGX: '' })).toEqual(['--strace'])
    expect(arguments_({ ENCLU_EPC: '1MiB', ENCLU_ALLOW_READ: '/a:/b' })).toEqual([
      '--epc=1MiB',
      '--allow-read=/a',
      '--allow-read=/b',
    ])
    expect(() => twins({ ENCLU_STATS: 'yes!' }, RUN_OPTIONS)).toThrow(/ENCLU_STATS must be 1 or 0/)
  })
  test('are one for each option, all different', () => {
    for (const row of RUN_OPTIONS) expect(row.env).toMatch(/^ENCLU_[A-Z0-9_]+$/)
    expect(new Set(RUN_OPTIONS.map((row) => row.env)).size).toBe(RUN_OPTIONS.length)
    expect(new Set(RUN_OPTIONS.map(longName)).size).toBe(RUN_OPTIONS.length)
  })
})
