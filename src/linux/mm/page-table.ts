import type { BackingPage } from './backing.ts'

/** Pages in one table, as the processor's lowest level has them. */
const TABLE = 512
const tableOf = (n: number): number => Math.floor(n / TABLE)
const indexOf = (n: number): number => n & (TABLE - 1)

interface Table {
  readonly pages: (BackingPage | undefined)[]
  /** How many are present; above 0. */
  count: number
}

/**
 * The present pages of an address space, by page number (address / 4096). Two levels: page numbers themselves do not fit 32 bits, and a
 * Map with floating-point keys is slow; and who unmaps a range sees whole tables at once.
 */
export class PageTable {
  private readonly tables = new Map<number, Table>()
  /** How many pages are present. */
  size = 0

  get(n: number): BackingPage | undefined {
    return this.tables.get(tableOf(n))?.pages[indexOf(n)]
  }

  set(n: number, page: BackingPage): void {
    let table = this.tables.get(tableOf(n))
    if (!table) {
      table = { pages: new Array<BackingPage | undefined>(TABLE).fill(undefined), count: 0 }
      this.tables.set(tableOf(n), table)
    }
    if (!table.pages[indexOf(n)]) {
      table.count++
      this.size++
    }
    table.pages[indexOf(n)] = page
  }

  delete(n: number): void {
    const table = this.tables.get(tableOf(n))
    if (!table?.pages[indexOf(n)]) return
    table.pages[indexOf(n)] = undefined
    this.size--
    if (--table.count === 0) this.tables.delete(tableOf(n))
  }

  /** Numbers of the present pages from `first` to `last`, ascending. */
  between(first: number, last: number): number[] {
    const found: number[] = []
    for (const number of this.tablesBetween(tableOf(first), tableOf(last))) {
      const pages = this.tables.get(number)?.pages ?? []
      const start = number * TABLE
      const end = Math.min(last - start, TABLE - 1)
      for (let k = Math.max(first - start, 0); k <= end; k++) if (pages[k]) found.push(start + k)
    }
    return found
  }

  private tablesBetween(first: number, last: number): number[] {
    if (last - first > this.tables.size)
      return [...this.tables.keys()].filter((n) => n >= first && n <= last).sort((a, b) => a - b)
    const numbers: number[] = []
    for (let n = first; n <= last; n++) if (this.tables.has(n)) numbers.push(n)
    return numbers
  }

  /** All of them. */
  *entries(): Iterable<readonly [n: number, page: BackingPage]> {
    for (const [number, { pages }] of this.tables)
      for (const [k, page] of pages.entries()) if (page) yield [number * TABLE + k, page]
  }
}
