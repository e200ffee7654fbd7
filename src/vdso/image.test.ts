import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readElf } from '../formats/index.ts'
import * as elf from '../spec/elf/index.ts'
import { ABI_NAMES } from './enter-enclave.ts'
import { buildVdso, readVdso } from './index.ts'
import { elfGnuHash, elfHash } from './tables.ts'

const NAME = '__vdso_sgx_enter_enclave'
/** An image as those who look symbols up see it. */
interface Subject {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly tag: (d_tag: number) => number
}

function subject(bytes: Uint8Array): Subject {
  const dynamic = new Map(readElf(bytes).dynamic.map((entry) => [entry.d_tag, Number(entry.d_val)]))
  return { bytes, view: new DataView(bytes.buffer), tag: (d_tag) => dynamic.get(d_tag) ?? -1 }
}

const text = ({ bytes }: Subject, at: number): string =>
  String.fromCharCode(...bytes.subarray(at, bytes.indexOf(0, at)))
const symbol = ({ bytes, tag }: Subject, index: number) =>
  elf.Elf64_Sym.view(bytes, tag(elf.DT_SYMTAB) + index * elf.Elf64_Sym.size)
const nameOf = (s: Subject, index: number): string => text(s, s.tag(elf.DT_STRTAB) + symbol(s, index).st_name)

/** As the kernel's selftest finds it: PT_DYNAMIC by p_offset, then DT_HASH. */
function lookUpWithHash(s: Subject, name: string): number | undefined {
  const { tag, view } = s
  const hash = tag(elf.DT_HASH)
  const nbucket = view.getUint32(hash, true)
  const word = (i: number) => view.getUint32(hash + 8 + 4 * i, true)
  for (let i = word(elfHash(name) % nbucket); i !== elf.SHN_UNDEF; i = word(nbucket + i))
    if (nameOf(s, i) === name) return Number(symbol(s, i).st_value)
  return undefined
}

/** As the dynamic linker finds it: Bloom filter, bucket, chain. */
function lookUpWithGnuHash(s: Subject, name: string): number | undefined {
  const { tag, view } = s
  const at = tag(elf.DT_GNU_HASH)
  const [nbuckets, symoffset, bloomSize, shift] = [0, 4, 8, 12].map((o) => view.getUint32(at + o, true)) as [
    number,
    number,
    number,
    number,
  ]
  const hash = elfGnuHash(name)
  const bloom = view.getBigUint64(at + 16 + 8 * (Math.floor(hash / 64) % bloomSize), true)
  if (!((bloom >> BigInt(hash % 64)) & (bloom >> BigInt((hash >>> shift) % 64)) & 1n)) return undefined
  const buckets = at + 16 + 8 * bloomSize
  const chains = buckets + 4 * nbuckets
  let i = view.getUint32(buckets + 4 * (hash % nbuckets), true)
  for (; i >= symoffset; i++) {
    const entry = view.getUint32(chains + 4 * (i - symoffset), true)
    if ((entry | 1) === (hash | 1 | 0) || (entry | 1) >>> 0 === (hash | 1) >>> 0)
      if (nameOf(s, i) === name) return Number(symbol(s, i).st_value)
    if (entry & 1) return undefined
  }
  return undefined
}

describe.each(ABI_NAMES)('the image of %s', (abi) => {
  const image = buildVdso(abi)
  const seen = subject(image.bytes)
  const file = readElf(image.bytes)

  test('can be mapped as it is: one segment from 0, not writable, no relocations', () => {
    const { loads, segments, type, dynamic } = file
    expect(type).toBe('ET_DYN')
    expect(image.bytes.length % 4096).toBe(0)
    expect(image.bytes.length).toBeLessThanOrEqual(8192)
    expect(loads).toHaveLength(1)
    expect(loads[0]).toMatchObject({ p_offset: 0, p_vaddr: 0, p_flags: elf.PF_R | elf.PF_X })
    const mapped = segments.filter((s) => s.p_type !== elf.PT_GNU_STACK)
    for (const s of mapped) {
      expect(s.p_flags & elf.PF_W).toBe(0)
      expect(s.p_offset).toBe(s.p_vaddr)
      expect(s.p_filesz).toBe(s.p_memsz)
    }
    expect(segments.find((s) => s.p_type === elf.PT_GNU_STACK)?.p_flags).toBe(elf.PF_R | elf.PF_W)
    const relocations = [elf.DT_REL, elf.DT_RELA, elf.DT_RELR, elf.DT_JMPREL, elf.DT_NEEDED, elf.DT_INIT, elf.DT_FINI]
    expect(dynamic.filter((entry) => relocations.includes(entry.d_tag))).toEqual([])
  })

  test('PT_DYNAMIC is not writable, or the C library would relocate it in place', () => {
    expect(file.segments.find((s) => s.p_type === elf.PT_DYNAMIC)?.p_flags).toBe(elf.PF_R)
  })

  test('has the symbol where every kind of lookup looks', () => {
    const offset = image.symbols.get(NAME)?.offset
    expect(offset).toBe(image.text.start)
    expect(lookUpWithHash(seen, NAME)).toBe(offset)
    expect(lookUpWithGnuHash(seen, NAME)).toBe(offset)
    expect(file.symbol(NAME)).toMatchObject({ st_value: offset, st_size: image.text.end - image.text.start })
    expect(lookUpWithHash(seen, '__vdso_clock_gettime')).toBeUndefined()
    expect(lookUpWithGnuHash(seen, '__vdso_clock_gettime')).toBeUndefined()
  })

  test('versions the symbol LINUX_2.6, with the hash that the C library compares', () => {
    const { tag, view } = seen
    const versym = view.getUint16(tag(elf.DT_VERSYM) + 2, true)
    let at = tag(elf.DT_VERDEF)
    let def = elf.Elf64_Verdef.view(image.bytes, at)
    while (def.vd_ndx !== versym) {
      at += def.vd_next
      def = elf.Elf64_Verdef.view(image.bytes, at)
    }
    const aux = elf.Elf64_Verdaux.view(image.bytes, at + def.vd_aux)
    expect(def.vd_flags & elf.VER_FLG_BASE).toBe(0)
    expect(text(seen, tag(elf.DT_STRTAB) + aux.vda_name)).toBe('LINUX_2.6')
    expect(def.vd_hash).toBe(0x3ae75f6)
    expect(file.dynamicStrings(elf.DT_SONAME)).toEqual(['linux-vdso.so.1'])
  })

  test('its exception table names the ENCLU and the code that reports the exception', () => {
    const [entry, ...more] = image.exceptionTable
    expect(more).toEqual([])
    expect([...image.bytes.subarray(entry?.ip, (entry?.ip ?? 0) + 3)]).toEqual([0x0f, 0x01, 0xd7])
    expect(entry?.fixup).toBe(image.labels.get('exception'))
  })

  test('can be read back as if it were not ours: same call, same exception table', () => {
    const { exceptionTable, symbols, text } = readVdso(image.bytes)
    expect({ exceptionTable, symbols, text }).toEqual({
      exceptionTable: image.exceptionTable,
      symbols: image.symbols,
      text: image.text,
    })
  })
})

describe('an image that cannot be used', () => {
  const { bytes, labels } = buildVdso()
  const broken = (at: number, ...change: number[]): Uint8Array => {
    const copy = bytes.slice()
    copy.set(change, at)
    return copy
  }
  const place = (label: string): number => labels.get(label) ?? 0
  test.each([
    ['no ELF file', new Uint8Array(4096), /cannot be read/],
    ['nothing', new Uint8Array(0), /cannot be read/],
    ['a file cut short', bytes.subarray(0, 100), /cannot be read/],
    ['no ENCLU', broken(place('enclu'), 0x90, 0x90, 0x90), /must have one ENCLU .* has 0/],
    ['two of them', broken(place('careful'), 0x0f, 0x01, 0xd7), /has 2/],
    ['no stores', broken(place('exception') + 4, 0x90, 0x90, 0x90), /where it reports exceptions/],
  ])('%s', (_, image, says) => {
    expect(() => readVdso(image)).toThrow(says)
  })

  test('is used if the place is given', () => {
    const image = broken(place('exception') + 4, 0x90, 0x90, 0x90)
    expect(readVdso(image, place('exception')).exceptionTable[0]?.fixup).toBe(place('exception'))
    expect(() => readVdso(image, 4)).toThrow(/where it reports/)
  })
})

const readelf = spawnSync('readelf', ['--version']).status === 0

describe.skipIf(!readelf).each(ABI_NAMES)(`readelf of %s${readelf ? '' : ' (skipped: no binutils here)'}`, (abi) => {
  const image = buildVdso(abi)

  function run(...options: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'enclu-vdso-'))
    try {
      writeFileSync(join(folder, 'vdso.so'), image.bytes)
      const { stdout, stderr, status } = spawnSync('readelf', [...options, join(folder, 'vdso.so')], {
        encoding: 'utf8',
      })
      expect(stderr).toBe('')
      expect(status).toBe(0)
      return stdout
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('-aW has nothing to complain about and shows the versioned symbol', () => {
    const out = run('-aW')
    expect(out).not.toMatch(/warning|error|corrupt/i)
    expect(out).toMatch(/FUNC +GLOBAL +DEFAULT +\d+ __vdso_sgx_enter_enclave@@LINUX_2\.6/)
    expect(out).toContain('There are no relocations in this file.')
    expect(out).toContain('Library soname: [linux-vdso.so.1]')
  })

  test('--debug-dump=frames-interp shows the rules that the listing states', () => {
    const hex16 = (label: string, plus = 0) => ((image.labels.get(label) ?? 0) + plus).toString(16).padStart(16, '0')
    const rules = run('--debug-dump=frames-interp')
      .split('FDE')[1]
      ?.split('\n')
      .slice(2)
      .filter((line) => /^ *[0-9a-f]{16} /.test(line))
      .map((line) => line.trim().split(/\s+/))
    // At each address: CFA, then RBX if there is anything to say about it, RBP, and the return address.
    const entry = { mainline: 4, v28: 4, v29: 4, 'v29-misc': 4 }[abi]
    const push = abi === 'mainline' ? [] : [[hex16(NAME, 1), 'rsp+16', 'u', 'c-16', 'c-8']]
    const saved = abi === 'v28' ? [] : [[hex16(NAME, entry + 1), 'rbp+16', 'c-24', 'c-16', 'c-8']]
    const popped = abi === 'v28' ? [] : [[hex16('return', 1), 'rbp+16', 'u', 'c-16', 'c-8']]
    const after = abi === 'mainline' ? 'invalid' : 'handler'
    expect(rules).toEqual([
      [hex16(NAME), 'rsp+8', 'u', 'u', 'c-8'],
      ...push,
      [hex16(NAME, entry), 'rbp+16', 'u', 'c-16', 'c-8'],
      ...saved,
      ...popped,
      [hex16(after, -1), 'rsp+8', 'u', 'u', 'c-8'],
      [hex16(after), 'rbp+16', abi === 'v28' ? 'u' : 'c-24', 'c-16', 'c-8'],
    ])
  })
})
