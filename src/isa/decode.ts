/**
 * The instruction decoder for 64-bit mode, driven by the rows. It reads bytes and knows no instruction, but the prefix rules of
 * [SDM-2 "Instruction Prefixes"]: any order and any number of legacy prefixes, REX only directly before the opcode, F2/F3 over 66
 * as mandatory prefix, REX.W over 66 as operand size, LOCK only with a memory destination that allows it. VEX stands for REX, the
 * mandatory prefix and the opcode map in one. [SDM-2 "Intel Advanced Vector Extensions (Intel AVX)"]
 */
import { once } from '../base/index.ts'
import { fault } from '../cpu/index.ts'
import type { Insn, MemoryOperand, Operand, Row } from './insn.ts'
import type { IntWidth } from './ops.ts'
import { immediateSize, METHOD, resolveSize, SIZE, VEX_MAP, type Size } from './opcode.ts'
import { cellIndex, isEntry, modrmClass, ROWS, Table, type Entry } from './table.ts'

/**
 * Decodes the instruction whose first byte is `bytes[offset]` and whose address is `address`. Bytes from `end` on are not there
 * (the end of a page that can be fetched).
 *
 * Returns undefined if the instruction needs bytes beyond `end`: the caller fetches on, and it is then that a page faults.
 * Throws a Fault: #UD for what does not exist, #GP(0) beyond 15 bytes.
 */
export type Decode = (bytes: Uint8Array, offset: number, address: number, end?: number) => Insn | undefined

const REX = 1
const OPERAND_SIZE = 2
const ADDRESS_SIZE = 3
const REPEAT = 4
const SEGMENT = 5
const LOCK = 6
/** What kind of prefix a byte is; 0 for none. */
const PREFIX = new Uint8Array(256)
PREFIX.fill(REX, 0x40, 0x50)
PREFIX[0x66] = OPERAND_SIZE
PREFIX[0x67] = ADDRESS_SIZE
PREFIX[0xf2] = PREFIX[0xf3] = REPEAT
for (const b of [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]) PREFIX[b] = SEGMENT
PREFIX[0xf0] = LOCK

const WIDTHS: readonly IntWidth[] = [8, 16, 32, 64]
const byWidth = <T>(make: (w: IntWidth) => T): Readonly<Record<number, T>> =>
  Object.fromEntries(WIDTHS.map((w) => [w, make(w)]))
const numbers = Array.from({ length: 16 }, (_, n) => n)
/** Register operands are shared: there are few. */
const REGISTERS = byWidth((w) => numbers.map((n): Operand => ({ kind: 'reg', w, n, high: false })))
const HIGH_BYTES = numbers.map((n): Operand => ({ kind: 'reg', w: 8, n: n & 3, high: true }))
const XMMS = Object.fromEntries(
  ([8, 16, 32, 64, 128] as const).map((w) => [w, numbers.map((n): Operand => ({ kind: 'xmm', w, n }))]),
)
const YMMS = numbers.map((n): Operand => ({ kind: 'ymm', n }))
const STACK = Array.from({ length: 8 }, (_, n): Operand => ({ kind: 'st', n }))
const MMX = Array.from({ length: 8 }, (_, n): Operand => ({ kind: 'mm', n }))
const ONE: Operand = { kind: 'imm', w: 8, value: 1n }
/** VEX.pp as a prefix state of the table. */
const VEX_PREFIX = [0, 1, 3, 2] as const
const NO_OPERANDS: readonly Operand[] = []

/** Raised and caught here: a truncated instruction is rare, and a check after each byte would not be. */
const TRUNCATED = Symbol('truncated')

class Decoder {
  private readonly table: () => Table
  private bytes!: Uint8Array
  private start = 0
  /** The next byte. */
  private p = 0
  private limit = 0
  private address = 0
  private rex = 0
  private opcode = 0
  private a32 = false
  private seg: Insn['seg'] = 'none'
  private modrm = 0
  /** VEX.vvvv, not inverted. */
  private vvvv = 0
  private vector: 128 | 256 = 128
  // The memory operand, once ModRM has been read.
  private base = -1
  private index = -1
  private scale = 0
  /** As encoded, even where there is no index. */
  private sibScale = 0
  private displacement = 0
  private ripRelative = false

  constructor(rows: readonly Row[], features: ReadonlySet<string>) {
    this.table = once(() => new Table(rows, features))
  }

  decode(bytes: Uint8Array, offset: number, address: number, end: number): Insn | undefined {
    this.bytes = bytes
    this.start = this.p = offset
    this.limit = Math.min(end, offset + 15)
    this.address = address
    try {
      return this.instruction()
    } catch (e) {
      if (e === TRUNCATED) return undefined
      throw e
    }
  }

  private instruction(): Insn {
    const { bytes } = this
    let [rex, rep, operand16, lock] = [0, 0, false, false]
    let prefixes = true
    this.a32 = false
    this.seg = 'none'
    let byte = 0
    while (prefixes) {
      byte = bytes[this.p++] ?? 0
      const kind = PREFIX[byte]
      if (kind === 0) prefixes = false
      else if (kind === REX) rex = byte
      else {
        // A REX prefix that another prefix follows is ignored.
        rex = 0
        if (kind === OPERAND_SIZE) operand16 = true
        else if (kind === ADDRESS_SIZE) this.a32 = true
        else if (kind === REPEAT) rep = byte
        else if (kind === LOCK) lock = true
        else if (byte === 0x64) this.seg = 'FS'
        else if (byte === 0x65) this.seg = 'GS'
        if (this.p >= this.limit) this.check()
      }
    }
    if ((byte & 0xfe) === 0xc4) return this.vexInstruction(byte, lock || operand16 || rep !== 0 || rex !== 0)
    this.rex = rex
    let map = 0
    if (byte === 0x0f) {
      byte = bytes[this.p++] ?? 0
      map = 1
      if (byte === 0x38 || byte === 0x3a) {
        map = byte === 0x38 ? 2 : 3
        byte = bytes[this.p++] ?? 0
      }
    }
    this.check()
    this.opcode = byte

    const cell = cellIndex(rep === 0xf3 ? 3 : rep === 0xf2 ? 2 : operand16 ? 1 : 0, (rex >> 3) & 1, rex & 1)
    const entry = this.find(this.table(), map * 256 + byte, cell)
    if (!entry) return fault.UD()
    if (entry.hasModrm && this.modrm < 0xc0) {
      if (entry.ignoresMod) this.modrm |= 0xc0
      else this.memoryBytes()
    }
    if (lock && !(entry.canLock && this.modrm < 0xc0 && entry.hasModrm)) {
      this.check()
      fault.UD()
    }
    this.vector = 128
    return this.finish(entry, rex & 8 ? 64 : operand16 ? 16 : 32, lock, entry.repIsFree ? (rep as Insn['rep']) : 0)
  }

  /** From the byte behind C4 or C5 on. `forbidden`: there was a prefix that VEX does not stand. */
  private vexInstruction(kind: number, forbidden: boolean): Insn {
    const { bytes } = this
    const first = bytes[this.p++] ?? 0
    // R, X, B and vvvv are inverted.
    let rex = 0x40 | ((~first >> 5) & 4)
    let map = 1
    let last = first
    if (kind === 0xc4) {
      last = bytes[this.p++] ?? 0
      rex = 0x40 | ((~first >> 5) & 7) | ((last >> 4) & 8)
      map = first & 0x1f
    }
    this.rex = rex
    this.vvvv = (~last >> 3) & 15
    this.opcode = bytes[this.p++] ?? 0
    this.check()
    if (forbidden || map < 1 || map > 3) return fault.UD()
    const L = (last >> 2) & 1
    const cell = cellIndex(VEX_PREFIX[last & 3] ?? 0, (rex >> 3) & 1, L)
    const entry = this.find(this.table(), (VEX_MAP + map) * 256 + this.opcode, cell)
    if (!entry || (!entry.usesVvvv && this.vvvv !== 0)) return fault.UD()
    if (entry.hasModrm && this.modrm < 0xc0) this.memoryBytes()
    this.vector = entry.vector === 256 || (entry.vector === 'L' && L === 1) ? 256 : 128
    return this.finish(entry, rex & 8 ? 64 : 32, false, 0)
  }

  private finish(entry: Entry, size: 16 | 32 | 64, lock: boolean, rep: Insn['rep']): Insn {
    const w = resolveSize(entry.size, size)
    const operands = entry.operands.length === 0 ? NO_OPERANDS : this.operands(entry, size)
    this.check()
    return {
      row: entry.row,
      address: this.address,
      length: this.p - this.start,
      w: w === 0 || w >= 128 ? size : (w as IntWidth),
      operands,
      lock,
      rep,
      a32: this.a32,
      seg: this.seg,
      vex: entry.vector === 0 ? 0 : this.vector,
    }
  }

  /** Also reads ModRM where there is one. */
  private find(table: Table, slotIndex: number, cell: number): Entry | undefined {
    const slot = table.slot(slotIndex)
    const leaf = slot?.only ?? slot?.cells[cell]
    if (leaf === undefined) return undefined
    if (isEntry(leaf)) {
      if (leaf.hasModrm) this.readModrm()
      return leaf
    }
    this.readModrm()
    return leaf[modrmClass(this.modrm)]
  }

  private readModrm(): void {
    this.modrm = this.bytes[this.p++] ?? 0
    this.check()
  }

  /** Everything up to `p` must have been there; called before anything is concluded from it. */
  private check(): void {
    if (this.p <= this.limit) return
    if (this.limit - this.start === 15) fault.GP(0)
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught in `decode`, needs no stack
    throw TRUNCATED
  }

  /** SIB and displacement. [SDM-2 "ModR/M and SIB Bytes", "Special Encodings with REX prefixes"] */
  private memoryBytes(): void {
    const { bytes, modrm, rex } = this
    const mod = modrm >> 6
    const rm = modrm & 7
    this.index = -1
    this.scale = 0
    this.ripRelative = false
    let displacement32 = mod === 2
    if (rm === 4) {
      const sib = bytes[this.p++] ?? 0
      const index = ((sib >> 3) & 7) | ((rex << 2) & 8)
      this.sibScale = sib >> 6
      // Only RSP cannot be an index; R12 can.
      if (index !== 4) {
        this.index = index
        this.scale = sib >> 6
      }
      this.base = (sib & 7) | ((rex << 3) & 8)
      if ((sib & 7) === 5 && mod === 0) {
        this.base = -1
        displacement32 = true
      }
    } else {
      this.base = rm | ((rex << 3) & 8)
      if (rm === 5 && mod === 0) {
        this.base = -1
        this.ripRelative = displacement32 = true
      }
    }
    if (displacement32) this.displacement = this.signed32()
    else if (mod === 1) this.displacement = ((bytes[this.p++] ?? 0) << 24) >> 24
    else this.displacement = 0
  }

  private signed32(): number {
    const { bytes, p } = this
    this.p = p + 4
    return (bytes[p] ?? 0) | ((bytes[p + 1] ?? 0) << 8) | ((bytes[p + 2] ?? 0) << 16) | ((bytes[p + 3] ?? 0) << 24)
  }

  // prettier-ignore
  private operands(entry: Entry, size: 16 | 32 | 64): Operand[] {
    const { operands } = entry
    const { modrm, rex } = this
    const out: Operand[] = []
    for (const { method, size: code, n } of operands) {
      const w = resolveSize(code, size, this.vector)
      switch (method) {
        case METHOD.E: out.push(modrm < 0xc0 ? this.memory(w, entry, size) : this.register(w, (modrm & 7) | ((rex << 3) & 8))); break
        case METHOD.H: out.push(this.xmm(w, this.vvvv)); break
        case METHOD.B: out.push(this.register(w, this.vvvv)); break
        case METHOD.L: out.push(this.xmm(w, (this.bytes[this.p++] ?? 0) >> 4)); break
        case METHOD.vm: out.push(this.vectorMemory(n as 32 | 64, code as 128 | 256, entry, size)); break
        case METHOD.W: out.push(modrm < 0xc0 ? this.memory(w, entry, size) : this.xmm(w, (modrm & 7) | ((rex << 3) & 8))); break
        case METHOD.M: out.push(this.memory(w, entry, size)); break
        case METHOD.G: out.push(this.register(w, ((modrm >> 3) & 7) | ((rex << 1) & 8))); break
        case METHOD.R: out.push(this.register(w, (modrm & 7) | ((rex << 3) & 8))); break
        case METHOD.V: out.push(this.xmm(w, ((modrm >> 3) & 7) | ((rex << 1) & 8))); break
        case METHOD.U: out.push(this.xmm(w, (modrm & 7) | ((rex << 3) & 8))); break
        // REX.R and REX.B do not reach MMX registers: there are eight.
        case METHOD.P: out.push(MMX[(modrm >> 3) & 7] as Operand); break
        case METHOD.Q: out.push(modrm < 0xc0 ? this.memory(w, entry, size) : (MMX[modrm & 7] as Operand)); break
        case METHOD.N: out.push(MMX[modrm & 7] as Operand); break
        case METHOD.Z: out.push(this.register(w, (this.opcode & 7) | ((rex << 3) & 8))); break
        case METHOD.fixed: out.push(this.register(w, n)); break
        case METHOD.one: out.push(ONE); break
        case METHOD.st: out.push(STACK[n < 0 ? modrm & 7 : n] as Operand); break
        case METHOD.I: {
          // Iz is sign-extended to the operand size.
          const wide = code === SIZE.z ? size : (w as IntWidth)
          out.push({ kind: 'imm', w: wide, value: this.immediate(code, immediateSize(code, size), wide) })
          break
        }
        case METHOD.J: {
          // The displacement counts from the next instruction, and nothing follows it.
          const d = code === 8 ? ((this.bytes[this.p++] ?? 0) << 24) >> 24 : this.signed32()
          out.push({ kind: 'rel', target: this.address + (this.p - this.start) + d })
          break
        }
        case METHOD.O: out.push(this.plainMemory(w, -1, this.offset())); break
        case METHOD.X: out.push(this.plainMemory(w, 6, 0n)); break
        case METHOD.Y: out.push({ ...this.plainMemory(w, 7, 0n), seg: 'none' }); break
        case METHOD.RBX: out.push(this.plainMemory(w, n, 0n)); break
        // Segment, control and debug registers appear as their numbers.
        case METHOD.S: out.push({ kind: 'imm', w: 8, value: BigInt((modrm >> 3) & 7) }); break
        case METHOD.C:
        case METHOD.D: out.push({ kind: 'imm', w: 8, value: BigInt(((modrm >> 3) & 7) | ((rex << 1) & 8)) }); break
      }
    }
    return out
  }

  private register(w: number, n: number): Operand {
    // Without REX, 4 to 7 are AH, CH, DH, BH; with any REX, SPL, BPL, SIL, DIL.
    if (w === 8 && this.rex === 0 && n >= 4) return HIGH_BYTES[n - 4] as Operand
    return REGISTERS[w]?.[n] as Operand
  }
  private xmm(w: number, n: number): Operand {
    return (w === 256 ? YMMS : (XMMS[w] ?? XMMS[128]))?.[n] as Operand
  }
  /** VSIB. Elements are as wide as W says; the SIB byte must be there, and index 4 is a register like any other. */
  private vectorMemory(w: 32 | 64, length: 128 | 256, entry: Entry, size: 16 | 32 | 64): MemoryOperand {
    if ((this.modrm & 7) !== 4) fault.UD()
    const n = this.index < 0 ? 4 : this.index
    return { ...this.memory(size, entry, size), index: -1, scale: this.sibScale, vectorIndex: { n, w, length } }
  }

  /** The ModRM memory operand. Immediates come behind the displacement, and RIP-relative means relative to what follows them. */
  private memory(w: number, entry: Entry, size: 16 | 32 | 64): MemoryOperand {
    let disp = BigInt(this.displacement)
    if (this.ripRelative) {
      const next = this.address + (this.p - this.start) + immediateBytes(entry, size)
      disp = BigInt(next + this.displacement)
      if (this.a32) disp = BigInt.asUintN(32, disp)
    }
    return {
      kind: 'mem',
      w: w as MemoryOperand['w'],
      seg: this.seg,
      base: this.base,
      index: this.index,
      scale: this.scale,
      disp,
      a32: this.a32,
    }
  }
  private plainMemory(w: number, base: number, disp: bigint): MemoryOperand {
    return { kind: 'mem', w: w as MemoryOperand['w'], seg: this.seg, base, index: -1, scale: 0, disp, a32: this.a32 }
  }

  /** The address of a MOV with a direct offset: as wide as addresses are. */
  private offset(): bigint {
    const low = BigInt(this.signed32() >>> 0)
    return this.a32 ? low : low | (BigInt(this.signed32() >>> 0) << 32n)
  }

  /** An immediate, extended to w bits and taken as unsigned. */
  private immediate(code: Size, n: number, w: IntWidth): bigint {
    const { bytes } = this
    if (n === 1) {
      const b = bytes[this.p++] ?? 0
      return code === 8 ? BigInt(b) : BigInt.asUintN(w, BigInt((b << 24) >> 24))
    }
    if (n === 2) {
      this.p += 2
      return BigInt((bytes[this.p - 2] ?? 0) | ((bytes[this.p - 1] ?? 0) << 8))
    }
    if (n === 4) return BigInt.asUintN(w, BigInt(this.signed32()))
    const low = BigInt(this.signed32() >>> 0)
    return low | (BigInt(this.signed32() >>> 0) << 32n)
  }
}

/** Bytes of all immediates of an instruction that has a ModRM byte. */
function immediateBytes(entry: Entry, size: 16 | 32 | 64): number {
  let n = 0
  for (const o of entry.operands)
    if (o.method === METHOD.I) n += immediateSize(o.size, size)
    else if (o.method === METHOD.L) n++
  return n
}

/** A decoder for a processor with these rows and these CPUID features. */
export function createDecoder(rows: readonly Row[] = ROWS, features: ReadonlySet<string> = new Set()): Decode {
  const decoder = new Decoder(rows, features)
  return (bytes, offset, address, end = bytes.length) => decoder.decode(bytes, offset, address, end)
}

/** For the baseline processor: SSE2 and nothing beyond. */
export const decode: Decode = (...bytes) => baseline()(...bytes)
const baseline = once(() => createDecoder())
