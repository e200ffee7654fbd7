/** AVX2 on packed integers: the forms with 256 bits of SSE2 to SSE4.2, and shifts with a count for each element. */
import type { Row } from './insn.ts'
import type { FpWidth, Ops } from './ops.ts'
import { binary, fromLanes, lane, type Op } from './sse-operand.ts'
import { SSE_INTEGER } from './sse-integer.ts'
import { SSE_SHUFFLE } from './sse-shuffle.ts'
import { SSE41_INTEGER } from './sse41-integer.ts'
import { SSE41_SHUFFLE } from './sse41-shuffle.ts'
import { SSE42 } from './sse42.ts'
import { SSSE3 } from './ssse3.ts'
import { textOf, vexForms, type VexShape } from './vex.ts'

const BINARY: VexShape = { length: '256', feature: 'AVX2', operands: 'NDS' }
const UNARY: VexShape = { ...BINARY, operands: 'same' }
const from = (operands: string): VexShape => ({ ...BINARY, operands })

/** The shift count is an immediate, or the low part of a register. */
const BY_IMMEDIATE = SSE_INTEGER.filter((r) => r.operands.endsWith('Ib'))
const BY_REGISTER = SSE_INTEGER.filter((r) => !r.operands.endsWith('Ib'))

/** Counts beyond the element shift everything out: zeros, or copies of the sign. */
const shiftEach = (w: FpWidth, shift: 'shl' | 'shr' | 'sar'): Op =>
  binary(<V>(o: Ops<V>, a: V, b: V): V => {
    const lanes = Array.from({ length: 128 / w }, (_, k) => {
      const [x, count] = [lane(o, w, a, k), lane(o, w, b, k)]
      const fits = o.ltU(w, count, o.lit(w, w))
      const short = o.trunc(w, 32, count)
      if (shift === 'sar') return o.sar(w, x, o.select(32, fits, short, o.lit(32, w - 1)))
      const masked = o.and(32, short, o.lit(32, w - 1))
      return o.select(w, fits, o[shift](w, x, masked), o.lit(w, 0))
    })
    return fromLanes(o, w, lanes)
  })

const SHIFT_LEFT = 'VPSLLVW/VPSLLVD/VPSLLVQ—Variable Bit Shift Left Logical'
const SHIFT_RIGHT = 'VPSRLVW/VPSRLVD/VPSRLVQ—Variable Bit Shift Right Logical'
const SHIFT_RIGHT_SIGN = 'VPSRAVW/VPSRAVD/VPSRAVQ—Variable Bit Shift Right Arithmetic'
const feature = 'AVX2'

// prettier-ignore
export const AVX2_INTEGER: readonly Row[] = [
  ...vexForms(SSE_INTEGER, BINARY, 'VPADDB VPADDW VPADDD VPADDQ VPADDSB VPADDSW VPADDUSB VPADDUSW VPSUBB VPSUBW VPSUBD VPSUBQ VPSUBSB VPSUBSW VPSUBUSB VPSUBUSW'),
  ...vexForms(SSE_INTEGER, BINARY, 'VPMULLW VPMULHW VPMULHUW VPMULUDQ VPMADDWD VPSADBW VPAVGB VPAVGW VPMINUB VPMINSW VPMAXUB VPMAXSW'),
  ...vexForms(SSE_INTEGER, BINARY, 'VPCMPEQB VPCMPEQW VPCMPEQD VPCMPGTB VPCMPGTW VPCMPGTD VPAND VPANDN VPOR VPXOR'),
  ...vexForms(SSE_INTEGER, UNARY, 'VPMOVMSKB'),
  ...vexForms(BY_REGISTER, from('Vqq, Hqq, Wdq'), 'VPSLLW VPSLLD VPSLLQ VPSRLW VPSRLD VPSRLQ VPSRAW VPSRAD'),
  ...vexForms(BY_IMMEDIATE, from('NDD'), 'VPSLLW VPSLLD VPSLLQ VPSRLW VPSRLD VPSRLQ VPSRAW VPSRAD VPSLLDQ VPSRLDQ'),
  ...vexForms(SSE_SHUFFLE, BINARY, 'VPUNPCKLBW VPUNPCKLWD VPUNPCKLDQ VPUNPCKLQDQ VPUNPCKHBW VPUNPCKHWD VPUNPCKHDQ VPUNPCKHQDQ'),
  ...vexForms(SSE_SHUFFLE, BINARY, 'VPACKSSWB VPACKSSDW VPACKUSWB'),
  ...vexForms(SSE_SHUFFLE, UNARY, 'VPSHUFD VPSHUFHW VPSHUFLW'),
  ...vexForms(SSSE3, BINARY, 'VPSHUFB VPHADDW VPHADDD VPHADDSW VPMADDUBSW VPHSUBW VPHSUBD VPHSUBSW VPSIGNB VPSIGNW VPSIGND VPMULHRSW VPALIGNR'),
  ...vexForms(SSSE3, UNARY, 'VPABSB VPABSW VPABSD'),
  ...vexForms(SSE41_INTEGER, from('Vqq, Wdq'), 'VPMOVSXBW VPMOVSXWD VPMOVSXDQ VPMOVZXBW VPMOVZXWD VPMOVZXDQ'),
  ...vexForms(SSE41_INTEGER, from('Vqq, Wq'), 'VPMOVSXBD VPMOVSXWQ VPMOVZXBD VPMOVZXWQ'),
  ...vexForms(SSE41_INTEGER, from('Vqq, Wd'), 'VPMOVSXBQ VPMOVZXBQ'),
  ...vexForms(SSE41_INTEGER, UNARY, 'VMOVNTDQA'),
  ...vexForms(SSE41_INTEGER, BINARY, 'VPMULDQ VPCMPEQQ VPACKUSDW VPMINSB VPMINSD VPMINUW VPMINUD VPMAXSB VPMAXSD VPMAXUW VPMAXUD VPMULLD VMPSADBW'),
  ...vexForms(SSE41_SHUFFLE, BINARY, 'VPBLENDW'),
  ...vexForms(SSE42, BINARY, 'VPCMPGTQ'),
  { mnemonic: 'VPBLENDVB', opcode: 'VEX.256.66.0F3A.W0 4C /r /is4', operands: 'Vqq, Hqq, Wqq, Lqq', spec: 'PBLENDVB—Variable Blend Packed Bytes', feature, op: textOf(SSE41_SHUFFLE, 'PBLENDVB') },
  { mnemonic: 'VPSRLVD', opcode: 'VEX.128/256.66.0F38.W0 45 /r', operands: 'Vx, Hx, Wx', spec: SHIFT_RIGHT, feature, op: shiftEach(32, 'shr') },
  { mnemonic: 'VPSRLVQ', opcode: 'VEX.128/256.66.0F38.W1 45 /r', operands: 'Vx, Hx, Wx', spec: SHIFT_RIGHT, feature, op: shiftEach(64, 'shr') },
  { mnemonic: 'VPSRAVD', opcode: 'VEX.128/256.66.0F38.W0 46 /r', operands: 'Vx, Hx, Wx', spec: SHIFT_RIGHT_SIGN, feature, op: shiftEach(32, 'sar') },
  { mnemonic: 'VPSLLVD', opcode: 'VEX.128/256.66.0F38.W0 47 /r', operands: 'Vx, Hx, Wx', spec: SHIFT_LEFT, feature, op: shiftEach(32, 'shl') },
  { mnemonic: 'VPSLLVQ', opcode: 'VEX.128/256.66.0F38.W1 47 /r', operands: 'Vx, Hx, Wx', spec: SHIFT_LEFT, feature, op: shiftEach(64, 'shl') },
]
