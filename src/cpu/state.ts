import { ARITHMETIC_MASK, MXCSR, MXCSR_RESET, RFLAGS } from '../spec/x86/index.ts'
import { STATE } from './layout.ts'
import type { Ram } from './ram.ts'

/** MXCSR values under which translated code may compute: round to nearest, no DAZ or FTZ, all masked, PE already set. */
const isFast = (mxcsr: number): boolean =>
  (mxcsr & (MXCSR.RC | MXCSR.DAZ | MXCSR.FTZ)) === 0 && (mxcsr & 0x1f80) === 0x1f80 && (mxcsr & MXCSR.PE) !== 0

/**
 * The processor's registers, as a typed door to the state block. There is one block; a task that does not run keeps a copy
 * (save, load).
 */
export class CpuState {
  readonly ram: Ram
  /**
   * Computes the six arithmetic flags from the recipe in FOP, FA, FB, FC. The recipes belong to the instructions, so their room
   * supplies this.
   */
  materializeFlags: (state: CpuState) => number = (s) => Number(s.ram.u64[STATE.FA / 8] ?? 0n) & ARITHMETIC_MASK

  constructor(ram: Ram) {
    this.ram = ram
    this.xcr0 = 3n
    this.reset()
  }

  /** As the kernel leaves it after exec: everything zero but MXCSR, x87 control, the fixed flags and XCR0, which stays. */
  reset(): void {
    const { xcr0 } = this
    this.ram.clear(0, STATE.SIZE)
    this.xcr0 = xcr0
    this.mxcsr = MXCSR_RESET
    this.ram.u16[STATE.X87 / 2] = 0x37f
    this.ram.u16[STATE.X87 / 2 + 2] = 0xffff
    this.rflags = BigInt(RFLAGS.FIXED | RFLAGS.IF)
  }

  gpr(n: number): bigint {
    return this.ram.u64[STATE.GPR / 8 + n] ?? 0n
  }
  setGpr(n: number, value: bigint): void {
    this.ram.u64[STATE.GPR / 8 + n] = value
  }

  /** User addresses have 47 bits, so this is exact. */
  get rip(): number {
    const at = STATE.RIP / 4
    return (this.ram.u32[at + 1] ?? 0) * 0x1_0000_0000 + (this.ram.u32[at] ?? 0)
  }
  set rip(value: number) {
    const at = STATE.RIP / 4
    // ToUint32 takes the low half; a remainder of doubles would be many times slower.
    this.ram.u32[at] = value >>> 0
    this.ram.u32[at + 1] = (value / 0x1_0000_0000) >>> 0
  }

  get rflags(): bigint {
    const flags = this.materializeFlags(this)
    this.packFlags(flags)
    return BigInt((this.ram.u32[STATE.RFLAGS_REST / 4] ?? 0) | flags)
  }
  /** They need not be computed again. */
  private packFlags(flags: number): void {
    this.ram.u32[STATE.FOP / 4] = 0
    this.ram.u64[STATE.FA / 8] = BigInt(flags)
  }
  set rflags(value: bigint) {
    const v = Number(value & 0x3f_ffffn)
    this.ram.u32[STATE.RFLAGS_REST / 4] = (v & ~ARITHMETIC_MASK) | RFLAGS.FIXED | RFLAGS.IF
    this.packFlags(v & ARITHMETIC_MASK)
  }

  /** TF is not an arithmetic flag, so it can be read and written without computing those. */
  get trapFlag(): boolean {
    return ((this.ram.u32[STATE.RFLAGS_REST / 4] ?? 0) & RFLAGS.TF) !== 0
  }
  set trapFlag(on: boolean) {
    const rest = this.ram.u32[STATE.RFLAGS_REST / 4] ?? 0
    this.ram.u32[STATE.RFLAGS_REST / 4] = on ? rest | RFLAGS.TF : rest & ~RFLAGS.TF
  }

  get fsBase(): bigint {
    return this.ram.u64[STATE.FS_BASE / 8] ?? 0n
  }
  set fsBase(value: bigint) {
    this.ram.u64[STATE.FS_BASE / 8] = value
  }
  get gsBase(): bigint {
    return this.ram.u64[STATE.GS_BASE / 8] ?? 0n
  }
  set gsBase(value: bigint) {
    this.ram.u64[STATE.GS_BASE / 8] = value
  }

  get mxcsr(): number {
    return this.ram.u32[STATE.MXCSR / 4] ?? 0
  }
  set mxcsr(value: number) {
    this.ram.u32[STATE.MXCSR / 4] = value
    this.ram.u32[STATE.FP_FAST / 4] = isFast(value) ? 1 : 0
  }

  get inEnclave(): boolean {
    return this.ram.u32[STATE.ENCLAVE / 4] !== 0
  }
  set inEnclave(value: boolean) {
    this.ram.u32[STATE.ENCLAVE / 4] = value ? 1 : 0
  }

  get xcr0(): bigint {
    return this.ram.u64[STATE.XCR0 / 8] ?? 0n
  }
  set xcr0(value: bigint) {
    this.ram.u64[STATE.XCR0 / 8] = value
  }
  /** SSE and AVX state are enabled: without both, VEX-coded vector instructions do not exist. */
  get hasAvxState(): boolean {
    return ((this.ram.u32[STATE.XCR0 / 4] ?? 0) & 6) === 6
  }

  /** The 16 bytes of an XMM register, live. */
  xmm(n: number): Uint8Array {
    return this.ram.u8.subarray(STATE.XMM + 16 * n, STATE.XMM + 16 * n + 16)
  }

  /** Bits 255:128 of a YMM register, live. */
  ymmHigh(n: number): Uint8Array {
    return this.ram.u8.subarray(STATE.YMM_HIGH + 16 * n, STATE.YMM_HIGH + 16 * n + 16)
  }

  /** A copy of the whole block. */
  save(): Uint8Array {
    return this.ram.u8.slice(0, STATE.SIZE)
  }
  load(block: Uint8Array): void {
    this.ram.u8.set(block, 0)
  }
}
