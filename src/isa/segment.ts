/**
 * Segments as Linux sets them up for 64-bit programs: what a selector means, loads of segment registers, LAR LSL VERR VERW and far
 * pointers. [SDM-3 "Segment Descriptors", SDM-1 "Segment Register Instructions"]
 */
import { fault } from '../cpu/index.ts'
import type { Evaluator } from './evaluator.ts'
import { setFlag } from './flag-bits.ts'
import type { Insn } from './insn.ts'
import { get, memory, put } from './operand.ts'
import { insn, type Form } from './rows.ts'
import { addressWithin } from './sse-operand.ts'

/** CS and SS as Linux gives them to 64-bit programs; the others hold null. */
export const USER_CS = 0x33
export const USER_SS = 0x2b
/** Of 32-bit code. */
const USER_CS_32 = 0x23
/** By their numbers in ModRM.reg; 6 and 7 do not exist. */
export const [CS, SS, FS, GS] = [1, 2, 4, 5] as const

interface Descriptor {
  /** As LAR gives them: bytes 4 to 7 of the descriptor without base. */
  readonly rights: number
  readonly limit: number
  readonly writable: boolean
}
/** What privilege level 3 can see, by selector without its RPL. 78H holds the processor's number as its limit. */
const DESCRIPTORS: Readonly<Record<number, Descriptor>> = {
  [USER_CS_32 & ~3]: { rights: 0x00cf_fb00, limit: 0xffff_ffff, writable: false },
  [USER_SS & ~3]: { rights: 0x00cf_f300, limit: 0xffff_ffff, writable: true },
  [USER_CS & ~3]: { rights: 0x00af_fb00, limit: 0xffff_ffff, writable: false },
  0x78: { rights: 0x0040_f500, limit: 0, writable: false },
}
const visible = (selector: number): Descriptor | undefined => DESCRIPTORS[selector & ~3]

/** The error code of an exception that is about a selector. */
export const errorCode = (selector: number): number => selector & 0xfffc
const isNull = (selector: number): boolean => selector <= 3

/**
 * #GP unless a far transfer may load CS with it: code that stays at privilege level 3.
 * Deviation: selector 23H, of 32-bit code, is refused, too: there is no compatibility mode.
 */
export function checkCodeSegment(selector: number, returns = false): void {
  // A call may ask for less privilege than it has and is not heard; a return may not.
  if ((selector | (returns ? 0 : 3)) !== USER_CS) fault.GP(errorCode(selector))
}
export function checkStackSegment(selector: number): void {
  if (selector !== USER_SS) fault.GP(errorCode(selector))
}

/**
 * Loads a segment register.
 * Deviation: selectors of DS, ES, FS and GS are not kept; they read as 0 again.
 */
export function loadSegment(e: Evaluator, n: number, selector: number): void {
  if (n === SS) checkStackSegment(selector)
  else if (!isNull(selector) && !visible(selector)) fault.GP(errorCode(selector))
  // A load of FS or GS takes the base of the descriptor, which is 0 for all of these.
  if (n === FS) e.state.fsBase = 0n
  if (n === GS) e.state.gsBase = 0n
}

/** A far pointer in memory: the offset of the operand size, the selector behind it. */
export function farPointer(e: Evaluator, i: Insn, k: number): { offset: number | bigint; selector: number } {
  const m = memory(i, k)
  const offset = e.load(i.w, e.address(m))
  return { offset, selector: e.load(16, addressWithin(e, m, i.w / 8)) as number }
}

const loadFar =
  (n: number) =>
  (e: Evaluator, i: Insn): void => {
    const { offset, selector } = farPointer(e, i, 1)
    loadSegment(e, n, selector)
    put(e, i, 0, offset)
  }

/** ZF tells whether the selector is of use; the destination stays if not. */
const look =
  (field: 'rights' | 'limit') =>
  (e: Evaluator, i: Insn): void => {
    const d = visible(get(e, i, 1) as number)
    if (d) put(e, i, 0, e.lit(i.w, d[field]))
    setFlag(e, 'ZF', d ? 1 : 0)
  }

const far = (byte: string): Form[] => [[`0F ${byte} /r`, 'Gv, M']]

// prettier-ignore
export const SEGMENT = [
  insn({ mnemonic: 'LAR', spec: 'LAR—Load Access Rights Byte', rows: [['0F 02 /r', 'Gv, Ew']], slow: look('rights') }),
  insn({ mnemonic: 'LSL', spec: 'LSL—Load Segment Limit', rows: [['0F 03 /r', 'Gv, Ew']], slow: look('limit') }),
  insn({
    mnemonic: 'VERR', spec: 'VERR/VERW—Verify a Segment for Reading or Writing', rows: [['0F 00 /4', 'Ew']],
    slow: (e, i) => setFlag(e, 'ZF', visible(get(e, i, 0) as number) ? 1 : 0),
  }),
  insn({
    mnemonic: 'VERW', spec: 'VERR/VERW—Verify a Segment for Reading or Writing', rows: [['0F 00 /5', 'Ew']],
    slow: (e, i) => setFlag(e, 'ZF', visible(get(e, i, 0) as number)?.writable ? 1 : 0),
  }),
  insn({ mnemonic: 'LSS', spec: 'LDS/LES/LFS/LGS/LSS—Load Far Pointer', enclave: 'UD', rows: far('B2'), slow: loadFar(SS) }),
  insn({ mnemonic: 'LFS', spec: 'LDS/LES/LFS/LGS/LSS—Load Far Pointer', enclave: 'UD', rows: far('B4'), slow: loadFar(FS) }),
  insn({ mnemonic: 'LGS', spec: 'LDS/LES/LFS/LGS/LSS—Load Far Pointer', enclave: 'UD', rows: far('B5'), slow: loadFar(GS) }),
].flat()
