/** AVX floating point: the VEX forms of the arithmetic, comparison, logic and conversions of SSE to SSE4.1. */
import type { Row } from './insn.ts'
import { SSE3 } from './sse3.ts'
import { SSE_CONVERT } from './sse-convert.ts'
import { SSE_ESTIMATE } from './sse-estimate.ts'
import { SSE_FLOAT } from './sse-float.ts'
import { SSE41_FLOAT } from './sse41-float.ts'
import { vexForms, type VexShape } from './vex.ts'

const PACKED: VexShape = { length: '128/256', feature: 'AVX', operands: 'NDS' }
const PACKED_UNARY: VexShape = { ...PACKED, operands: 'same' }
const SCALAR: VexShape = { length: 'LIG', feature: 'AVX', operands: 'NDS' }
const SCALAR_UNARY: VexShape = { ...SCALAR, operands: 'same' }
const XMM_UNARY: VexShape = { length: '128', feature: 'AVX', operands: 'same' }
const WIDEN: VexShape = { length: '256', feature: 'AVX', operands: 'Vqq, Wdq' }
const NARROW: VexShape = { length: '256', feature: 'AVX', operands: 'Vdq, Wqq' }

// prettier-ignore
export const AVX_FLOAT: readonly Row[] = [
  ...vexForms(SSE_FLOAT, PACKED, 'VADDPS VADDPD VSUBPS VSUBPD VMULPS VMULPD VDIVPS VDIVPD VMINPS VMINPD VMAXPS VMAXPD VCMPPS VCMPPD'),
  ...vexForms(SSE_FLOAT, PACKED, 'VANDPS VANDPD VANDNPS VANDNPD VORPS VORPD VXORPS VXORPD'),
  ...vexForms(SSE_FLOAT, PACKED_UNARY, 'VSQRTPS VSQRTPD'),
  ...vexForms(SSE_FLOAT, SCALAR, 'VADDSS VADDSD VSUBSS VSUBSD VMULSS VMULSD VDIVSS VDIVSD VMINSS VMINSD VMAXSS VMAXSD VCMPSS VCMPSD VSQRTSS VSQRTSD'),
  ...vexForms(SSE_FLOAT, SCALAR_UNARY, 'VUCOMISS VUCOMISD VCOMISS VCOMISD'),
  ...vexForms(SSE_ESTIMATE, PACKED_UNARY, 'VRSQRTPS VRCPPS'),
  ...vexForms(SSE_ESTIMATE, SCALAR, 'VRSQRTSS VRCPSS'),
  ...vexForms(SSE3, PACKED, 'VADDSUBPS VADDSUBPD VHADDPS VHADDPD VHSUBPS VHSUBPD'),
  ...vexForms(SSE41_FLOAT, PACKED, 'VDPPS'),
  ...vexForms(SSE41_FLOAT, { ...PACKED, length: '128' }, 'VDPPD'),
  ...vexForms(SSE41_FLOAT, PACKED_UNARY, 'VROUNDPS VROUNDPD'),
  ...vexForms(SSE41_FLOAT, SCALAR, 'VROUNDSS VROUNDSD'),

  ...vexForms(SSE_CONVERT, SCALAR, 'VCVTSI2SS VCVTSI2SD VCVTSS2SD VCVTSD2SS'),
  ...vexForms(SSE_CONVERT, SCALAR_UNARY, 'VCVTTSS2SI VCVTTSD2SI VCVTSS2SI VCVTSD2SI'),
  ...vexForms(SSE_CONVERT, PACKED_UNARY, 'VCVTDQ2PS VCVTPS2DQ VCVTTPS2DQ'),
  ...vexForms(SSE_CONVERT, XMM_UNARY, 'VCVTPS2PD VCVTDQ2PD VCVTPD2PS VCVTPD2DQ VCVTTPD2DQ'),
  ...vexForms(SSE_CONVERT, WIDEN, 'VCVTPS2PD VCVTDQ2PD'),
  ...vexForms(SSE_CONVERT, NARROW, 'VCVTPD2PS VCVTPD2DQ VCVTTPD2DQ'),
]
