import { alignDown, alignUp } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import type { ElfFile, ElfSegment } from '../../formats/index.ts'
import * as elf from '../../spec/elf/index.ts'
import * as linux from '../../spec/linux/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { ELF_ET_DYN_BASE } from '../mm/layout.ts'
import { map } from '../mm/mapping.ts'
import { findRoom } from '../mm/placement.ts'
import { UserMemory } from '../mm/user-memory.ts'
import type { Task } from '../task/task.ts'
import type { FileDescription } from '../vfs/file.ts'

/** Maps the PT_LOAD segments of a program or of its interpreter (execve(2); the kernel's binfmt_elf). */

export interface LoadedImage {
  /** What was added to the file's addresses. */
  readonly bias: number
  readonly entry: number
  /** Behind the last byte of the last segment. */
  readonly end: number
}

const protOf = (s: ElfSegment): number =>
  (s.p_flags & elf.PF_R ? linux.PROT_READ : 0) |
  (s.p_flags & elf.PF_W ? linux.PROT_WRITE : 0) |
  (s.p_flags & elf.PF_X ? linux.PROT_EXEC : 0)

/** Where a file without a fixed address goes: programs low, interpreters among the libraries. */
function biasOf(space: AddressSpace, file: ElfFile, role: 'program' | 'interpreter'): number | undefined {
  if (file.type === 'ET_EXEC') return 0
  const start = alignDown(file.span.start, PAGE_SIZE)
  if (role === 'program') return alignUp(ELF_ET_DYN_BASE, file.alignment) - start
  const room = findRoom(space.vmas, alignUp(file.span.end - start, PAGE_SIZE) + file.alignment - PAGE_SIZE)
  return room === undefined ? undefined : alignUp(room, file.alignment) - start
}

/** A negative errno if a segment cannot be mapped. */
export function loadImage(
  task: Task,
  space: AddressSpace,
  file: ElfFile,
  from: FileDescription,
  role: 'program' | 'interpreter',
): LoadedImage | number {
  const bias = biasOf(space, file, role)
  if (bias === undefined) return -linux.ENOMEM
  for (const segment of file.loads) {
    const failed = loadSegment(task, space, segment, from, bias)
    if (failed < 0) return failed
  }
  return { bias, entry: file.entry + bias, end: file.span.end + bias }
}

function loadSegment(task: Task, space: AddressSpace, s: ElfSegment, from: FileDescription, bias: number): number {
  const prot = protOf(s)
  const start = s.p_vaddr + bias
  const fileEnd = start + s.p_filesz
  const end = start + s.p_memsz
  const first = alignDown(start, PAGE_SIZE)
  const filePagesEnd = s.p_filesz > 0 ? alignUp(fileEnd, PAGE_SIZE) : first
  if (s.p_filesz > 0) {
    const backing = from.map(task, false, prot)
    if (typeof backing === 'number') return backing
    const offset = alignDown(s.p_offset, PAGE_SIZE)
    const answer = map(space, { address: first, length: filePagesEnd - first, prot, fixed: 'replace', backing, offset })
    if (answer < 0) return answer
    // What follows the data is zero up to the end of the page, also behind the segment: the dynamic linker allocates there.
    if (end > fileEnd && prot & linux.PROT_WRITE)
      new UserMemory(space).copyOut(fileEnd, new Uint8Array(filePagesEnd - fileEnd))
  }
  const rest = alignUp(end, PAGE_SIZE) - filePagesEnd
  return rest > 0 ? map(space, { address: filePagesEnd, length: rest, prot, fixed: 'replace' }) : 0
}
