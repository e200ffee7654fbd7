import { expect, test } from 'vitest'
import type { BackingPage } from './backing.ts'
import { PageTable } from './page-table.ts'

const page = (frame: number): BackingPage => ({ frame }) as BackingPage
/** Of the top of the user half: page numbers need more than 32 bits. */
const HIGH = 2 ** 35 - 2
const NUMBERS = [HIGH + 1, 511, 512, 3, HIGH - 600, 2 ** 32 + 3]

test('pages are found by their numbers, in order, and counted once', () => {
  const table = new PageTable()
  for (const n of NUMBERS) table.set(n, page(n))
  table.set(3, page(4))
  const sorted = [...NUMBERS].sort((a, b) => a - b)
  expect([table.size, table.between(0, HIGH + 1)]).toEqual([6, sorted])
  expect(NUMBERS.map((n) => table.get(n)?.frame)).toEqual(NUMBERS.map((n) => (n === 3 ? 4 : n)))
  expect(new Map(table.entries()).size).toBe(6)
  // The same low bits, and neighbours.
  for (const n of [2 ** 32 + 512, 2 ** 32 + 511, 4, HIGH]) expect(table.get(n), `page ${n}`).toBeUndefined()
})

test('ranges begin and end within tables', () => {
  const table = new PageTable()
  for (let n = 500; n < 1600; n += 100) table.set(n, page(n))
  expect(table.between(600, 1000)).toEqual([600, 700, 800, 900, 1000])
  expect(table.between(601, 999)).toEqual([700, 800, 900])
  expect(table.between(1501, 2 ** 36)).toEqual([])
})

test('what is deleted is gone, and deleting it again changes nothing', () => {
  const table = new PageTable()
  for (const n of NUMBERS) table.set(n, page(n))
  for (const n of NUMBERS.slice(1)) {
    table.delete(n)
    table.delete(n)
  }
  expect([table.size, table.between(0, HIGH + 1)]).toEqual([1, [HIGH + 1]])
})
