import { alignDown, alignUp } from '../../base/index.ts'
import { PAGE_SIZE } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import type { AddressSpace } from './address-space.ts'
import type { Backing } from './backing.ts'
import { MAX_MAP_COUNT, MMAP_MIN_ADDR, STACK_GUARD_GAP, TASK_SIZE } from './layout.ts'
import { findLowRoom, findRoom, isFree } from './placement.ts'
import type { Vma } from './vma.ts'

/** Changes of an address space: mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2). Answers are addresses, 0 or -errno. */

const { EEXIST, EFAULT, EINVAL, ENOMEM } = linux
const ACCESS = linux.PROT_READ | linux.PROT_WRITE | linux.PROT_EXEC

export interface MapRequest {
  /** A wish, or with `fixed` the place. */
  readonly address?: number
  readonly length: number
  readonly prot: number
  /** 'replace' is MAP_FIXED, 'free' is MAP_FIXED_NOREPLACE. */
  readonly fixed?: 'replace' | 'free'
  /** Taken over, also when the mapping fails. `undefined` for private anonymous memory. */
  readonly backing?: Backing | undefined
  readonly offset?: number
  readonly name?: string
  readonly growsDown?: boolean
  /** MAP_32BIT, if the place is not given. */
  readonly low?: boolean
}

/** mmap(2), after its arguments have been understood. */
export function map(space: AddressSpace, request: MapRequest): number {
  const answer = tryMap(space, request)
  if (answer < 0) request.backing?.release()
  return answer
}

function tryMap(
  space: AddressSpace,
  { address = 0, length, prot, fixed, backing, offset = 0, name = '', growsDown = false, low = false }: MapRequest,
): number {
  const size = alignUp(length, PAGE_SIZE)
  if (size > TASK_SIZE) return -ENOMEM
  if (space.vmas.size > MAX_MAP_COUNT) return -ENOMEM
  const start = place(space, address, size, fixed, low)
  if (start < 0) return start
  const refused = backing?.mayMap?.(start, start + size, prot & ACCESS) ?? 0
  if (refused < 0) return refused
  unmapRange(space, start, start + size)
  space.vmas.insert({
    start,
    end: start + size,
    prot: prot & ACCESS,
    shared: backing?.shared ?? false,
    backing,
    offset,
    name,
    growsDown,
    fork: 'copy',
  })
  space.vmas.merge(start, start + size)
  return start
}

/** get_unmapped_area: where `size` bytes go. */
function place(space: AddressSpace, address: number, size: number, fixed: MapRequest['fixed'], low = false): number {
  if (fixed) {
    if (address > TASK_SIZE - size) return -ENOMEM
    if (address % PAGE_SIZE !== 0) return -EINVAL
    // vm.mmap_min_addr; no guest has CAP_SYS_RAWIO.
    if (address < MMAP_MIN_ADDR) return -linux.EPERM
    return fixed === 'free' && space.vmas.overlapping(address, address + size).length > 0 ? -EEXIST : address
  }
  if (low) return findLowRoom(space.vmas, size) ?? -ENOMEM
  if (address !== 0) {
    // A hint is rounded down (mmap(2)) and taken if nothing is there.
    const hint = Math.max(alignDown(address, PAGE_SIZE), MMAP_MIN_ADDR)
    if (hint <= TASK_SIZE - size && isFree(space.vmas, hint, size)) return hint
  }
  return findRoom(space.vmas, size) ?? -ENOMEM
}

function unmapRange(space: AddressSpace, start: number, end: number): void {
  if (space.vmas.overlapping(start, end).length === 0) return
  space.zap(start, end)
  space.vmas.remove(start, end)
}

/** munmap(2). */
export function unmap(space: AddressSpace, start: number, length: number): number {
  if (start % PAGE_SIZE !== 0 || start > TASK_SIZE || length > TASK_SIZE - start) return -EINVAL
  const size = alignUp(length, PAGE_SIZE)
  if (size === 0) return -EINVAL
  unmapRange(space, start, start + size)
  return 0
}

/** mprotect(2): stops at the first VMA that must not change; those before it have changed. */
export function protect(space: AddressSpace, start: number, length: number, prot: number): number {
  const grows = prot & (linux.PROT_GROWSDOWN | linux.PROT_GROWSUP)
  if (grows === (linux.PROT_GROWSDOWN | linux.PROT_GROWSUP)) return -EINVAL
  if (start % PAGE_SIZE !== 0) return -EINVAL
  if (length === 0) return 0
  const end = start + alignUp(length, PAGE_SIZE)
  if (!(end > start) || !Number.isSafeInteger(end)) return -ENOMEM
  if ((prot & ~(ACCESS | linux.PROT_SEM | linux.PROT_GROWSDOWN | linux.PROT_GROWSUP)) !== 0) return -EINVAL
  const first = space.vmas.findNext(start)
  if (!first || first.start >= end) return -ENOMEM
  let at = start
  if (grows === linux.PROT_GROWSDOWN) {
    if (!first.growsDown) return -EINVAL
    at = first.start
  } else {
    if (first.start > start) return -ENOMEM
    if (grows === linux.PROT_GROWSUP) return -EINVAL
  }
  return protectEach(space, at, end, prot & ACCESS)
}

function protectEach(space: AddressSpace, start: number, end: number, prot: number): number {
  let at = start
  for (const vma of space.vmas.overlapping(start, end)) {
    if (vma.start > at) return -ENOMEM
    const to = Math.min(vma.end, end)
    const refused = vma.backing?.mayMap?.(at, to, prot) ?? 0
    if (refused < 0) return refused
    if (vma.prot !== prot) {
      space.forget(at, to)
      space.vmas.update(at, to, (piece) => ({ ...piece, prot }))
    }
    at = to
  }
  return at < end ? -ENOMEM : 0
}

/** brk(2): the new end of the heap, or the old one when it cannot be had. */
export function setBrk(space: AddressSpace, wanted: number, limit: number): number {
  if (wanted < space.startBrk || wanted - space.startBrk > limit || wanted > TASK_SIZE) return space.brk
  const end = alignUp(wanted, PAGE_SIZE)
  const oldEnd = alignUp(space.brk, PAGE_SIZE)
  if (end < oldEnd) unmapRange(space, end, oldEnd)
  if (end > oldEnd) {
    const next = space.vmas.findNext(oldEnd)
    if (next && next.start - (next.growsDown ? STACK_GUARD_GAP : 0) < end) return space.brk
    const prot = linux.PROT_READ | linux.PROT_WRITE
    const answer = map(space, { address: oldEnd, length: end - oldEnd, prot, fixed: 'free', name: '[heap]' })
    if (answer < 0) return space.brk
  }
  space.brk = wanted
  return wanted
}

export interface RemapRequest {
  readonly address: number
  readonly oldLength: number
  readonly newLength: number
  readonly flags: number
  readonly newAddress: number
}

/** mremap(2). */
export function remap(space: AddressSpace, { address, oldLength, newLength, flags, newAddress }: RemapRequest): number {
  const { MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP } = linux
  if ((flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) !== 0) return -EINVAL
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0 && (flags & MREMAP_MAYMOVE) === 0) return -EINVAL
  const oldSize = alignUp(oldLength, PAGE_SIZE)
  const newSize = alignUp(newLength, PAGE_SIZE)
  if ((flags & MREMAP_DONTUNMAP) !== 0 && oldSize !== newSize) return -EINVAL
  if (address % PAGE_SIZE !== 0 || newSize === 0) return -EINVAL
  const vma = space.vmas.find(address)
  if (!vma) return -EFAULT
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) {
    return moveTo(space, vma, { address, oldLength: oldSize, newLength: newSize, flags, newAddress })
  }
  if (oldSize >= newSize) {
    if (oldSize > newSize) {
      const answer = unmap(space, address + newSize, oldSize - newSize)
      if (answer < 0) return answer
    }
    return address
  }
  const refused = mayResize(vma, address, oldSize, newSize)
  if (refused < 0) return refused
  if (vma.end === address + oldSize && growInPlace(space, vma, newSize - oldSize)) return address
  if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM
  return move(space, vma, address, oldSize, newSize, place(space, 0, newSize, undefined), false)
}

/** vma_to_resize: the conditions under which a piece of a mapping may become another size. */
function mayResize(vma: Vma, address: number, oldSize: number, newSize: number): number {
  // A size of 0 asks for a second view of a shared mapping, and is refused for private ones.
  if (oldSize === 0 && !vma.shared) return -EINVAL
  if (oldSize > vma.end - address) return -EFAULT
  if (newSize > oldSize && vma.backing?.device) return -EFAULT
  return 0
}

function growInPlace(space: AddressSpace, vma: Vma, more: number): boolean {
  if (vma.end + more > TASK_SIZE || !isFree(space.vmas, vma.end, more)) return false
  space.vmas.replace(vma, { ...vma, end: vma.end + more })
  space.vmas.merge(vma.start, vma.end + more)
  return true
}

/** mremap_to: MREMAP_FIXED and MREMAP_DONTUNMAP. */
function moveTo(space: AddressSpace, vma: Vma, r: RemapRequest): number {
  const fixed = (r.flags & linux.MREMAP_FIXED) !== 0
  if (fixed) {
    if (r.newAddress % PAGE_SIZE !== 0) return -EINVAL
    if (r.newLength > TASK_SIZE || r.newAddress > TASK_SIZE - r.newLength) return -EINVAL
    if (r.address + r.oldLength > r.newAddress && r.newAddress + r.newLength > r.address) return -EINVAL
    unmapRange(space, r.newAddress, r.newAddress + r.newLength)
  }
  let oldLength = r.oldLength
  if (oldLength > r.newLength) {
    const answer = unmap(space, r.address + r.newLength, oldLength - r.newLength)
    if (answer < 0) return answer
    oldLength = r.newLength
  }
  // The mapping may have been cut above.
  const now = space.vmas.find(r.address) ?? vma
  const refused = mayResize(now, r.address, oldLength, r.newLength)
  if (refused < 0) return refused
  const keep = (r.flags & linux.MREMAP_DONTUNMAP) !== 0
  if (keep && (now.backing?.device || now.shared)) return -EINVAL
  const to = place(space, r.newAddress, r.newLength, fixed ? 'replace' : undefined)
  return move(space, now, r.address, oldLength, r.newLength, to, keep)
}

/** move_vma: `to` is free. With `keep`, the old range stays mapped, without its pages. */
function move(
  space: AddressSpace,
  vma: Vma,
  from: number,
  oldSize: number,
  newSize: number,
  to: number,
  keep: boolean,
): number {
  if (to < 0) return to
  vma.backing?.retain()
  space.vmas.insert({ ...vma, start: to, end: to + newSize, offset: vma.offset + (from - vma.start), name: '' })
  if (oldSize > 0) {
    space.movePages(from, to, oldSize)
    if (!keep) unmapRange(space, from, from + oldSize)
  }
  space.vmas.merge(to, to + newSize)
  return to
}

const { MADV } = linux
/** Advice that changes nothing that a program could see. */
const HINTS: readonly number[] = [
  MADV.NORMAL,
  MADV.RANDOM,
  MADV.SEQUENTIAL,
  MADV.WILLNEED,
  MADV.FREE,
  MADV.MERGEABLE,
  MADV.UNMERGEABLE,
  MADV.HUGEPAGE,
  MADV.NOHUGEPAGE,
  MADV.DONTDUMP,
  MADV.DODUMP,
  MADV.COLD,
  MADV.PAGEOUT,
]
const FORK_ADVICE: Readonly<Record<number, Vma['fork']>> = {
  [MADV.DONTFORK]: 'omit',
  [MADV.DOFORK]: 'copy',
  [MADV.WIPEONFORK]: 'wipe',
  [MADV.KEEPONFORK]: 'copy',
}

/** madvise(2). Holes are skipped and make the answer -ENOMEM. */
export function advise(space: AddressSpace, start: number, length: number, advice: number): number {
  const known = HINTS.includes(advice) || advice in FORK_ADVICE || DROPS.includes(advice) || POPULATES.includes(advice)
  if (!known) return -EINVAL
  if (start % PAGE_SIZE !== 0) return -EINVAL
  const end = start + alignUp(length, PAGE_SIZE)
  if (!Number.isSafeInteger(end)) return -EINVAL
  if (end === start) return 0
  let answer = 0
  let at = start
  for (const vma of space.vmas.overlapping(start, end)) {
    if (vma.start > at) answer = -ENOMEM
    const failed = adviseOne(space, vma, Math.max(vma.start, start), Math.min(vma.end, end), advice)
    if (failed < 0) return failed
    at = vma.end
  }
  return at < end ? -ENOMEM : answer
}

const DROPS: readonly number[] = [MADV.DONTNEED, MADV.DONTNEED_LOCKED]
const POPULATES: readonly number[] = [MADV.POPULATE_READ, MADV.POPULATE_WRITE]

function adviseOne(space: AddressSpace, vma: Vma, start: number, end: number, advice: number): number {
  if (DROPS.includes(advice)) {
    if (vma.backing?.device) return -EINVAL
    space.zap(start, end)
    return 0
  }
  if (POPULATES.includes(advice)) {
    for (let a = start; a < end; a += PAGE_SIZE) {
      const page = space.lookup(a, advice === MADV.POPULATE_WRITE ? 'W' : 'R')
      if ('errorCode' in page) return page.signal === linux.SIGBUS ? -EFAULT : -ENOMEM
    }
    return 0
  }
  const fork = FORK_ADVICE[advice]
  if (fork === undefined) return 0
  if (advice === MADV.WIPEONFORK && (vma.backing || vma.shared)) return -EINVAL
  if (advice === MADV.DOFORK && vma.backing?.device) return -EINVAL
  space.vmas.update(start, end, (piece) => ({ ...piece, fork }))
  return 0
}
