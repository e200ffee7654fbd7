import { describe, expect, test } from 'vitest'
import { parseEpcSize, parseNotEmpty, parseSeed, parseStatsFormat, parseVariable } from './values.ts'

describe('sizes', () => {
  // prettier-ignore
  test.each([
    ['4096', 4096], ['64MiB', 64 << 20], ['1MiB', 1 << 20], ['8KiB', 8192], ['1GiB', 2 ** 30], ['2GiB', 2 ** 31], ['64M', 64 << 20], ['4K', 4096],
  ])('%s', (text, size) => expect(parseEpcSize(text)).toBe(size))
  // prettier-ignore
  test.each(['', '0', '1', '4095', '64MB', '64 MiB', '1.5MiB', '-4096', '0x1000', '3GiB', '1e6', 'MiB', '99999999999999999999GiB'])(
    '%s is none', (text) => expect(() => parseEpcSize(text)).toThrow(/must|largest/),
  )
})

describe('seeds', () => {
  test.each([
    ['0', 0n],
    ['42', 42n],
    ['0xff', 255n],
    ['18446744073709551615', (1n << 64n) - 1n],
  ])('%s', (text, value) => expect(parseSeed(text)).toBe(value))
  test.each(['', '-1', 'x', '1.5', '18446744073709551616'])('%s is none', (text) =>
    expect(() => parseSeed(text)).toThrow(),
  )
})

test('variables have a name; what is after = may be anything', () => {
  expect(parseVariable('A=b=c')).toBe('A=b=c')
  expect(parseVariable('A')).toBe('A')
  expect(() => parseVariable('=b')).toThrow()
  expect(() => parseVariable('')).toThrow()
})

test('words that must be there', () => {
  expect(() => parseNotEmpty('')).toThrow()
  expect(() => parseStatsFormat('xml')).toThrow(/text or json/)
})
