/** SSE and SSE2 data movement: volume 2, the MOV... pages of XMM registers, and MASKMOVDQU. Not here: MOVNTI, MMX forms. */
import { PAGE_SIZE } from '../cpu/index.ts'
import { RDI } from '../spec/x86/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, MemoryOperand, Row } from './insn.ts'
import { get, put } from './operand.ts'
import type { FpWidth } from './ops.ts'
import {
  addressWithin,
  alone,
  firstSource,
  halves,
  isMemory,
  lane,
  low,
  lowAlone,
  mergeLow,
  putHalves,
  secondSource,
  setResult,
  withLane,
  xmmOf,
  type Op,
} from './sse-operand.ts'

const move =
  (isAligned: boolean): Op =>
  (m, i) =>
    putHalves(m, i, 0, halves(m, i, 1, isAligned), isAligned)
const aligned = move(true)
const unaligned = move(false)

/** MOVSS, MOVSD: from memory the rest becomes zero, from a register it is the first source's. */
const scalarLoad =
  (w: FpWidth): Op =>
  (m, i) => {
    const source = secondSource(i)
    if (isMemory(i, source)) setResult(m, i, lowAlone(m, i, source, w))
    else mergeLow(m, i, w, low(m, i, source, w))
  }
const scalarStore =
  (w: FpWidth): Op =>
  (m, i) => {
    const value = low(m, i, secondSource(i), w)
    if (isMemory(i, 0)) put(m, i, 0, value)
    else mergeLow(m, i, w, value)
  }

/** Loads 64 bits into half `to` of the destination, from memory or from half `from` of a register. */
const loadHalf =
  (to: 0 | 1, from: 0 | 1 = 0): Op =>
  (m, i) => {
    const k = secondSource(i)
    const value = isMemory(i, k) ? get(m, i, k) : lane(m, 64, m.xmm(xmmOf(i, k)), from)
    setResult(m, i, withLane(m, 64, m.xmm(xmmOf(i, firstSource(i))), to, value))
  }
const storeHalf =
  (from: 0 | 1): Op =>
  (m, i) =>
    put(m, i, 0, lane(m, 64, m.xmm(xmmOf(i, 1)), from))

/** From a general-purpose register, memory or an XMM register: the rest becomes zero. */
const moveIn =
  (w: FpWidth): Op =>
  (m, i) =>
    setResult(m, i, isMemory(i, 1) ? lowAlone(m, i, 1, w) : alone(m, w, get(m, i, 1)))
const moveOut =
  (w: FpWidth): Op =>
  (m, i) =>
    put(m, i, 0, low(m, i, 1, w))
const quadwordIn: Op = (m, i) => setResult(m, i, lowAlone(m, i, 1, 64))
const quadwordOut: Op = (m, i) => {
  const value = low(m, i, 1, 64)
  if (isMemory(i, 0)) put(m, i, 0, value)
  else setResult(m, i, alone(m, 64, value))
}

/** One bit for each lane, the lower half's first. */
const signs =
  (w: FpWidth): Op =>
  (m, i) => {
    const bits = halves(m, i, 1).map((x) => m.simd(w === 32 ? 'i32x4.bitmask' : 'i64x2.bitmask', [x]))
    put(
      m,
      i,
      0,
      bits.reduce((sum, b) => m.or(32, sum, m.shl(32, b, m.lit(32, 128 / w)))),
    )
  }

/** Eight bytes that must be writable. */
export function demandWrite(e: Evaluator, address: bigint): number {
  const at = e.linear(address, 8, 'W')
  e.view.writable(at)
  const nextPage = at - (at % PAGE_SIZE) + PAGE_SIZE
  if (at + 8 > nextPage) e.view.writable(nextPage)
  return at
}

/**
 * Writes the selected bytes to [(E)DI]. Processors demand that all 16 can be written, whatever the mask, and look at the upper
 * eight first.
 */
function maskedStore(e: Evaluator, i: Insn): void {
  const { state, view } = e
  const mask = state.xmm(xmmOf(i, 1))
  const data = state.xmm(xmmOf(i, 0))
  const at: MemoryOperand = { kind: 'mem', w: 128, seg: i.seg, base: RDI, index: -1, scale: 0, disp: 0n, a32: i.a32 }
  const upper = demandWrite(e, addressWithin(e, at, 8))
  const lower = demandWrite(e, addressWithin(e, at, 0))
  for (let k = 0; k < 16; k++)
    if ((mask[k] ?? 0) >= 0x80) view.write(k < 8 ? lower + k : upper + k - 8, data.slice(k, k + 1))
}

// prettier-ignore
export const SSE_MOVE: readonly Row[] = [
  { mnemonic: 'MOVAPS', opcode: 'NP 0F 28 /r', operands: 'Vps, Wps', spec: 'MOVAPS—Move Aligned Packed Single Precision Floating-Point Values', op: aligned },
  { mnemonic: 'MOVAPS', opcode: 'NP 0F 29 /r', operands: 'Wps, Vps', spec: 'MOVAPS—Move Aligned Packed Single Precision Floating-Point Values', op: aligned },
  { mnemonic: 'MOVAPD', opcode: '66 0F 28 /r', operands: 'Vpd, Wpd', spec: 'MOVAPD—Move Aligned Packed Double Precision Floating-Point Values', op: aligned },
  { mnemonic: 'MOVAPD', opcode: '66 0F 29 /r', operands: 'Wpd, Vpd', spec: 'MOVAPD—Move Aligned Packed Double Precision Floating-Point Values', op: aligned },
  { mnemonic: 'MOVDQA', opcode: '66 0F 6F /r', operands: 'Vdq, Wdq', spec: 'MOVDQA,VMOVDQA32/64—Move Aligned Packed Integer Values', op: aligned },
  { mnemonic: 'MOVDQA', opcode: '66 0F 7F /r', operands: 'Wdq, Vdq', spec: 'MOVDQA,VMOVDQA32/64—Move Aligned Packed Integer Values', op: aligned },
  { mnemonic: 'MOVUPS', opcode: 'NP 0F 10 /r', operands: 'Vps, Wps', spec: 'MOVUPS—Move Unaligned Packed Single Precision Floating-Point Values', op: unaligned },
  { mnemonic: 'MOVUPS', opcode: 'NP 0F 11 /r', operands: 'Wps, Vps', spec: 'MOVUPS—Move Unaligned Packed Single Precision Floating-Point Values', op: unaligned },
  { mnemonic: 'MOVUPD', opcode: '66 0F 10 /r', operands: 'Vpd, Wpd', spec: 'MOVUPD—Move Unaligned Packed Double Precision Floating-Point Values', op: unaligned },
  { mnemonic: 'MOVUPD', opcode: '66 0F 11 /r', operands: 'Wpd, Vpd', spec: 'MOVUPD—Move Unaligned Packed Double Precision Floating-Point Values', op: unaligned },
  { mnemonic: 'MOVDQU', opcode: 'F3 0F 6F /r', operands: 'Vdq, Wdq', spec: 'MOVDQU,VMOVDQU8/16/32/64—Move Unaligned Packed Integer Values', op: unaligned },
  { mnemonic: 'MOVDQU', opcode: 'F3 0F 7F /r', operands: 'Wdq, Vdq', spec: 'MOVDQU,VMOVDQU8/16/32/64—Move Unaligned Packed Integer Values', op: unaligned },

  { mnemonic: 'MOVSS', opcode: 'F3 0F 10 /r', operands: 'Vss, Wss', spec: 'MOVSS—Move or Merge Scalar Single Precision Floating-Point Value', op: scalarLoad(32) },
  { mnemonic: 'MOVSS', opcode: 'F3 0F 11 /r', operands: 'Wss, Vss', spec: 'MOVSS—Move or Merge Scalar Single Precision Floating-Point Value', op: scalarStore(32) },
  { mnemonic: 'MOVSD', opcode: 'F2 0F 10 /r', operands: 'Vsd, Wsd', spec: 'MOVSD—Move or Merge Scalar Double Precision Floating-Point Value', op: scalarLoad(64) },
  { mnemonic: 'MOVSD', opcode: 'F2 0F 11 /r', operands: 'Wsd, Vsd', spec: 'MOVSD—Move or Merge Scalar Double Precision Floating-Point Value', op: scalarStore(64) },

  { mnemonic: 'MOVLPS', opcode: 'NP 0F 12 /r', operands: 'Vps, Mq', spec: 'MOVLPS—Move Low Packed Single Precision Floating-Point Values', op: loadHalf(0) },
  { mnemonic: 'MOVLPS', opcode: 'NP 0F 13 /r', operands: 'Mq, Vps', spec: 'MOVLPS—Move Low Packed Single Precision Floating-Point Values', op: storeHalf(0) },
  { mnemonic: 'MOVHLPS', opcode: 'NP 0F 12 /r', operands: 'Vps, Ups', spec: 'MOVHLPS—Move Packed Single Precision Floating-Point Values High to Low', op: loadHalf(0, 1) },
  { mnemonic: 'MOVLPD', opcode: '66 0F 12 /r', operands: 'Vpd, Mq', spec: 'MOVLPD—Move Low Packed Double Precision Floating-Point Value', op: loadHalf(0) },
  { mnemonic: 'MOVLPD', opcode: '66 0F 13 /r', operands: 'Mq, Vpd', spec: 'MOVLPD—Move Low Packed Double Precision Floating-Point Value', op: storeHalf(0) },
  { mnemonic: 'MOVHPS', opcode: 'NP 0F 16 /r', operands: 'Vps, Mq', spec: 'MOVHPS—Move High Packed Single Precision Floating-Point Values', op: loadHalf(1) },
  { mnemonic: 'MOVHPS', opcode: 'NP 0F 17 /r', operands: 'Mq, Vps', spec: 'MOVHPS—Move High Packed Single Precision Floating-Point Values', op: storeHalf(1) },
  { mnemonic: 'MOVLHPS', opcode: 'NP 0F 16 /r', operands: 'Vps, Ups', spec: 'MOVLHPS—Move Packed Single Precision Floating-Point Values Low to High', op: loadHalf(1, 0) },
  { mnemonic: 'MOVHPD', opcode: '66 0F 16 /r', operands: 'Vpd, Mq', spec: 'MOVHPD—Move High Packed Double Precision Floating-Point Value', op: loadHalf(1) },
  { mnemonic: 'MOVHPD', opcode: '66 0F 17 /r', operands: 'Mq, Vpd', spec: 'MOVHPD—Move High Packed Double Precision Floating-Point Value', op: storeHalf(1) },

  { mnemonic: 'MOVD', opcode: 'W0 + 66 0F 6E /r', operands: 'Vdq, Ed', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', op: moveIn(32) },
  { mnemonic: 'MOVD', opcode: 'W0 + 66 0F 7E /r', operands: 'Ed, Vdq', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', op: moveOut(32) },
  { mnemonic: 'MOVQ', opcode: 'REX.W + 66 0F 6E /r', operands: 'Vdq, Eq', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', op: moveIn(64) },
  { mnemonic: 'MOVQ', opcode: 'REX.W + 66 0F 7E /r', operands: 'Eq, Vdq', spec: 'MOVD/MOVQ—Move Doubleword/Move Quadword', op: moveOut(64) },
  { mnemonic: 'MOVQ', opcode: 'F3 0F 7E /r', operands: 'Vq, Wq', spec: 'MOVQ—Move Quadword', op: quadwordIn },
  { mnemonic: 'MOVQ', opcode: '66 0F D6 /r', operands: 'Wq, Vq', spec: 'MOVQ—Move Quadword', op: quadwordOut },

  { mnemonic: 'MOVMSKPS', opcode: 'NP 0F 50 /r', operands: 'Gd, Ups', spec: 'MOVMSKPS—Extract Packed Single Precision Floating-Point Sign Mask', op: signs(32) },
  { mnemonic: 'MOVMSKPD', opcode: '66 0F 50 /r', operands: 'Gd, Upd', spec: 'MOVMSKPD—Extract Packed Double Precision Floating-Point Sign Mask', op: signs(64) },

  { mnemonic: 'MOVNTPS', opcode: 'NP 0F 2B /r', operands: 'Mps, Vps', spec: 'MOVNTPS—Store Packed Single Precision Floating-Point Values Using Non-Temporal Hint', op: aligned },
  { mnemonic: 'MOVNTPD', opcode: '66 0F 2B /r', operands: 'Mpd, Vpd', spec: 'MOVNTPD—Store Packed Double Precision Floating-Point Values Using Non-Temporal Hint', op: aligned },
  { mnemonic: 'MOVNTDQ', opcode: '66 0F E7 /r', operands: 'Mdq, Vdq', spec: 'MOVNTDQ—Store Packed Integers Using Non-Temporal Hint', op: aligned },
  { mnemonic: 'MASKMOVDQU', opcode: '66 0F F7 /r', operands: 'Vdq, Udq', spec: 'MASKMOVDQU—Store Selected Bytes of Double Quadword', slow: maskedStore },
]
