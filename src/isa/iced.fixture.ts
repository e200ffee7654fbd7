/** Our decoder beside iced-x86: what both say of the same bytes, and whether it is the same. */
import {
  Code,
  CpuidFeature,
  Decoder,
  DecoderOptions,
  EncodingKind,
  Instruction,
  MemorySizeExt,
  Mnemonic,
  OpKind,
  Register,
  RegisterExt,
} from 'iced-x86'
import { toHex } from '../base/index.ts'
import { Fault } from '../cpu/index.ts'
import type { Decode } from './decode.ts'
import type { Insn, MemoryOperand, Operand } from './insn.ts'

/** What we make of bytes. */
type Ours = { kind: 'insn'; insn: Insn } | { kind: 'fault'; name: string } | { kind: 'truncated' }

function decodeOurs(decode: Decode, bytes: Uint8Array, offset: number, address: number, end: number): Ours {
  try {
    const insn = decode(bytes, offset, address, end)
    return insn ? { kind: 'insn', insn } : { kind: 'truncated' }
  } catch (e) {
    if (e instanceof Fault) return { kind: 'fault', name: e.name }
    throw e
  }
}

/**
 * Compares the instructions at the places that `next` gives: it is told the length of the last one, and its answer of undefined ends
 * the comparison. Byte k has the address `address` + k.
 */
export function compareDecoders(
  decode: Decode,
  bytes: Uint8Array,
  address: number,
  next: (length: number) => number | undefined,
): Comparison {
  const decoder = new Decoder(64, bytes, DecoderOptions.None)
  const theirs = new Instruction()
  const result: Comparison = { compared: 0, valid: 0, differences: new Map() }
  for (let at = next(0); at !== undefined && at < bytes.length; at = next(theirs.length)) {
    decoder.position = at
    decoder.ip = BigInt(address + at)
    decoder.decodeOut(theirs)
    const ours = decodeOurs(decode, bytes, at, address + at, Math.min(bytes.length, at + 15))
    result.compared++
    if (ours.kind === 'insn') result.valid++
    const what = disagreement(ours, theirs)
    if (what === undefined) continue
    const example = result.differences.get(what) ?? toHex(bytes.slice(at, at + 15))
    result.differences.set(what, example)
  }
  theirs.free()
  decoder.free()
  return result
}

export interface Comparison {
  compared: number
  valid: number
  /** What differs, and the bytes of an example. */
  differences: Map<string, string>
}

function disagreement(ours: Ours, theirs: Instruction): string | undefined {
  const isValid = theirs.code !== Code.INVALID
  if (ours.kind === 'insn') {
    const name = `${ours.insn.row.mnemonic} ${ours.insn.row.opcode}`
    if (isValid) {
      const d = difference(ours.insn, theirs)
      return d === undefined ? undefined : `${name}: ${d}`
    }
    // Control and debug registers that do not exist, and gathers that name a register twice: ours raise #UD when they are executed.
    return /^0F 2[0-3]|^VEX.*0F38\.W\d 9[0-3]/.test(ours.insn.row.opcode) ? undefined : `${name}: invalid`
  }
  if (ours.kind === 'truncated') return theirs.code === Code.INVALID ? undefined : 'truncated'
  return isValid && !isAbsent(theirs) ? `#${ours.name}: ${Mnemonic[theirs.mnemonic] ?? ''}` : undefined
}

const text = (o: Operand): string => {
  switch (o.kind) {
    case 'reg':
      return `reg${o.w}:${o.high ? 'high' : ''}${o.n}`
    case 'xmm':
      return `xmm${o.n}`
    case 'ymm':
      return `ymm${o.n}`
    case 'st':
      return `st${o.n}`
    case 'mm':
      return `mm${o.n}`
    case 'imm':
      return `imm:${o.value.toString(16)}`
    case 'rel':
      return `rel:${BigInt.asUintN(64, BigInt(o.target)).toString(16)}`
    case 'mem':
      return memoryText(o)
  }
}
const indexText = ({ index, vectorIndex: v }: MemoryOperand): string =>
  v ? `${v.length === 256 ? 'ymm' : 'xmm'}${v.n}` : `${index}`
const memoryText = (m: MemoryOperand, w: number = m.w): string =>
  `mem${w}:${m.seg}:${m.base}+${indexText(m)}*${m.scale}+${BigInt.asUintN(m.a32 ? 32 : 64, m.disp).toString(16)}${m.a32 ? ':a32' : ''}`

function registerText(r: Register): string {
  if (r >= Register.AH && r <= Register.BH) return `reg8:high${r - Register.AH}`
  const n = RegisterExt.number(r)
  if (RegisterExt.isXMM(r)) return `xmm${n}`
  if (RegisterExt.isYMM(r)) return `ymm${n}`
  if (RegisterExt.isST(r)) return `st${n}`
  if (RegisterExt.isMM(r)) return `mm${n}`
  // AH to BH lie between BL and SPL in iced's numbering.
  if (RegisterExt.isGPR(r))
    return `reg${RegisterExt.size(r) * 8}:${RegisterExt.isGPR8(r) && r >= Register.SPL ? n - 4 : n}`
  return `imm:${n.toString(16)}`
}

/** The number of a register of an address; -1 for none. */
const addressRegister = (r: Register): number => (RegisterExt.isGPR(r) ? RegisterExt.number(r) : -1)
const vectorIndex = (r: Register): Pick<MemoryOperand, 'vectorIndex'> | undefined =>
  RegisterExt.isXMM(r) || RegisterExt.isYMM(r)
    ? { vectorIndex: { n: RegisterExt.number(r), w: 32, length: RegisterExt.isYMM(r) ? 256 : 128 } }
    : undefined
const IMPLICIT: ReadonlyMap<OpKind, readonly [base: number, a32: boolean]> = new Map([
  [OpKind.MemorySegESI, [6, true]],
  [OpKind.MemorySegRSI, [6, false]],
  [OpKind.MemoryESEDI, [7, true]],
  [OpKind.MemoryESRDI, [7, false]],
  [OpKind.MemorySegEDI, [7, true]],
  [OpKind.MemorySegRDI, [7, false]],
])

function theirText(i: Instruction, k: number): string {
  const kind = i.opKind(k)
  if (kind === OpKind.Register) return registerText(i.opRegister(k))
  if (kind === OpKind.NearBranch64) return `rel:${i.nearBranch64.toString(16)}`
  const w = MemorySizeExt.size(i.memorySize) * 8
  const [fs, gs] = [i.memorySegment === Register.FS, i.memorySegment === Register.GS]
  const seg = fs ? 'FS' : gs ? 'GS' : 'none'
  const implicit = IMPLICIT.get(kind)
  if (implicit) {
    const [base, a32] = implicit
    const usesSegment = kind !== OpKind.MemoryESEDI && kind !== OpKind.MemoryESRDI
    return memoryText(
      { kind: 'mem', w: 0, seg: usesSegment ? seg : 'none', base, index: -1, scale: 0, disp: 0n, a32 },
      w,
    )
  }
  if (kind === OpKind.Memory) {
    const is32 = (r: Register): boolean => RegisterExt.isGPR32(r) || r === Register.EIP
    const a32 =
      is32(i.memoryBase) ||
      is32(i.memoryIndex) ||
      (i.memoryBase === Register.None && i.memoryIndex === Register.None && i.memoryDisplSize === 4)
    // XLAT adds AL, which is not an index of ours.
    const index = i.memoryIndex === Register.AL ? -1 : addressRegister(i.memoryIndex)
    const vector = vectorIndex(i.memoryIndex)
    const scale = index < 0 && !vector ? 0 : Math.log2(i.memoryIndexScale)
    return memoryText(
      {
        kind: 'mem',
        w: 0,
        seg,
        base: addressRegister(i.memoryBase),
        index,
        scale,
        disp: i.memoryDisplacement,
        a32,
        ...vector,
      },
      w,
    )
  }
  return `imm:${i.immediate(k).toString(16)}`
}

/** Most operands are registers: compared without making texts of them. */
function isSameRegister(o: Operand, theirs: Instruction, k: number): boolean {
  if (o.kind !== 'reg' || o.high || o.w === 8 || theirs.opKind(k) !== OpKind.Register) return false
  const number: number = theirs.opRegister(k)
  return number === { 16: Register.AX, 32: Register.EAX, 64: Register.RAX }[o.w] + o.n
}

/** How the two differ about a valid instruction; undefined if they agree. */
function difference(ours: Insn, theirs: Instruction): string | undefined {
  if (ours.length !== theirs.length) return `length ${ours.length} / ${theirs.length}`
  // They also name the memory at RDI.
  if (MASKED_MOVES.has(theirs.mnemonic)) return undefined
  if (ours.lock !== theirs.hasLockPrefix) return 'lock'
  if (WITHOUT_OPERANDS.has(theirs.mnemonic) && ours.operands.length === 0) return undefined
  // Their hints name ModRM.reg too.
  const count = theirs.mnemonic === Mnemonic.Reservednop || MPX.has(theirs.mnemonic) ? 0 : theirs.opCount
  if (count > 0 && ours.operands.length !== theirs.opCount)
    return `operands ${ours.operands.length} / ${theirs.opCount}`
  for (let k = 0; k < count; k++) {
    const o = ours.operands[k]
    if (!o) continue
    if (isSameRegister(o, theirs, k)) continue
    const w = o.kind === 'imm' ? o.w : 64
    const mine = text(o)
    const other = theirText(theirs, k)
    // Immediates: iced gives bytes sign-extended to 64 bits where the instruction does.
    if (o.kind === 'imm' && other.startsWith('imm:') && BigInt.asUintN(w, BigInt(`0x${other.slice(4)}`)) === o.value)
      continue
    if (hasOwnWidth(ours, o) && withoutWidth(mine) === withoutWidth(other)) continue
    if (mine !== other) return `operand ${k}: ${mine} / ${other}`
  }
  return undefined
}

const MASKED_MOVES = new Set<Mnemonic>([Mnemonic.Maskmovq, Mnemonic.Maskmovdqu, Mnemonic.Vmaskmovdqu])
/** Segment registers pushed and popped have no operand of ours. */
const WITHOUT_OPERANDS = new Set<Mnemonic>([Mnemonic.Push, Mnemonic.Pop])
/** Operands whose width is a matter of taste: hints, LEA, selectors (16 bits of a register of any size), sign masks. */
const hasOwnWidth = ({ row: { opcode } }: Insn, o: Operand): boolean =>
  (o.kind === 'mem' && o.w === 0) ||
  /^(8C|8E|0F 0[0-3]|0F 0D|0F 1[89A-F]|NP 0F 50|66 0F 50|NP 0F C[45]|NP 0F D7|66 0F C5|66 0F D7|66 0F C4|F2 0F 38 F|66 0F 38 F8|66 0F 3A (1[457]|20)|VEX\.\S+\.0F\.\S+ (C[45]|D7|50)|VEX.128.66.0F3A.\S+ (1[457]|20))/.test(
    opcode,
  )
const withoutWidth = (s: string): string => s.replace(/^(mem|reg)\d+/, '$1')
/** In the hint space: NOP for processors without MPX, CET and CLDEMOTE. */
// prettier-ignore
const MPX = new Set<Mnemonic>([
  Mnemonic.Bndmk, Mnemonic.Bndmov, Mnemonic.Bndcl, Mnemonic.Bndcu, Mnemonic.Bndcn, Mnemonic.Bndldx, Mnemonic.Bndstx,
  Mnemonic.Rdsspd, Mnemonic.Rdsspq, Mnemonic.Cldemote,
])

/**
 * What iced-x86 decodes and our processors do not have: #UD. Everything else that it decodes must have a row.
 * VMX instructions are #UD outside VMX operation, RSM outside SMM; the other vendors' extensions do not exist.
 */
// prettier-ignore
const ABSENT = new Set([
  'VMX', 'SMM', 'D3NOW', 'D3NOWEXT', 'SVM', 'SKINIT', 'CET_SS', 'RAO_INT', 'AMX_TILE', 'AMX_INT8', 'AMX_BF16', 'AMX_FP16', 'AMX_COMPLEX', 'PADLOCK_RNG', 'PADLOCK_ACE', 'PADLOCK_PHE', 'PADLOCK_PMM',
  'PADLOCK_GMI', 'SSE4A', 'MONITOR', 'MONITORX', 'SMAP', 'RTM', 'HLE_or_RTM', 'PADLOCK_UNDOC', 'PKU', 'SERIALIZE', 'UINTR', 'TDX', 'HRESET', 'PCONFIG', 'KEYLOCKER', 'XSAVES',
  'WAITPKG', 'ENQCMD', 'INVEPT', 'INVVPID', 'INVPCID', 'RDPRU', 'MCOMMIT', 'CLZERO', 'SEV', 'SEV_ES', 'SNP', 'WBNOINVD', 'PTWRITE', 'XOP', 'SMX', 'AESKLE', 'TSXLDTRK',
  'AVX512F', 'AVX512BW', 'AVX512DQ', 'AVX_VNNI', 'AVX_VNNI_INT8', 'AVX_VNNI_INT16', 'AVX_IFMA', 'AVX_NE_CONVERT', 'VAES', 'VPCLMULQDQ', 'GFNI',
  'SHA512', 'SM3', 'SM4', 'CMPCCXADD', 'FMA4', 'KNC',
])
const isAbsent = (i: Instruction): boolean =>
  i.encoding === EncodingKind.EVEX ||
  [...i.cpuidFeatures()].some((f) => ABSENT.has(CpuidFeature[f] ?? '')) ||
  i.isPrivileged
