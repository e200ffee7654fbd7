import { STATE, type CpuState } from '../../cpu/index.ts'
import { fpstate } from '../../spec/linux/index.ts'
import { MXCSR_MASK, MXCSR_RESET } from '../../spec/x86/index.ts'

/** The FXSAVE image in a signal frame (volume 1, "Operation of FXSAVE", 64-bit mode with REX.W = 0 or 1: the pointers are zero). */

const REGISTER_STRIDE = 16
const REGISTER_BYTES = 10
const TAG_EMPTY = 3

const x87Register = (state: CpuState, n: number): Uint8Array =>
  state.ram.u8.subarray(STATE.X87_REGS + REGISTER_STRIDE * n, STATE.X87_REGS + REGISTER_STRIDE * n + REGISTER_BYTES)
/** ST(i) is physical register (TOP + i) mod 8. */
const physical = (swd: number, i: number): number => (((swd >> 11) & 7) + i) & 7

export function saveFpstate(state: CpuState): Uint8Array {
  const image = new Uint8Array(fpstate.size)
  const f = fpstate.view(image)
  const { u16 } = state.ram
  const tags = u16[STATE.X87 / 2 + 2] ?? 0
  f.cwd = u16[STATE.X87 / 2] ?? 0
  f.swd = u16[STATE.X87 / 2 + 1] ?? 0
  for (let n = 0; n < 8; n++) if (((tags >> (2 * n)) & 3) !== TAG_EMPTY) f.twd |= 1 << n
  f.mxcsr = state.mxcsr
  f.mxcsr_mask = MXCSR_MASK
  for (let i = 0; i < 8; i++) f.st_space.set(x87Register(state, physical(f.swd, i)), REGISTER_STRIDE * i)
  for (let n = 0; n < 16; n++) f.xmm_space.set(state.xmm(n), 16 * n)
  return image
}

/** FXRSTOR. False where it raises #GP: a reserved bit of MXCSR is set. */
export function restoreFpstate(state: CpuState, image: Uint8Array): boolean {
  const f = fpstate.view(image)
  if ((f.mxcsr & ~MXCSR_MASK) !== 0) return false
  const { u16 } = state.ram
  u16[STATE.X87 / 2] = f.cwd
  u16[STATE.X87 / 2 + 1] = f.swd
  for (let i = 0; i < 8; i++) {
    const from = REGISTER_STRIDE * i
    x87Register(state, physical(f.swd, i)).set(f.st_space.subarray(from, from + REGISTER_BYTES))
  }
  let tags = 0
  for (let n = 0; n < 8; n++) tags |= (f.twd & (1 << n) ? tagOf(x87Register(state, n)) : TAG_EMPTY) << (2 * n)
  u16[STATE.X87 / 2 + 2] = tags
  for (let n = 0; n < 16; n++) state.xmm(n).set(f.xmm_space.subarray(16 * n, 16 * n + 16))
  state.mxcsr = f.mxcsr
  return true
}

/** As after FNINIT and with zeroed XMM registers: what a handler starts with. */
export function resetFpstate(state: CpuState): void {
  const { u16 } = state.ram
  u16[STATE.X87 / 2] = 0x37f
  u16[STATE.X87 / 2 + 1] = 0
  u16[STATE.X87 / 2 + 2] = 0xffff
  for (let n = 0; n < 8; n++) x87Register(state, n).fill(0)
  for (let n = 0; n < 16; n++) state.xmm(n).fill(0)
  state.mxcsr = MXCSR_RESET
}

/** Volume 1, "x87 FPU Tag Word": 0 valid, 1 zero, 2 special. */
function tagOf(register: Uint8Array): number {
  const exponent = ((register[9] ?? 0) & 0x7f) * 256 + (register[8] ?? 0)
  if (exponent === 0 && register.subarray(0, 8).every((b) => b === 0)) return 1
  const integerBit = ((register[7] ?? 0) & 0x80) !== 0
  return exponent === 0 || exponent === 0x7fff || !integerBit ? 2 : 0
}
