/**
 * VEX forms of legacy SSE instructions. They differ from those in their encoding, the place of the first source and what becomes of the
 * bits above the result; the prefix, map, opcode byte, heading and text are the same, so a row is made from the row that there is.
 */
import { invariant } from '../base/index.ts'
import type { Row } from './insn.ts'
import { operandCodes, parseOpcode } from './opcode.ts'

export interface VexShape {
  /** As in `Row.opcode`. Where it is not LIG or 128, operands of 128 bits follow VEX.L. */
  readonly length: '128' | '256' | '128/256' | 'LIG' | 'LZ'
  /** CPUID feature. */
  readonly feature: string
  /**
   * What becomes of the operands: 'NDS': the first source gets an operand of its own behind the destination ('Vps, Wps' is
   * 'Vps, Hps, Wps'); 'NDD': the destination does, before the source ('Ux, Ib' is 'Hx, Ux, Ib'); 'same': nothing. Else the column itself.
   */
  readonly operands: string
}

const MAPS = ['', '0F', '0F38', '0F3A'] as const

/** The rows for `names` ('VADDPS VADDPD'): one for each row of `legacy` whose name is the same without the V. */
export function vexForms(legacy: readonly Row[], shape: VexShape, names: string): Row[] {
  return names.split(' ').flatMap((mnemonic) => {
    const without = mnemonic.slice(1)
    const rows = legacy.filter((r) => r.mnemonic === without)
    invariant(rows.length > 0, `${mnemonic} has no legacy row`)
    return rows.map((row) => vexForm(row, mnemonic, shape))
  })
}

/** The text of a legacy instruction, for a row that differs in more than its encoding. */
export function textOf(legacy: readonly Row[], mnemonic: string): NonNullable<Row['op']> {
  const text = legacy.find((r) => r.mnemonic === mnemonic)?.op
  invariant(text, `${mnemonic} has no text`)
  return text
}

function vexForm(row: Row, mnemonic: string, { length, feature, operands }: VexShape): Row {
  return {
    ...row,
    mnemonic,
    feature,
    // Read where the processor has AVX.
    get opcode() {
      return vexOpcode(row, length)
    },
    get operands() {
      return vexOperands(row.operands, length, operands)
    },
  }
}

function vexOpcode({ opcode, mnemonic }: Row, length: VexShape['length']): string {
  const o = parseOpcode(opcode)
  invariant(o && o.map > 0, `${mnemonic} has no VEX form`)
  const prefix = o.prefix === undefined || o.prefix === 'NP' ? '' : `.${o.prefix}`
  const W = o.W === undefined ? 'WIG' : `W${o.W}`
  const byte = o.byte.toString(16).toUpperCase().padStart(2, '0')
  const modrm = o.digit === undefined ? '/r' : `/${o.digit}`
  return `VEX.${length}${prefix}.${MAPS[o.map]}.${W} ${byte} ${modrm}`
}

function vexOperands(legacy: string, length: VexShape['length'], kind: string): string {
  const codes = operandCodes(legacy).map((c) => (length.includes('256') ? c.replace(/^([VWUM])dq$/, '$1x') : c))
  const [first = '', ...rest] = codes
  if (kind === 'NDS') codes.splice(1, 0, `H${first.slice(1)}`)
  if (kind === 'NDD') codes.splice(0, codes.length, `H${first.slice(1)}`, first, ...rest)
  return ['NDS', 'NDD', 'same'].includes(kind) ? codes.join(', ') : kind
}
