import * as iced from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { placeListing, type Code } from './listing.ts'
import { MAINLINE } from './mainline.ts'

/** Disassembles the bytes of each row; a branch or RIP-relative target becomes the name of the label there. */
function disassemble(code: Code): string[] {
  const nameOf = new Map([...code.labels].map(([name, offset]) => [offset, name]))
  const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm)
  formatter.showBranchSize = false
  const named = (address: bigint): string => nameOf.get(Number(address)) ?? `<${address}>`
  return code.rows.map(({ offset, size }) => {
    const decoder = new iced.Decoder(64, code.bytes.subarray(offset, offset + size), iced.DecoderOptions.None)
    decoder.ip = BigInt(offset)
    const instruction = decoder.decode()
    expect(instruction.length, `the length of the instruction at ${offset}`).toBe(size)
    const text = formatter.format(instruction)
    if (instruction.isIpRelMemoryOperand)
      return text.replace(/\[.*\]/, `[rel ${named(instruction.ipRelMemoryAddress)}]`)
    if (
      instruction.flowControl === iced.FlowControl.ConditionalBranch ||
      instruction.flowControl === iced.FlowControl.UnconditionalBranch
    )
      return text.replace(/\S+$/, named(instruction.nearBranchTarget))
    return text
  })
}

const index = (code: Code, label: string): number => code.rows.findIndex(({ row }) => row.label === label)

describe('the listing of the mainline ABI', () => {
  const code = placeListing(MAINLINE)

  test('the bytes of every row are what its text says', () => {
    expect(disassemble(code)).toEqual(code.rows.map(({ row }) => row.text))
  })

  test('takes 41 instructions from the call to ENCLU, 37 from a handler that asks for more', () => {
    expect(index(code, 'enclu') - index(code, '__vdso_sgx_enter_enclave')).toBe(41)
    expect(index(code, 'enclu') - index(code, 'enter')).toBe(37)
  })

  test('has one ENCLU, also counting bytes inside other instructions', () => {
    const found = [...code.bytes.keys()].filter(
      (i) => code.bytes[i] === 0x0f && code.bytes[i + 1] === 0x01 && code.bytes[i + 2] === 0xd7,
    )
    expect(found).toEqual([code.labels.get('enclu')])
  })

  test('checks all reserved bytes, once each and in order', () => {
    const offsets = MAINLINE.map((row) => /rcx,\[rbx\+([0-9A-F]+)h\]/.exec(row.text)?.[1]).filter(
      (x) => x !== undefined,
    )
    expect(offsets.map((x) => Number.parseInt(x, 16))).toEqual(Array.from({ length: 27 }, (_, i) => 40 + 8 * i))
  })
})

describe('placing a listing', () => {
  test('a short jump that does not reach, an unknown label and a label twice are bugs', () => {
    const far = Array.from({ length: 130 }, () => ({ code: '90', text: 'nop' }))
    const jump = { code: 'EB rel8:end', text: 'jmp end' }
    const end = { label: 'end', code: 'C3', text: 'ret' }
    expect(() => placeListing([jump, ...far, end])).toThrow('does not reach')
    expect(() => placeListing([jump])).toThrow('no label end')
    expect(() => placeListing([end, end])).toThrow('twice')
    expect(() => placeListing([{ code: '9', text: 'nop' }])).toThrow('is not a byte')
  })
})
