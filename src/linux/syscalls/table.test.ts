import { describe, expect, it } from 'vitest'
import { ERRNO, SYSCALL_NAMES, syscallName } from '../../spec/linux/index.ts'
import { SYSCALLS } from './table.ts'

const rows = [...SYSCALLS.values()]

describe('the table of system calls', () => {
  it.each(rows.map((row) => [row.name, row] as const))(
    '%s has the number and name of Linux, a page and at most six arguments',
    (_name, row) => {
      expect(syscallName(row.number)).toBe(row.name)
      expect(row.spec).toMatch(/^[a-z_0-9]+\([23]\)$/)
      expect(Object.keys(row.arguments).length).toBeLessThanOrEqual(6)
      if (row.support === 'partial') expect(row.note).toMatch(/\.$/)
    },
  )

  it('numbers ascend, so that the support page is in order', () => {
    const numbers = rows.map((row) => row.number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  })

  it('names are unique, and the numbers of Linux 6.12 are complete', () => {
    const names = Object.values(SYSCALL_NAMES)
    expect(new Set(names).size).toBe(names.length)
    // syscall_64.tbl: 0-335, then 424-462 as on every architecture.
    const expected = [...Array(336).keys(), ...Array.from({ length: 39 }, (_, i) => 424 + i)]
    expect(Object.keys(SYSCALL_NAMES).map(Number)).toEqual(expected)
  })

  it('errno numbers are unique', () => {
    const numbers = Object.values(ERRNO)
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
