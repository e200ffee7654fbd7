import { invariant } from '../base/index.ts'

/**
 * A listing is machine code as a table: one row per instruction with its bytes, its text, the reason for it, and the
 * unwind information that holds after it. Nothing is assembled here; a test disassembles the bytes and compares them
 * with the text.
 */

/** An unwind rule, named as the assembler's .cfi_ directive; registers as DWARF numbers them. */
export type CfiOp =
  | readonly ['def_cfa', DwarfRegister, number]
  | readonly ['def_cfa_offset', number]
  | readonly ['def_cfa_register', DwarfRegister]
  | readonly ['offset', DwarfRegister, number]
  | readonly ['restore', DwarfRegister]
  | readonly ['undefined', DwarfRegister]
  | readonly ['remember_state']
  | readonly ['restore_state']

// The first registers of the psABI's "DWARF Register Number Mapping".
// prettier-ignore
export const DWARF = { RAX: 0, RDX: 1, RCX: 2, RBX: 3, RSI: 4, RDI: 5, RBP: 6, RSP: 7, RIP: 16 } as const
export type DwarfRegister = keyof typeof DWARF

export interface Row {
  /** A name for this place; jumps and `symbol` refer to it. */
  readonly label?: string
  /** Hex bytes, and as last word `rel8:label` or `rel32:label`. */
  readonly code: string
  /** The instruction as a NASM-syntax disassembler prints it, with a label in place of a target. */
  readonly text: string
  readonly why?: string
  /** What changes for the unwinder once this instruction has been executed. */
  readonly cfi?: readonly CfiOp[]
}
export type Listing = readonly Row[]

/** One instruction at its place. Offsets count from the start of the code. */
export interface PlacedRow {
  readonly row: Row
  readonly offset: number
  readonly size: number
}

export interface Code {
  readonly bytes: Uint8Array
  readonly labels: ReadonlyMap<string, number>
  readonly rows: readonly PlacedRow[]
}

const REL_SIZE = { rel8: 1, rel32: 4 } as const
const isRel = (kind: string | undefined): kind is keyof typeof REL_SIZE => kind === 'rel8' || kind === 'rel32'

const sizeOfWord = (word: string): number => {
  const kind = word.split(':', 1)[0]
  return isRel(kind) ? REL_SIZE[kind] : 1
}

/** Places the rows one after the other and fills in the relative targets. */
export function placeListing(listing: Listing): Code {
  const labels = new Map<string, number>()
  const rows: PlacedRow[] = []
  let end = 0
  for (const row of listing) {
    if (row.label !== undefined) {
      invariant(!labels.has(row.label), `label ${row.label} twice`)
      labels.set(row.label, end)
    }
    const size = row.code.split(' ').reduce((n, word) => n + sizeOfWord(word), 0)
    rows.push({ row, offset: end, size })
    end += size
  }
  const bytes = new Uint8Array(end)
  for (const placed of rows) encodeRow(placed, labels, bytes)
  return { bytes, labels, rows }
}

function encodeRow({ row, offset, size }: PlacedRow, labels: ReadonlyMap<string, number>, out: Uint8Array): void {
  const view = new DataView(out.buffer)
  let at = offset
  for (const word of row.code.split(' ')) {
    const [kind, label = ''] = word.split(':')
    if (isRel(kind)) {
      const target = labels.get(label)
      invariant(target !== undefined, `no label ${label} for ${row.text}`)
      // A relative target counts from the end of the instruction, and is always its last field here.
      const distance = target - (offset + size)
      invariant(kind === 'rel32' || (distance >= -128 && distance <= 127), `${row.text} does not reach with rel8`)
      if (kind === 'rel8') view.setInt8(at, distance)
      else view.setInt32(at, distance, true)
    } else {
      invariant(/^[0-9A-F]{2}$/.test(word), `"${word}" of ${row.text} is not a byte`)
      out[at] = Number.parseInt(word, 16)
    }
    at += sizeOfWord(word)
  }
}
