/** The machine code of the programs that the machine brings itself: the bytes of each row are what its text says. */
import * as iced from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { DRIVER, HANDLER } from '../../src/machine/abi/code.ts'
import { ENCLAVE_CODE } from '../../src/machine/abi/enclave-code.ts'
import { CELLS } from '../../src/machine/abi/layout.ts'
import { place } from '../../src/machine/abi/listing.ts'
import { wrapper } from '../../src/machine/abi/wrappers.ts'
import { HOST_PROGRAM } from '../../src/machine/enclave-call/host-program.ts'
import type { Listing } from '../../src/vdso/index.ts'
import { ABIS } from './subjects.ts'

const cellAt = new Map<number, string>(Object.entries(CELLS).map(([name, at]) => [at, name]))

function disassemble(listing: Listing): string[] {
  const code = place(listing)
  const labelAt = new Map([...code.labels].map(([name, offset]) => [offset, name]))
  const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm)
  formatter.showBranchSize = false
  return code.rows.map(({ offset, size }) => {
    const decoder = new iced.Decoder(64, code.bytes.subarray(offset, offset + size), iced.DecoderOptions.None)
    decoder.ip = BigInt(offset)
    const instruction = decoder.decode()
    expect(instruction.length).toBe(size)
    const text = formatter.format(instruction)
    const { flowControl } = instruction
    if (flowControl === iced.FlowControl.ConditionalBranch || flowControl === iced.FlowControl.UnconditionalBranch)
      return text.replace(/\S+$/, labelAt.get(Number(instruction.nearBranchTarget)) ?? '?')
    const cell = instruction.memoryBase === iced.Register.None && cellAt.get(Number(instruction.memoryDisplacement))
    return cell ? text.replace(/\[[^\]]*\]/, `[${cell}]`) : text
  })
}

const LISTINGS: readonly (readonly [string, Listing])[] = [
  ['the driver', DRIVER],
  ['the handler', HANDLER],
  ['the enclave', ENCLAVE_CODE],
  ['the program that makes the calls of the library', HOST_PROGRAM.listing],
  ...ABIS.flatMap((abi) =>
    (['all', 'minimal'] as const).map((style) => [`${abi}, ${style}`, wrapper(abi, style)] as const),
  ),
]

describe('listings', () => {
  test.each(LISTINGS)('%s', (_, listing) => {
    expect(disassemble(listing)).toEqual(listing.map(({ text }) => text))
  })
})
