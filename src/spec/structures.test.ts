import { describe, expect, it } from 'vitest'
import type { StructView } from '../base/index.ts'
import * as elf from './elf/index.ts'
import * as linux from './linux/index.ts'
import * as sgx from './sgx/index.ts'
import * as x86 from './x86/index.ts'

interface AnyStruct {
  readonly name: string
  readonly size: number
  readonly fields: object
  view(data: Uint8Array): StructView<Record<never, never>>
}
const isStruct = (value: unknown): value is AnyStruct =>
  typeof value === 'object' && value !== null && 'view' in value && 'fields' in value && 'size' in value

const STRUCTURES = [elf, linux, sgx, x86].flatMap((facts): unknown[] => Object.values(facts)).filter(isStruct)

describe('the structures of the manuals and headers', () => {
  it('are found', () => {
    expect(STRUCTURES.map((s) => s.name)).toEqual(
      expect.arrayContaining(['SECS', 'siginfo_t', 'Elf64_Sym', 'XSAVE_HEADER']),
    )
  })
  it.each(STRUCTURES.map((s) => [s.name, s] as const))('%s: its fields fit and do not overlap', (_, s) => {
    expect(Object.keys(s.fields)).not.toHaveLength(0)
    expect(() => s.view(new Uint8Array(s.size))).not.toThrow()
  })
})
