/** Random encodings of a row, for tests: bytes are drawn until they decode to it. */
import type { Random } from '../../test/native/random-state.ts'
import { codeAddress } from '../../test/native/random-state.ts'
import type { NativeState } from '../../test/native/oracle.ts'
import { CpuState, Fault, Ram } from '../cpu/index.ts'
import { RFLAGS } from '../spec/x86/index.ts'
import type { Decode } from './decode.ts'
import type { Insn, Operand, Row } from './insn.ts'
import { operandCodes, parseOpcode, VEX_MAP, type Opcode } from './opcode.ts'

export interface Encoding {
  readonly code: Uint8Array
  readonly insn: Insn
}

const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x64, 0x65, 0x67, 0x66, 0x66, 0xf2, 0xf3] as const

/** One random instruction that decodes to `row`: any operand size, any addressing form, sometimes idle prefixes. */
export function randomEncoding(random: Random, row: Row, decode: Decode): Encoding {
  const o = parseOpcode(row.opcode)
  if (!o) throw new Error(row.opcode)
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (o.vex) {
      const found = accepted(random, row, vexBytes(random, o), decode)
      if (found) return found
      continue
    }
    const bytes: number[] = []
    if (random.chance(0.1)) bytes.push(random.pick(PREFIXES))
    if (random.chance(0.25) && o.prefix === undefined) bytes.push(0x66)
    if (row.spec.includes('String') || operandCodes(row.operands).some((c) => /^[XY]/.test(c))) {
      if (random.chance(0.7)) bytes.push(random.pick([0xf2, 0xf3]))
      if (random.chance(0.15)) bytes.push(0x67)
    }
    if (row.lock && random.chance(0.2)) bytes.push(0xf0)
    if (o.prefix === '66' || o.prefix === 'F2' || o.prefix === 'F3') bytes.push(Number.parseInt(o.prefix, 16))
    if (o.W === 1) bytes.push(0x48 | random.below(8))
    else if (random.chance(0.5)) bytes.push(0x40 | random.below(16))
    if (o.map > 0) bytes.push(0x0f)
    if (o.map > 1) bytes.push(o.map === 2 ? 0x38 : 0x3a)
    bytes.push(o.byte + (o.plusR ? random.below(8) : 0))
    bytes.push(o.modrm ?? modrmByte(random, o))
    const found = accepted(random, row, bytes, decode)
    if (found) return found
  }
  throw new Error(`no encoding found for ${row.mnemonic} ${row.opcode} ${row.operands}`)
}

function modrmByte(random: Random, o: Opcode): number {
  const modrm = random.chance(0.35) ? 0xc0 | random.below(64) : random.below(192)
  return o.digit === undefined ? modrm : (modrm & 0xc7) | (o.digit << 3)
}

/** `start` and random bytes behind it, if that is the row's instruction. */
function accepted(random: Random, row: Row, start: readonly number[], decode: Decode): Encoding | undefined {
  const code = Uint8Array.from({ length: 15 }, (_, k) => start[k] ?? random.below(256))
  const insn = decoded(code, decode)
  return insn?.row === row && insn.operands.every((o) => isAimable(row, o))
    ? { code: code.slice(0, insn.length), insn }
    : undefined
}

/** In either form of the prefix where both can be; VEX.vvvv is 1111 half of the time, for rows that do not use it. */
function vexBytes(random: Random, o: Opcode): number[] {
  const pp = o.prefix === '66' ? 1 : o.prefix === 'F3' ? 2 : o.prefix === 'F2' ? 3 : 0
  const W = o.W ?? random.below(2)
  const L = o.vex?.L ?? random.below(2)
  const vvvv = random.chance(0.5) ? 15 : random.below(16)
  const last = (vvvv << 3) | (L << 2) | pp
  const bytes: number[] = random.chance(0.1) ? [random.pick([0x26, 0x2e, 0x64, 0x65, 0x67])] : []
  const map = o.map - VEX_MAP
  if (map === 1 && W === 0 && random.chance(0.5)) bytes.push(0xc5, (random.below(2) << 7) | last)
  else bytes.push(0xc4, (random.below(8) << 5) | map, (W << 7) | last)
  bytes.push(o.byte)
  if (o.slashR || o.digit !== undefined) bytes.push(modrmByte(random, o))
  return bytes
}

/** LEA and hints touch nothing. Else an address that states can choose, and that is not the oracle's own (its program lies at 0x6b3d5000). */
const isAimable = (row: Row, o: Operand): boolean =>
  o.kind !== 'mem' ||
  (o.w === 0 && row.op !== undefined) ||
  ((o.base >= 0 || o.index >= 0) && (o.disp < 0x6000_0000n || o.disp > 0x7000_0000n))

function decoded(code: Uint8Array, decode: Decode): Insn | undefined {
  try {
    return decode(code, 0, 0x2345_6000)
  } catch (e) {
    if (e instanceof Fault) return undefined
    throw e
  }
}

let scratch: CpuState | undefined

/** RFLAGS bits that the manual leaves undefined for this row and state. */
export function undefinedFlagBits(row: Row, decode: Decode, s: NativeState): number {
  scratch ??= new CpuState(new Ram(32 * 1024 * 1024))
  const state = scratch
  s.gpr.forEach((v, n) => state.setGpr(n, v))
  const insn = decode(s.code, 0, Number(codeAddress(s)))
  const flags = row.undefinedFlags ?? (insn && row.undefinedWith?.(insn, state)) ?? []
  return flags.reduce((bits, f) => bits | RFLAGS[f], 0)
}
