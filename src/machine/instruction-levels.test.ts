import { Code, CpuidFeature, Decoder, DecoderOptions, Instruction, Mnemonic } from 'iced-x86'
import { describe, expect, test } from 'vitest'
import { toHex } from '../base/index.ts'
import { Fault } from '../cpu/index.ts'
import { createDecoder, ROWS, type Decode } from '../isa/index.ts'
import { DEFAULT_LEVEL, FEATURE_NAMES, featureBits, hwcap, INSTRUCTION_LEVELS } from './instruction-levels.ts'
import { cpuid, PROCESSORS } from './processor-profile.ts'

/** iced-x86's names that differ from CPUID's. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  CMPXCHG16B: 'CX16',
  CLFSHOPT: 'CLFLUSHOPT',
  FXSR: 'FXSR',
}
/** What every processor in 64-bit mode has, and hints, which do nothing where they mean nothing. */
// prettier-ignore
const ALWAYS = new Set(['INTEL8086', 'INTEL186', 'INTEL286', 'INTEL386', 'INTEL486', 'X64', 'FPU', 'FPU287', 'FPU387', 'MULTIBYTENOP', 'PAUSE', 'CPUID',
  'CLFSH', 'CET_IBT', 'SYSCALL', 'PREFETCHW', 'CMOV', 'CX8', 'TSC', 'MSR', 'SEP', 'SSE', 'SSE2', 'MMX', 'FXSR', 'UDBG'])

/** One encoding for each opcode of each map, with each prefix, both operand sizes, memory and registers. */
function* encodings(): Generator<Uint8Array> {
  const modrm = [0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0xc0, 0xc8, 0xd0, 0xd8, 0xe0, 0xe8, 0xf0, 0xf8]
  const starts: number[][] = []
  for (const prefix of [[], [0x66], [0xf2], [0xf3]])
    for (const rex of [[], [0x48]])
      for (const map of [[0x0f], [0x0f, 0x38], [0x0f, 0x3a]]) starts.push([...prefix, ...rex, ...map])
  for (let map = 1; map <= 3; map++)
    for (let p = 0; p < 16; p++) starts.push([0xc4, 0xe0 | map, ((p & 8) << 4) | 0x78 | (p & 7)])
  for (const start of starts) {
    for (let opcode = 0; opcode < 256; opcode++) {
      for (const m of modrm) yield Uint8Array.from([...start, opcode, m, 0, 0, 0, 0, 0, 0, 0, 0, 0].slice(0, 15))
    }
  }
}

function isDecoded(decode: Decode, bytes: Uint8Array): boolean {
  try {
    return decode(bytes, 0, 0x40_0000) !== undefined
  } catch (e) {
    if (e instanceof Fault) return false
    throw e
  }
}

/** What iced-x86 knows of these features and our decoder does not: mnemonic, and an example. */
function missing(features: ReadonlySet<string>): Map<string, string> {
  const decode = createDecoder(ROWS, features)
  const found = new Map<string, string>()
  const theirs = new Instruction()
  for (const bytes of encodings()) {
    const decoder = new Decoder(64, bytes, DecoderOptions.None)
    decoder.decodeOut(theirs)
    decoder.free()
    if (theirs.code === Code.INVALID || theirs.isPrivileged) continue
    const names = Array.from(theirs.cpuidFeatures(), (f) => CpuidFeature[f] ?? '')
    if (!names.every((n) => ALWAYS.has(n) || features.has(OTHER_NAMES[n] ?? n))) continue
    if (!isDecoded(decode, bytes))
      found.set(`${Mnemonic[theirs.mnemonic]} (${names.join(' ')})`, toHex(bytes.slice(0, 6)))
  }
  theirs.free()
  return found
}

/** Levels up to the default one. */
const names = Object.keys(INSTRUCTION_LEVELS) as (keyof typeof INSTRUCTION_LEVELS)[]
const complete = names.slice(0, names.indexOf(DEFAULT_LEVEL) + 1)

describe('levels of instructions', () => {
  test.each(complete)('%s: what is announced can be executed', (name) => {
    expect([...missing(INSTRUCTION_LEVELS[name].features)]).toEqual([])
  })

  test('every feature that an instruction needs has its place in CPUID', () => {
    const needed = new Set(ROWS.flatMap((r) => r.feature?.split('+') ?? []))
    expect([...needed].filter((f) => !FEATURE_NAMES.has(f))).toEqual([])
  })

  test('every feature of a level has its place in CPUID', () => {
    const all = Object.values(INSTRUCTION_LEVELS).flatMap((l) => [...l.features])
    expect(all.filter((f) => !FEATURE_NAMES.has(f))).toEqual([])
  })

  // psABI, "Micro-Architecture Levels".
  test.each([
    ['x86-64-v1', 'CMOV CX8 FPU FXSR MMX SYSCALL SSE SSE2'],
    ['x86-64-v2', 'CX16 LAHF POPCNT SSE3 SSE4_1 SSE4_2 SSSE3'],
    ['x86-64-v3', 'AVX AVX2 BMI1 BMI2 F16C FMA LZCNT MOVBE OSXSAVE'],
  ] as const)('%s has what the psABI says', (name, features) => {
    expect(features.split(' ').filter((f) => !INSTRUCTION_LEVELS[name].features.has(f))).toEqual([])
  })
})

describe('CPUID', () => {
  const source = (name: keyof typeof PROCESSORS) => ({ processor: PROCESSORS[name], sgx: undefined })

  test('leaf 1 and leaf 7 follow the level', () => {
    const { features } = INSTRUCTION_LEVELS['x86-64-v2']
    const one = featureBits(features, 1)
    expect(cpuid(1, 0x1234, source('x86-64-v2')).slice(2)).toEqual(one.slice(2))
    expect(one[2] & ((1 << 0) | (1 << 9) | (1 << 20))).toBe((1 << 0) | (1 << 9) | (1 << 20))
    expect(cpuid(1, 0, source('x86-64-v1'))[2] & (1 << 0)).toBe(0)
    expect(cpuid(7, 0, source('x86-64-v2'))[1] & (1 << 5)).toBe(0)
    expect(cpuid(7, 0, source('x86-64-v3'))[1] & (1 << 5)).toBe(1 << 5)
    expect(hwcap(features)).toBe(one[3])
  })

  test('leaf DH describes the state that XCR0 enables', () => {
    expect(cpuid(0xd, 0, source('x86-64-v1'))).toEqual([0, 0, 0, 0])
    expect(cpuid(0xd, 0, source('x86-64-v3'))).toEqual([7, 832, 832, 0])
    expect(cpuid(0xd, 1, source('x86-64-v3'))).toEqual([7, 832, 0, 0])
    expect(cpuid(0xd, 2, source('x86-64-v3'))).toEqual([256, 576, 0, 0])
  })
})
