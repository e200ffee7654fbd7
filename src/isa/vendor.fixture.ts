/**
 * Where AMD's processors do otherwise than Intel's, on which ours are modelled: what a processor of theirs is not asked, and which of its
 * answers say nothing. docs/quirks.md lists the same for readers. Seen on an EPYC of family 19H.
 */
import { cpus } from 'node:os'
import type { NativeState } from '../../test/native/oracle.ts'
import { RCX } from '../spec/x86/index.ts'
import type { Insn, Row } from './insn.ts'

/** The processor that undefined results are modelled on. */
export const isIntelHost = cpus()[0]?.model.includes('Intel') ?? false

/**
 * Tables of estimates, which of several NaNs a dot product is and how it is rounded, and images that hold MXCSR_MASK, where AMD's have a
 * bit more. UD0 and UD1 are #UD before the bytes of their operands are fetched; the #DB of INT1 names its own address.
 */
const OF_INTEL = /^V?(RCP|RSQRT|DPP[SD])|^F?XSAVE|^UD[01]$|^INT1$/
export const isOfIntel = ({ mnemonic }: Row): boolean => !isIntelHost && OF_INTEL.test(mnemonic)

/**
 * Of several faults another comes first, or something else is done before one: stores of x87 and MMX, parts of vectors, areas, calls to
 * where no address is, far returns, strings. The SHA extensions take unaligned memory, MXCSR has a bit more, and MOVSXD always reads 32 bits.
 */
const OWN_FAULTS =
  /^CALL$|^RETF|^V?LDMXCSR|^FXRSTOR|^MOVSXD$|^F(B|I)?ST|^V?MASKMOV|^VP?MASKMOV|^VP?GATHER|^XRSTOR|^VCVTPS2PH$|^SHA/

/** Whether what happens at faults says nothing. Of addresses with a segment base, the offset must be canonical, too. */
export const hasOwnFaults = ({ mnemonic, operands, spec }: Row, insn: Insn): boolean =>
  !isIntelHost &&
  (OWN_FAULTS.test(mnemonic) ||
    (insn.rep !== 0 && spec.includes('String')) ||
    (insn.seg !== 'none' && insn.operands.some((o) => o.kind === 'mem')) ||
    (insn.operands[0]?.kind === 'mem' && /^(Ey|Qq|Mq), Pq$/.test(operands)))

const isLegacyPrefix = (b: number): boolean =>
  [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(b)

function prefixesOf(code: Uint8Array): { readonly operandSize: boolean; readonly rex: number } {
  let at = 0
  let operandSize = false
  for (; isLegacyPrefix(code[at] ?? 0); at++) if (code[at] === 0x66) operandSize = true
  const next = code[at] ?? 0
  return { operandSize, rex: (next & 0xf0) === 0x40 ? next : 0 }
}

const isNear = ({ flow }: Row): boolean => flow !== undefined && flow !== 'exit'
const TAKES_FAR_POINTER = /^(CALLF|JMPF|LFS|LGS|LSS)$|^RETF/

/**
 * Encodings that mean something else there: near branches obey the prefix 66H, far pointers have no offsets of 64 bits, REX.B makes PAUSE an
 * XCHG, F2 and F3 are a part of LOOPE and LOOPNE, and prefetches have no register forms.
 */
export function isEncodedOtherwise(row: Row, { operands: [first], rep }: Insn, code: Uint8Array): boolean {
  if (isIntelHost) return false
  const { operandSize, rex } = prefixesOf(code)
  if (operandSize && isNear(row)) return true
  if (rep !== 0 && /^LOOPN?E$/.test(row.mnemonic)) return true
  if (rex & 8 && TAKES_FAR_POINTER.test(row.mnemonic)) return true
  if (row.mnemonic === 'PAUSE') return (rex & 1) === 1
  return row.opcode === '0F 0D /r' && first?.kind === 'reg'
}

/**
 * Operands for which the result is another: two words shifted by more than sixteen; pointers of 32 bits are not extended where a count is zero.
 */
export function isComputedOtherwise({ mnemonic }: Row, insn: Insn, { gpr }: NativeState): boolean {
  if (isIntelHost) return false
  const { w, a32, rep, operands } = insn
  const rcx = gpr[RCX] ?? 0n
  if (rep !== 0 && a32) return (rcx & 0xffff_ffffn) === 0n
  const count = operands[2]?.kind === 'imm' ? operands[2].value : rcx
  return /^SH[LR]D$/.test(mnemonic) && w === 16 && (count & 31n) > 16n
}
