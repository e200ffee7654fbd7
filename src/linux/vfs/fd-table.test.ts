import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EBADF, EINVAL, EMFILE, O } from '../../spec/linux/index.ts'
import { FdTable } from './fd-table.ts'
import type { Stat } from './file.ts'
import { OpenFile } from './open-file.ts'

class Counted extends OpenFile {
  closed = 0
  constructor() {
    super('counted', O.RDWR)
  }
  stat(): Stat {
    throw new Error('not asked')
  }
  override close(): void {
    this.closed++
  }
}

describe('a descriptor table', () => {
  test('gives the lowest free number', () => {
    const fds = new FdTable()
    expect([0, 1, 2].map(() => fds.install(new Counted()))).toEqual([0, 1, 2])
    fds.close(1)
    expect(fds.install(new Counted())).toBe(1)
    expect(fds.dup(0, 10)).toBe(10)
    expect(fds.dup(0, 10)).toBe(11)
  })
  test('closes a description with the last descriptor that shows it', () => {
    const fds = new FdTable()
    const file = new Counted()
    fds.install(file)
    fds.dup(0)
    fds.close(0)
    expect(file.closed).toBe(0)
    fds.close(1)
    expect(file.closed).toBe(1)
  })
  test('closes what does not fit', () => {
    const fds = new FdTable()
    fds.limit = 1
    fds.install(new Counted())
    const file = new Counted()
    expect(fds.install(file)).toBe(-EMFILE)
    expect(file.closed).toBe(1)
  })
  test('answers as dup(2) and fcntl(2) say', () => {
    const fds = new FdTable()
    fds.install(new Counted())
    expect(fds.dup(7)).toBe(-EBADF)
    expect(fds.dup(0, -1)).toBe(-EINVAL)
    expect(fds.dup(0, fds.limit)).toBe(-EINVAL)
    expect(fds.dupOnto(0, fds.limit)).toBe(-EBADF)
    expect(fds.dupOnto(0, 0)).toBe(0)
    expect(fds.dupOnto(7, 7)).toBe(-EBADF)
    expect(fds.close(7)).toBe(-EBADF)
  })
  test('closes marked descriptors on exec only, and dup clears the mark', () => {
    const fds = new FdTable()
    fds.install(new Counted(), true)
    fds.dup(0)
    fds.closeOnExec()
    expect(fds.open()).toEqual([1])
  })
  test('shared by two tasks, ends with the second', () => {
    const fds = new FdTable()
    const file = new Counted()
    fds.install(file)
    fds.share().release()
    expect(file.closed).toBe(0)
    fds.release()
    expect(file.closed).toBe(1)
  })

  type Step = { readonly do: 'open' | 'dup' | 'dup2' | 'close' | 'fork'; readonly a: number; readonly b: number }
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom('open', 'dup', 'dup2', 'close', 'fork'),
    a: fc.nat(8),
    b: fc.nat(8),
  })
  test('behaves like a map from numbers to files, whatever is done', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const files: Counted[] = []
        const tables = [{ fds: new FdTable(), model: new Map<number, Counted>() }]
        for (const { do: what, a, b } of steps) {
          const table = tables[a % tables.length]
          if (!table) continue
          const { fds, model } = table
          const lowest = (): number => [...Array(64).keys()].find((n) => !model.has(n)) ?? -1
          const shown = model.get(a)
          if (what === 'open') {
            const file = new Counted()
            files.push(file)
            const expected = lowest()
            expect(fds.install(file)).toBe(expected)
            model.set(expected, file)
          } else if (what === 'dup') {
            const expected = shown ? lowest() : -EBADF
            expect(fds.dup(a)).toBe(expected)
            if (shown) model.set(expected, shown)
          } else if (what === 'dup2') {
            expect(fds.dupOnto(a, b)).toBe(shown ? b : -EBADF)
            if (shown) model.set(b, shown)
          } else if (what === 'close') {
            expect(fds.close(a)).toBe(shown ? 0 : -EBADF)
            model.delete(a)
          } else if (tables.length < 3) tables.push({ fds: fds.copy(), model: new Map(model) })
        }
        for (const { fds, model } of tables) for (const [fd, file] of model) expect(fds.file(fd)).toBe(file)
        for (const file of files) {
          const isShown = tables.some(({ model }) => [...model.values()].includes(file))
          expect(file.closed).toBe(isShown ? 0 : 1)
        }
      }),
    )
  })
})
