import * as iced from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { placeListing, type Code } from './listing.ts'
import { ABI_NAMES, enterEnclave } from './enter-enclave.ts'

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
      instruction.flowControl === iced.FlowControl.Call ||
      instruction.flowControl === iced.FlowControl.UnconditionalBranch
    )
      return text.replace(/\S+$/, named(instruction.nearBranchTarget))
    return text
  })
}

const index = (code: Code, label: string): number => code.rows.findIndex(({ row }) => row.label === label)

describe.each(ABI_NAMES)('the listing of %s', (abi) => {
  const code = placeListing(enterEnclave(abi))

  test('the bytes of every row are what its text says', () => {
    expect(disassemble(code)).toEqual(code.rows.map(({ row }) => row.text))
  })

  test('takes as many instructions from the call to ENCLU as are promised, and fewer for a handler that asks for more', () => {
    const [fromCall, fromEnter] = { mainline: [40, 37], v28: [8, 6], v29: [10, 6], 'v29-misc': [10, 6] }[abi]
    expect(index(code, 'enclu') - index(code, '__vdso_sgx_enter_enclave')).toBe(fromCall)
    expect(index(code, 'enclu') - index(code, 'enter')).toBe(fromEnter)
  })

  test('has one ENCLU, also counting bytes inside other instructions', () => {
    const found = [...code.bytes.keys()].filter(
      (i) => code.bytes[i] === 0x0f && code.bytes[i + 1] === 0x01 && code.bytes[i + 2] === 0xd7,
    )
    expect(found).toEqual([code.labels.get('enclu')])
    expect(code.bytes.length).toBe({ mainline: 327, v28: 130, v29: 138, 'v29-misc': 140 }[abi])
  })

  test.runIf(abi === 'mainline')('checks all reserved bytes, once each and in order', () => {
    const offsets = enterEnclave(abi)
      .map((row) => /rcx,\[rbx\+([0-9A-F]+)h\]/.exec(row.text)?.[1])
      .filter((x) => x !== undefined)
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
