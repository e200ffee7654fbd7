import { concatBytes, invariant, unreachable } from '../base/index.ts'
import { DWARF, type CfiOp, type Code } from './listing.ts'
import { words } from './words.ts'

/**
 * Unwind information for one function: .eh_frame with one CIE and one FDE, and .eh_frame_hdr with its search table of
 * one entry. Formats: LSB "Exception Frames", DWARF "Call Frame Information".
 */

const DW_CFA_advance_loc = 0x40
const DW_CFA_advance_loc1 = 0x02
const DW_CFA_advance_loc2 = 0x03
const DW_CFA_offset = 0x80
const DW_CFA_restore = 0xc0
const DW_CFA_undefined = 0x07
const DW_CFA_remember_state = 0x0a
const DW_CFA_restore_state = 0x0b
const DW_CFA_def_cfa = 0x0c
const DW_CFA_def_cfa_register = 0x0d
const DW_CFA_def_cfa_offset = 0x0e

const DW_EH_PE_udata4 = 0x03
const DW_EH_PE_sdata4 = 0x0b
const DW_EH_PE_pcrel = 0x10
const DW_EH_PE_datarel = 0x30

const DATA_ALIGNMENT = -8

/** What holds before the first instruction of any function: the return address is on top of the stack. */
export const INITIAL_CFI: readonly CfiOp[] = [
  ['def_cfa', 'RSP', 8],
  ['offset', 'RIP', -8],
]

/** All numbers of our listings fit in the one-byte form of LEB128. */
function uleb(value: number): number {
  invariant(value >= 0 && value < 0x80, `${value} does not fit in one byte of LEB128`)
  return value
}

function encodeOp(op: CfiOp): number[] {
  switch (op[0]) {
    case 'def_cfa':
      return [DW_CFA_def_cfa, DWARF[op[1]], uleb(op[2])]
    case 'def_cfa_offset':
      return [DW_CFA_def_cfa_offset, uleb(op[1])]
    case 'def_cfa_register':
      return [DW_CFA_def_cfa_register, DWARF[op[1]]]
    case 'offset':
      return [DW_CFA_offset | DWARF[op[1]], uleb(op[2] / DATA_ALIGNMENT)]
    case 'restore':
      return [DW_CFA_restore | DWARF[op[1]]]
    case 'undefined':
      return [DW_CFA_undefined, DWARF[op[1]]]
    case 'remember_state':
      return [DW_CFA_remember_state]
    case 'restore_state':
      return [DW_CFA_restore_state]
    default:
      return unreachable(op)
  }
}

function advance(distance: number): number[] {
  if (distance === 0) return []
  if (distance < 0x40) return [DW_CFA_advance_loc | distance]
  if (distance < 0x100) return [DW_CFA_advance_loc1, distance]
  return [DW_CFA_advance_loc2, distance & 0xff, distance >> 8]
}

/** The rules of the rows as one program. A row's rules hold from its end on. */
function encodeRows(code: Code): number[] {
  let at = 0
  const program: number[] = []
  for (const { row, offset, size } of code.rows) {
    if (row.cfi === undefined) continue
    program.push(...advance(offset + size - at), ...row.cfi.flatMap(encodeOp))
    at = offset + size
  }
  return program
}

/** Length, body, and DW_CFA_nop (0) up to a multiple of 8. */
function entry(body: Uint8Array): Uint8Array {
  const size = Math.ceil((4 + body.length) / 8) * 8
  return concatBytes(words(size - 4), body, new Uint8Array(size - 4 - body.length))
}

/** `address` and `text` are where .eh_frame and the code will be in memory. */
export function ehFrame(code: Code, address: number, text: number): Uint8Array {
  const cie = entry(
    concatBytes(
      words(0), // This is a CIE.
      Uint8Array.of(1, ...[...'zR\0'].map((c) => c.charCodeAt(0))),
      Uint8Array.of(1, DATA_ALIGNMENT & 0x7f, DWARF.RIP),
      Uint8Array.of(1, DW_EH_PE_pcrel | DW_EH_PE_sdata4), // Of the addresses in the FDEs.
      Uint8Array.from(INITIAL_CFI.flatMap(encodeOp)),
    ),
  )
  const fdeAddress = address + cie.length
  const fde = entry(
    concatBytes(
      words(cie.length + 4, text - (fdeAddress + 8), code.bytes.length),
      Uint8Array.of(0), // No augmentation data.
      Uint8Array.from(encodeRows(code)),
    ),
  )
  return concatBytes(cie, fde, words(0))
}

/** The table that a debugger or unwinder looks at first. */
export function ehFrameHdr(frame: Uint8Array, frameAddress: number, address: number, text: number): Uint8Array {
  const cieSize = 4 + new DataView(frame.buffer, frame.byteOffset).getUint32(0, true)
  return concatBytes(
    Uint8Array.of(1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, DW_EH_PE_udata4, DW_EH_PE_datarel | DW_EH_PE_sdata4),
    words(frameAddress - (address + 4), 1, text - address, frameAddress + cieSize - address),
  )
}
