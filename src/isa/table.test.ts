import { describe, expect, test } from 'vitest'
import { decodeAll } from './evaluator-engine.fixture.ts'
import { operandCodes, parseOpcode, parseOperand } from './opcode.ts'
import { FAMILIES, ROWS, Table } from './table.ts'
import { fromHex } from '../base/index.ts'
import type { Row } from './insn.ts'

const ALL_FEATURES = new Set(ROWS.flatMap((r) => r.feature ?? []))
const name = (r: Row): string => `${r.mnemonic} ${r.opcode} ${r.operands}`
const withFeatures = (...features: string[]): Table => new Table(ROWS, new Set(features))

describe('the table of instructions', () => {
  test('no two rows claim the same encoding with equal right, with all features or with none', () => {
    expect(new Table(ROWS, ALL_FEATURES).overlaps()).toEqual([])
    expect(withFeatures().overlaps()).toEqual([])
  })

  test('two rows that do are found', () => {
    const row = { mnemonic: 'X', spec: '', opcode: '0F 0A /r', operands: 'Ev, Gv', op: () => {} }
    expect(new Table([row, { ...row, mnemonic: 'Y' }], new Set()).overlaps()).toEqual([
      'X 0F 0A /r Ev, Gv / Y 0F 0A /r Ev, Gv',
    ])
    const prefixed = { ...row, mnemonic: 'Z', opcode: 'F3 0F 0A /r' }
    expect(new Table([row, prefixed], new Set()).overlaps()).toEqual([])
  })

  test('every opcode and every operand code can be read', () => {
    expect(ROWS.filter((r) => !parseOpcode(r.opcode)).map(name)).toEqual([])
    expect(ROWS.filter((r) => operandCodes(r.operands).some((c) => !parseOperand(c))).map(name)).toEqual([])
  })

  test('every row has a heading of the manual and exactly one of op and slow, or says when it is slow', () => {
    expect(ROWS.filter((r) => r.spec === '').map(name)).toEqual([])
    expect(ROWS.filter((r) => (r.op === undefined) === (r.slow === undefined) && !r.isSlow).map(name)).toEqual([])
  })

  test('a row belongs to one family', () => {
    expect(new Set(ROWS).size).toBe(ROWS.length)
    expect(Object.values(FAMILIES).every((rows) => rows.length > 0)).toBe(true)
  })

  test('LOCK is allowed only where the first operand can be memory', () => {
    const wrong = ROWS.filter((r) => r.lock && !/^[EM]/.test(r.operands) && r.opcode !== '90 +r')
    expect(wrong.map(name)).toEqual([])
  })

  test('opcodes read as the manual writes them', () => {
    expect(parseOpcode('REX.W + 0F C7 /1')).toMatchObject({ map: 1, byte: 0xc7, W: 1, digit: 1 })
    expect(parseOpcode('66 0F 38 00 /r')).toMatchObject({ prefix: '66', map: 2, byte: 0x00, slashR: true })
    expect(parseOpcode('NP 0F 01 D7')).toMatchObject({ prefix: 'NP', map: 1, byte: 0x01, modrm: 0xd7 })
    expect(parseOpcode('0F 38 F0')).toMatchObject({ map: 2, byte: 0xf0 })
    expect(parseOpcode('50 +r')).toMatchObject({ byte: 0x50, plusR: true })
    expect(parseOpcode('VEX.128.66.0F.WIG 66 /r')).toMatchObject({
      prefix: '66',
      byte: 0x66,
      W: undefined,
      vex: { L: 0, length: 128 },
    })
    expect(parseOpcode('VEX.LZ.F2.0F38.W1 F6 /r')).toMatchObject({ prefix: 'F2', byte: 0xf6, W: 1, vex: { L: 0 } })
    expect(parseOpcode('VEX.128/256.0F.WIG 58 /r')).toMatchObject({ prefix: 'NP', vex: { L: undefined, length: 'L' } })
    expect(parseOpcode('VEX.512.0F.WIG 58 /r')).toBeUndefined()
    expect(parseOpcode('XX /r')).toBeUndefined()
    expect(parseOperand('Ev')).toBeDefined()
    expect(parseOperand('Vx')).toBeDefined()
    expect(parseOperand('Tq')).toBeUndefined()
  })

  test('an instruction of a missing feature does not exist', () => {
    const popcnt = fromHex('f30fb8c1')
    expect(decodeAll(popcnt, 0, 0)?.row.mnemonic).toBe('POPCNT')
    expect(withFeatures().slot(256 + 0xb8)).toBeNull()
  })
})
