/** AVX data movement: the VEX forms of the SSE moves, broadcasts, conditional loads and stores, VZEROUPPER and VZEROALL. */
import type { Value } from './eval-ops.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { memory } from './operand.ts'
import type { FpWidth } from './ops.ts'
import { SSE3 } from './sse3.ts'
import { SSE_MOVE } from './sse-move.ts'
import { fromLanes, halves, lane, low, setResult, whole, type Op } from './sse-operand.ts'
import { SSE_STATE } from './sse-state.ts'
import { vexForms, type VexShape } from './vex.ts'

const PACKED: VexShape = { length: '128/256', feature: 'AVX', operands: 'same' }
const XMM: VexShape = { length: '128', feature: 'AVX', operands: 'same' }
const SCALAR: VexShape = { length: 'LIG', feature: 'AVX', operands: 'same' }
const LOADS = SSE_MOVE.filter((r) => r.operands.startsWith('V'))
const STORES = SSE_MOVE.filter((r) => !r.operands.startsWith('V'))

/** One element of memory, or of the low part of a register, in every lane. */
export const broadcast =
  (w: FpWidth): Op =>
  (m, i) => {
    const value = m.simd(w === 32 ? 'i32x4.splat' : 'i64x2.splat', [low(m, i, 1, w)])
    setResult(m, i, value, ...(i.vex === 256 ? [value] : []))
  }
export const broadcastHalf: Op = (m, i) => {
  const value = whole(m, i, 1)
  setResult(m, i, value, value)
}

/** Lanes of width w of the mask whose sign bit is set. */
function chosenLanes(e: Evaluator, i: Insn, w: FpWidth): boolean[] {
  return lanesOf(e, i, 1, w).map((x) => BigInt(x) >> BigInt(w - 1) === 1n)
}
const lanesOf = (e: Evaluator, i: Insn, k: number, w: FpWidth): Value[] =>
  halves<Value>(e, i, k).flatMap((x) => Array.from({ length: 128 / w }, (_, n) => lane<Value>(e, w, x, n)))
const elementAddress = (e: Evaluator, i: Insn, k: number, offset: number): bigint =>
  BigInt.asUintN(64, (e.address(memory(i, k)) as bigint) + BigInt(offset))

/**
 * Where the chosen elements are. All must be canonical before any is looked at. A processor that stores across a page boundary looks at
 * the first byte of the first one and then at the last byte of the last one, and reports these.
 */
function chosenAddresses(e: Evaluator, i: Insn, k: number, w: FpWidth): (bigint | undefined)[] {
  const access = k === 0 ? 'W' : 'R'
  const at = chosenLanes(e, i, w).map((chosen, n) => (chosen ? elementAddress(e, i, k, (n * w) / 8) : undefined))
  const starts = at.flatMap((a) => (a === undefined ? [] : [e.linear(a, w / 8, access)]))
  const [first, last] = [starts[0], starts.at(-1)]
  if (access === 'W' && first !== undefined && last !== undefined) {
    e.view.writable(first)
    e.view.writable(last + w / 8 - 1)
  }
  return at
}
/** Elements whose mask is not set are zero, and no fault comes from where they are. */
export const maskedLoad =
  (w: FpWidth) =>
  (e: Evaluator, i: Insn): void => {
    const values = chosenAddresses(e, i, 2, w).map((a) => (a === undefined ? e.lit(w, 0) : e.load(w, a)))
    const n = 128 / w
    const parts = i.vex === 256 ? [values.slice(0, n), values.slice(n)] : [values]
    setResult<Value>(e, i, ...parts.map((lanes) => fromLanes<Value>(e, w, lanes)))
  }
export const maskedStore =
  (w: FpWidth) =>
  (e: Evaluator, i: Insn): void => {
    const values = lanesOf(e, i, 2, w)
    chosenAddresses(e, i, 0, w).forEach((a, k) => {
      if (a !== undefined) e.store(w, a, values[k] ?? 0)
    })
  }

const zeroUpper: Op = (m) => {
  for (let n = 0; n < 16; n++) m.setYmmHigh(n, m.lit(128, 0))
}
const zeroAll: Op = (m, i) => {
  zeroUpper(m, i)
  for (let n = 0; n < 16; n++) m.setXmm(n, m.lit(128, 0))
}

const MASKMOV = 'VMASKMOV—Conditional SIMD Packed Loads and Stores'
const BROADCAST = 'VBROADCAST—Load with Broadcast Floating-Point Data'
const feature = 'AVX'

// prettier-ignore
export const AVX_MOVE: readonly Row[] = [
  ...vexForms(SSE_MOVE, PACKED, 'VMOVAPS VMOVAPD VMOVDQA VMOVUPS VMOVUPD VMOVDQU VMOVMSKPS VMOVMSKPD VMOVNTPS VMOVNTPD VMOVNTDQ'),
  ...vexForms(SSE_MOVE, XMM, 'VMOVD VMOVQ VMASKMOVDQU'),
  ...vexForms(LOADS, { ...XMM, operands: 'NDS' }, 'VMOVLPS VMOVLPD VMOVHPS VMOVHPD VMOVHLPS VMOVLHPS'),
  ...vexForms(STORES, XMM, 'VMOVLPS VMOVLPD VMOVHPS VMOVHPD'),
  ...vexForms(LOADS, { ...SCALAR, operands: 'Vss, Mss' }, 'VMOVSS'),
  ...vexForms(LOADS, { ...SCALAR, operands: 'Vss, Hss, Uss' }, 'VMOVSS'),
  ...vexForms(STORES, { ...SCALAR, operands: 'Mss, Vss' }, 'VMOVSS'),
  ...vexForms(STORES, { ...SCALAR, operands: 'Uss, Hss, Vss' }, 'VMOVSS'),
  ...vexForms(LOADS, { ...SCALAR, operands: 'Vsd, Msd' }, 'VMOVSD'),
  ...vexForms(LOADS, { ...SCALAR, operands: 'Vsd, Hsd, Usd' }, 'VMOVSD'),
  ...vexForms(STORES, { ...SCALAR, operands: 'Msd, Vsd' }, 'VMOVSD'),
  ...vexForms(STORES, { ...SCALAR, operands: 'Usd, Hsd, Vsd' }, 'VMOVSD'),
  ...vexForms(SSE3, PACKED, 'VLDDQU VMOVSLDUP VMOVSHDUP'),
  ...vexForms(SSE3, XMM, 'VMOVDDUP'),
  ...vexForms(SSE3, { ...PACKED, length: '256', operands: 'Vqq, Wqq' }, 'VMOVDDUP'),
  ...vexForms(SSE_STATE, { ...XMM, length: 'LZ' }, 'VLDMXCSR VSTMXCSR'),

  { mnemonic: 'VBROADCASTSS', opcode: 'VEX.128/256.66.0F38.W0 18 /r', operands: 'Vps, Md', spec: BROADCAST, feature, op: broadcast(32) },
  { mnemonic: 'VBROADCASTSD', opcode: 'VEX.256.66.0F38.W0 19 /r', operands: 'Vqq, Mq', spec: BROADCAST, feature, op: broadcast(64) },
  { mnemonic: 'VBROADCASTF128', opcode: 'VEX.256.66.0F38.W0 1A /r', operands: 'Vqq, Mdq', spec: BROADCAST, feature, op: broadcastHalf },
  { mnemonic: 'VMASKMOVPS', opcode: 'VEX.128/256.66.0F38.W0 2C /r', operands: 'Vps, Hps, Mps', spec: MASKMOV, feature, slow: maskedLoad(32) },
  { mnemonic: 'VMASKMOVPD', opcode: 'VEX.128/256.66.0F38.W0 2D /r', operands: 'Vpd, Hpd, Mpd', spec: MASKMOV, feature, slow: maskedLoad(64) },
  { mnemonic: 'VMASKMOVPS', opcode: 'VEX.128/256.66.0F38.W0 2E /r', operands: 'Mps, Hps, Vps', spec: MASKMOV, feature, slow: maskedStore(32) },
  { mnemonic: 'VMASKMOVPD', opcode: 'VEX.128/256.66.0F38.W0 2F /r', operands: 'Mpd, Hpd, Vpd', spec: MASKMOV, feature, slow: maskedStore(64) },
  { mnemonic: 'VZEROUPPER', opcode: 'VEX.128.0F.WIG 77', operands: '', spec: 'VZEROUPPER—Zero Upper Bits of YMM and ZMM Registers', feature, op: zeroUpper },
  { mnemonic: 'VZEROALL', opcode: 'VEX.256.0F.WIG 77', operands: '', spec: 'VZEROALL—Zero XMM, YMM, and ZMM Registers', feature, op: zeroAll },
]
