/**
 * AVX2 gathers. The mask's sign bits choose elements, lowest first. An element that was loaded is in the destination and its mask is
 * cleared even when a later one faults, so that the instruction goes on from there when it is executed again.
 * Undefined: the rest of the registers after a fault, which are as on Intel's processors: the mask becomes ones and zeros first of
 * all, and the destination's top is cleared behind the first element.
 */
import { fault } from '../cpu/index.ts'
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { memory } from './operand.ts'
import type { FpWidth } from './ops.ts'
import { addressWithin, xmmOf } from './sse-operand.ts'

/** 256 bits of register n, live: two views. */
const register = (e: Evaluator, n: number): readonly [DataView, DataView] => {
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, 16)
  return [view(e.state.xmm(n)), view(e.state.ymmHigh(n))]
}
function element(parts: readonly [DataView, DataView], w: FpWidth, k: number): bigint {
  const at = (k * w) / 8
  const part = parts[at < 16 ? 0 : 1]
  return w === 32 ? BigInt(part.getUint32(at % 16, true)) : part.getBigUint64(at % 16, true)
}
function putElement(parts: readonly [DataView, DataView], w: FpWidth, k: number, value: Value): void {
  const at = (k * w) / 8
  const part = parts[at < 16 ? 0 : 1]
  if (w === 32) part.setUint32(at % 16, Number(value), true)
  else part.setBigUint64(at % 16, BigInt(value), true)
}

function elementAddress(e: Evaluator, m: MemoryOperand, indices: readonly [DataView, DataView], k: number): bigint {
  const w = m.vectorIndex?.w ?? 32
  const index = BigInt.asIntN(w, element(indices, w, k))
  return addressWithin(e, m, index << BigInt(m.scale))
}

/** `w`: bits of an element. There are as many as both the destination and the indices hold. */
const gather =
  (w: FpWidth) =>
  (e: Evaluator, i: Insn): void => {
    const m = memory(i, 1)
    const index = m.vectorIndex
    const [to, mask] = [xmmOf(i, 0), xmmOf(i, 2)]
    if (!index || to === mask || to === index.n || mask === index.n) return fault.UD()
    const count = Math.min(i.vex / w, index.length / index.w)
    const [values, masks, indices] = [register(e, to), register(e, mask), register(e, index.n)]
    // What the registers hold beyond these lanes becomes zero at once; the lanes above `count`, where there are any, at the end.
    const wide = i.vex / w
    const ones = (1n << BigInt(w)) - 1n
    const isChosen = (k: number): boolean => element(masks, w, k) >> BigInt(w - 1) === 1n
    for (let k = 0; k < 256 / w; k++) putElement(masks, w, k, k < wide && isChosen(k) ? ones : 0n)
    const clear = (parts: readonly [DataView, DataView], first: number): void => {
      for (let k = first; k < 256 / w; k++) putElement(parts, w, k, 0n)
    }
    for (let k = 0; k < count; k++) {
      if (!isChosen(k)) continue
      putElement(values, w, k, e.load(w, elementAddress(e, m, indices, k)))
      putElement(masks, w, k, 0n)
      // Not before: a fault of the first chosen element leaves all of the destination.
      clear(values, wide)
    }
    clear(values, count)
    clear(masks, 0)
  }

const INTEGER = 'VPGATHERDD/VPGATHERQD—Gather Packed Dword Values Using Signed Dword/Qword Indices'
const INTEGER_64 = 'VPGATHERDQ/VPGATHERQQ—Gather Packed Qword Values Using Signed Dword/Qword Indices'
const SINGLE =
  'VGATHERDPS/VGATHERQPS—Gather Packed Single Precision Floating-Point Values Using Signed Dword/Qword Indices'
const DOUBLE =
  'VGATHERDPD/VGATHERQPD—Gather Packed Double Precision Floating-Point Values Using Signed Dword/Qword Indices'
const feature = 'AVX2'

// prettier-ignore
export const AVX2_GATHER: readonly Row[] = [
  { mnemonic: 'VPGATHERDD', opcode: 'VEX.128.66.0F38.W0 90 /r', operands: 'Vdq, vm32x, Hdq', spec: INTEGER, feature, slow: gather(32) },
  { mnemonic: 'VPGATHERDD', opcode: 'VEX.256.66.0F38.W0 90 /r', operands: 'Vqq, vm32y, Hqq', spec: INTEGER, feature, slow: gather(32) },
  { mnemonic: 'VPGATHERDQ', opcode: 'VEX.128.66.0F38.W1 90 /r', operands: 'Vdq, vm32x, Hdq', spec: INTEGER_64, feature, slow: gather(64) },
  { mnemonic: 'VPGATHERDQ', opcode: 'VEX.256.66.0F38.W1 90 /r', operands: 'Vqq, vm32x, Hqq', spec: INTEGER_64, feature, slow: gather(64) },
  { mnemonic: 'VPGATHERQD', opcode: 'VEX.128.66.0F38.W0 91 /r', operands: 'Vdq, vm64x, Hdq', spec: INTEGER, feature, slow: gather(32) },
  { mnemonic: 'VPGATHERQD', opcode: 'VEX.256.66.0F38.W0 91 /r', operands: 'Vdq, vm64y, Hdq', spec: INTEGER, feature, slow: gather(32) },
  { mnemonic: 'VPGATHERQQ', opcode: 'VEX.128.66.0F38.W1 91 /r', operands: 'Vdq, vm64x, Hdq', spec: INTEGER_64, feature, slow: gather(64) },
  { mnemonic: 'VPGATHERQQ', opcode: 'VEX.256.66.0F38.W1 91 /r', operands: 'Vqq, vm64y, Hqq', spec: INTEGER_64, feature, slow: gather(64) },
  { mnemonic: 'VGATHERDPS', opcode: 'VEX.128.66.0F38.W0 92 /r', operands: 'Vdq, vm32x, Hdq', spec: SINGLE, feature, slow: gather(32) },
  { mnemonic: 'VGATHERDPS', opcode: 'VEX.256.66.0F38.W0 92 /r', operands: 'Vqq, vm32y, Hqq', spec: SINGLE, feature, slow: gather(32) },
  { mnemonic: 'VGATHERDPD', opcode: 'VEX.128.66.0F38.W1 92 /r', operands: 'Vdq, vm32x, Hdq', spec: DOUBLE, feature, slow: gather(64) },
  { mnemonic: 'VGATHERDPD', opcode: 'VEX.256.66.0F38.W1 92 /r', operands: 'Vqq, vm32x, Hqq', spec: DOUBLE, feature, slow: gather(64) },
  { mnemonic: 'VGATHERQPS', opcode: 'VEX.128.66.0F38.W0 93 /r', operands: 'Vdq, vm64x, Hdq', spec: SINGLE, feature, slow: gather(32) },
  { mnemonic: 'VGATHERQPS', opcode: 'VEX.256.66.0F38.W0 93 /r', operands: 'Vdq, vm64y, Hdq', spec: SINGLE, feature, slow: gather(32) },
  { mnemonic: 'VGATHERQPD', opcode: 'VEX.128.66.0F38.W1 93 /r', operands: 'Vdq, vm64x, Hdq', spec: DOUBLE, feature, slow: gather(64) },
  { mnemonic: 'VGATHERQPD', opcode: 'VEX.256.66.0F38.W1 93 /r', operands: 'Vqq, vm64y, Hqq', spec: DOUBLE, feature, slow: gather(64) },
]
