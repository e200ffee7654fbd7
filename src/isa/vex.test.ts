import { expect, test } from 'vitest'
import { SSE_FLOAT } from './sse-float.ts'
import { SSE_INTEGER } from './sse-integer.ts'
import { SSE_MOVE } from './sse-move.ts'
import { vexForms } from './vex.ts'

const columns = (...given: Parameters<typeof vexForms>): string[] =>
  vexForms(...given).map((r) => `${r.mnemonic} | ${r.opcode} | ${r.operands} | ${r.feature}`)

test('VEX rows read as the manual prints them', () => {
  const AVX = { length: '128/256', feature: 'AVX', operands: 'NDS' } as const
  expect(columns(SSE_FLOAT, AVX, 'VADDPS')).toEqual(['VADDPS | VEX.128/256.0F.WIG 58 /r | Vps, Hps, Wps | AVX'])
  expect(columns(SSE_FLOAT, { ...AVX, length: 'LIG' }, 'VCMPSD')).toEqual([
    'VCMPSD | VEX.LIG.F2.0F.WIG C2 /r | Vsd, Hsd, Wsd, Ib | AVX',
  ])
  expect(columns(SSE_MOVE, { ...AVX, length: '128', operands: 'same' }, 'VMOVD')).toEqual([
    'VMOVD | VEX.128.66.0F.W0 6E /r | Vdq, Ed | AVX',
    'VMOVD | VEX.128.66.0F.W0 7E /r | Ed, Vdq | AVX',
  ])
  const shifts = SSE_INTEGER.filter((r) => r.operands.endsWith('Ib'))
  expect(columns(shifts, { length: '256', feature: 'AVX2', operands: 'NDD' }, 'VPSLLW')).toEqual([
    'VPSLLW | VEX.256.66.0F.WIG 71 /6 | Hx, Ux, Ib | AVX2',
  ])
})

test('the text is that of the legacy row; a name without one is an error', () => {
  const [row] = vexForms(SSE_FLOAT, { length: '128', feature: 'AVX', operands: 'NDS' }, 'VADDPS')
  expect(row?.op).toBe(SSE_FLOAT.find((r) => r.mnemonic === 'ADDPS')?.op)
  expect(() => vexForms(SSE_FLOAT, { length: '128', feature: 'AVX', operands: 'NDS' }, 'VADDPX')).toThrow(/VADDPX/)
})
