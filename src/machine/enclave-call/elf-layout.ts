import { alignDown, alignUp, EncluError } from '../../base/index.ts'
import { readElf, type ElfFile } from '../../formats/index.ts'
import * as elf from '../../spec/elf/index.ts'
import { checkBytes, checkSize } from './arguments.ts'
import type { AddStep, EnclaveLayout, PageSecinfo } from './layout.ts'

const PAGE = 4096

const SECINFO_BY_FLAGS: Readonly<Record<number, PageSecinfo>> = {
  [elf.PF_R]: 'r',
  [elf.PF_R | elf.PF_W]: 'rw',
  [elf.PF_R | elf.PF_X]: 'rx',
  [elf.PF_R | elf.PF_W | elf.PF_X]: 'rwx',
}

/** How an enclave file is read. */
export interface ElfLayoutOptions {
  /** Bytes of zeros behind the last segment, readable and writable, added and not measured. Default 4096. */
  readonly heap?: number
}

/**
 * Reads an enclave in the shape of the Linux kernel's selftest (`test_encl.elf`), which the enclaves of `examples/` have too: the
 * first PT_LOAD segment is the TCS pages, the others are ordinary pages with the rights of the segment; all are measured, at
 * their offsets in the file. Behind them comes the heap. SECS.SIZE is the next power of two.
 *
 * @throws EncluError ERR_NOT_EXECUTABLE if it is no x86-64 ELF file, ERR_BAD_FILE if it has not that shape
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { elfLayout } from 'enclu'
 *
 * const { secs, steps } = elfLayout(readFileSync('examples/hello/hello.enclave'), { heap: 0 })
 * console.log(secs.SIZE, steps.map((step) => (step.leaf === 'EADD' ? step.secinfo : ''))) // 32768n [ 'tcs', 'rx', 'rw' ]
 * ```
 */
export function elfLayout(file: Uint8Array, { heap = 4096 }: ElfLayoutOptions = {}): EnclaveLayout {
  const image = readElf(checkBytes('file', file))
  const steps: AddStep[] = segmentsOf(image)
  const last = steps.at(-1)
  const end = last ? Number(last.offset) + (last.length ?? 0) : 0
  const size = alignUp(checkSize('heap', heap), PAGE)
  if (size > 0) steps.push({ leaf: 'EADD', offset: BigInt(end), secinfo: 'rw', length: size, measure: false })
  let SIZE = BigInt(PAGE)
  while (SIZE < BigInt(end + size)) SIZE *= 2n
  return { secs: { SIZE }, steps }
}

/** Offsets are those in the file, as the selftest has it: whatever follows a segment in its last page belongs to the enclave. */
function segmentsOf({ file, segments }: ElfFile): AddStep[] {
  const loads = segments.filter((s) => s.p_type === elf.PT_LOAD)
  const base = alignDown(loads[0]?.p_offset ?? 0, PAGE)
  return loads.map(({ p_offset, p_filesz, p_flags }, i) => {
    const start = alignDown(p_offset, PAGE)
    const rights = p_flags & (elf.PF_R | elf.PF_W | elf.PF_X)
    const secinfo = i === 0 ? 'tcs' : SECINFO_BY_FLAGS[rights]
    if (secinfo === undefined) return wrongShape(`segment ${i} can be written or executed, but not read`)
    if (i === 0 && rights !== (elf.PF_R | elf.PF_W)) return wrongShape('its first segment, the TCS, is not RW')
    if (start < base) return wrongShape(`segment ${i} is before the first one in the file`)
    const bytes = file.slice(start, start + alignUp(p_filesz, PAGE))
    return { leaf: 'EADD', offset: BigInt(start - base), secinfo, bytes, length: alignUp(p_filesz, PAGE) }
  })
}

const wrongShape = (what: string): never => {
  throw new EncluError('ERR_BAD_FILE', `The file is no enclave in the shape of the kernel's selftest: ${what}.`)
}
