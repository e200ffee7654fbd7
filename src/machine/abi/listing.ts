import { placeListing, type Code, type Listing } from '../../vdso/index.ts'
import { CELLS } from './layout.ts'

const isCell = (name: string): name is keyof typeof CELLS => Object.hasOwn(CELLS, name)

const littleEndian = (n: number): string =>
  [0, 8, 16, 24].map((shift) => ((n >>> shift) & 0xff).toString(16).toUpperCase().padStart(2, '0')).join(' ')

/** A listing in which `abs32:NAME` is the address of a cell. */
export function place(listing: Listing): Code {
  return placeListing(
    listing.map((row) => ({
      ...row,
      code: row.code.replace(/abs32:(\w+)/, (whole, name: string) =>
        isCell(name) ? littleEndian(CELLS[name]) : whole,
      ),
    })),
  )
}
