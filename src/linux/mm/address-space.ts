import { alignDown, alignUp, invariant } from '../../base/index.ts'
import { PAGE_SIZE, View, fault, type Access, type Mapping, type PageSource, type Ram } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { PF_ERROR } from '../../spec/x86/index.ts'
import type { BackingFault, BackingPage } from './backing.ts'
import { STACK_GUARD_GAP } from './layout.ts'
import { PageTable } from './page-table.ts'
import { VmaList, type Vma } from './vma.ts'

/** A page that can be accessed. `epc`: an EPC page, which only enclaves see. */
export interface Translation extends Mapping {
  readonly epc: boolean
}

/** An access that is not allowed: what the processor reports, and what the kernel makes of it. */
export interface Denial {
  /** PF_ERROR bits. */
  readonly errorCode: number
  readonly signal: typeof linux.SIGSEGV | typeof linux.SIGBUS
  readonly si_code: number
}

export const isDenial = (answer: Translation | Denial): answer is Denial => 'errorCode' in answer

const WRITABLE = linux.PROT_WRITE
/** On x86 what can be written or executed can be read as well (there are no protection keys). */
const permits = (prot: number, access: Access): boolean =>
  access === 'R' ? prot !== 0 : (prot & (access === 'W' ? WRITABLE : linux.PROT_EXEC)) !== 0

const pageNumber = (address: number): number => Math.floor(address / PAGE_SIZE)

/** Called with the frame of an EPC page that is accessed from outside an enclave. */
export type HostMapping = (frame: number) => Mapping

/**
 * The memory of a process as it is outside enclaves: its mappings and its page table. Demand paging, copy-on-write, shared
 * memory and the growing stack happen in `lookup`; who changes mappings is in mapping.ts.
 *
 * The page table holds the pages that are present, as the hardware's would: mprotect leaves them there, so an access that is denied has
 * the P bit in its error code if the page had been touched before.
 */
export class AddressSpace implements PageSource {
  readonly ram: Ram
  readonly vmas: VmaList
  /** Everything that caches translations of this space: `view`, and the views from inside its enclaves. */
  readonly views = new Set<View>()
  /** What code outside enclaves sees. */
  readonly view: View
  /** Set by SGX: accesses to EPC pages from outside. Without SGX there are no EPC pages. */
  hostMapping: HostMapping
  /** The heap: brk(2). */
  startBrk = 0
  brk = 0
  /** RLIMIT_STACK at exec. */
  stackLimit = 8 * 1024 * 1024
  /** Where the vDSO is, or 0. */
  vdso = 0
  private readonly pages = new PageTable()
  private users = 1

  constructor(
    ram: Ram,
    hostMapping: HostMapping = () => invariant(false, 'an EPC page without SGX') as never,
    vmas = new VmaList(),
  ) {
    this.ram = ram
    this.hostMapping = hostMapping
    this.vmas = vmas
    this.view = new View(ram, this)
    this.views.add(this.view)
  }

  /** Changes whenever a page that is watched may be gone or allow less. */
  get epoch(): number {
    return this.view.generation
  }
  watch(address: number): void {
    this.view.watch(address)
  }

  /** PageSource, for code outside enclaves. */
  resolve(address: number, access: Access): Mapping {
    const page = this.translate(address, access)
    return page.epc ? this.hostMapping(page.frame) : page
  }

  /** As `resolve`, but EPC pages as they are: for the view from inside an enclave, which checks the EPCM next. */
  translate(address: number, access: Access): Translation {
    const answer = this.lookup(address, access)
    return isDenial(answer) ? fault.PF(address, answer.errorCode) : answer
  }

  /** As `translate`, without throwing: also says which signal a denied access is. */
  lookup(address: number, access: Access): Translation | Denial {
    const vma = this.vmas.find(address) ?? this.growStack(address)
    const present = this.pages.get(pageNumber(address))
    if (!vma) return denial(false, access, linux.SIGSEGV, linux.SEGV_MAPERR)
    // A page of a PROT_NONE mapping has its present bit clear.
    if (!permits(vma.prot, access)) {
      return denial(present !== undefined && vma.prot !== 0, access, linux.SIGSEGV, linux.SEGV_ACCERR)
    }
    const page = this.bringIn(vma, address, access, present)
    if (typeof page === 'string') {
      const bus = page === 'SIGBUS'
      return denial(
        present !== undefined,
        access,
        bus ? linux.SIGBUS : linux.SIGSEGV,
        bus ? linux.BUS_ADRERR : linux.SEGV_MAPERR,
      )
    }
    page.accessed?.()
    const mayWrite = vma.shared ? page.writable : this.ram.referencesTo(page.frame) === 1
    return { frame: page.frame, writable: (vma.prot & WRITABLE) !== 0 && mayWrite, epc: page.epc ?? false }
  }

  /**
   * As `lookup`, for a debugger (FOLL_FORCE): any mapping can be read; a private one can be written, which makes a copy; a shared one
   * only as its rights say.
   */
  lookupByForce(vma: Vma, address: number, access: 'R' | 'W'): Translation | undefined {
    if (access === 'W' && vma.shared && !permits(vma.prot, 'W')) return undefined
    const page = this.bringIn(vma, address, access, this.pages.get(pageNumber(address)))
    return typeof page === 'string' ? undefined : { frame: page.frame, writable: page.writable, epc: page.epc ?? false }
  }

  /** The page at `address`, ready for `access`: what Linux calls handle_mm_fault. */
  private bringIn(
    vma: Vma,
    address: number,
    access: Access,
    present: BackingPage | undefined,
  ): BackingPage | BackingFault {
    if (vma.shared && vma.backing) {
      if (present && (access !== 'W' || present.writable)) return present
      const page = vma.backing.page(address, this.offsetIn(vma, address), access, vma.prot)
      if (typeof page !== 'string') this.install(address, page, present)
      return page
    }
    if (!present) {
      if (!vma.backing) return this.installOwn(address, this.ram.allocateFrame(address), undefined)
      const page = vma.backing.page(address, this.offsetIn(vma, address), access === 'W' ? 'R' : access, vma.prot)
      if (typeof page === 'string') return page
      this.install(address, page, undefined)
      if (access !== 'W') return page
      present = page
    }
    if (access !== 'W' || this.ram.referencesTo(present.frame) === 1) return present
    const copy = this.ram.allocateFrame(address)
    this.ram.u8.copyWithin(copy, present.frame, present.frame + PAGE_SIZE)
    return this.installOwn(address, copy, present)
  }

  private offsetIn(vma: Vma, address: number): number {
    return vma.offset + (alignDown(address, PAGE_SIZE) - vma.start)
  }

  /** Puts a page of an object into the page table. */
  private install(address: number, page: BackingPage, previous: BackingPage | undefined): void {
    if (!page.epc) this.ram.retainFrame(page.frame)
    this.exchange(address, page, previous)
  }

  /** Puts a frame that nobody else holds into the page table. */
  private installOwn(address: number, frame: number, previous: BackingPage | undefined): BackingPage {
    const page = { frame, writable: true }
    this.exchange(address, page, previous)
    return page
  }

  private exchange(address: number, page: BackingPage, previous: BackingPage | undefined): void {
    this.pages.set(pageNumber(address), page)
    if (!previous) return
    if (previous.frame !== page.frame) for (const view of this.views) view.invalidate(alignDown(address, PAGE_SIZE), 1)
    if (!previous.epc) this.ram.releaseFrame(previous.frame)
  }

  /** The stack below `address`, made to reach it if the limit and the guard gap allow. */
  private growStack(address: number): Vma | undefined {
    const stack = this.vmas.findNext(address)
    if (!stack?.growsDown) return undefined
    const start = alignDown(address, PAGE_SIZE)
    if (stack.end - start > this.stackLimit) return undefined
    const below = this.vmas.findPrevious(stack.start)
    if (below && below.prot !== 0 && start - below.end < STACK_GUARD_GAP) return undefined
    const grown = { ...stack, start, offset: 0 }
    this.vmas.replace(stack, grown)
    return grown
  }

  /** Numbers of the present pages in [start, end), ascending. */
  private presentIn(start: number, end: number): number[] {
    return this.pages.between(pageNumber(start), pageNumber(end - 1))
  }

  /** The permissions of [start, end) changed: what the views remember of present pages is stale. */
  forget(start: number, end: number): void {
    this.invalidate(this.presentIn(start, end))
  }

  /** Takes the pages of [start, end) out of the page table; the mappings stay. */
  zap(start: number, end: number): void {
    const numbers = this.presentIn(start, end)
    this.invalidate(numbers)
    for (const n of numbers) {
      const page = this.pages.get(n)
      this.pages.delete(n)
      if (page && !page.epc) this.ram.releaseFrame(page.frame)
    }
  }

  /** mremap(2): the pages of [from, from + length) move to `to`, where none are. */
  movePages(from: number, to: number, length: number): void {
    const numbers = this.presentIn(from, from + length)
    this.invalidate(numbers)
    const moved = numbers.map((n) => [n - pageNumber(from) + pageNumber(to), this.pages.get(n)] as const)
    for (const n of numbers) this.pages.delete(n)
    for (const [n, page] of moved) if (page) this.pages.set(n, page)
  }

  isPresent(address: number): boolean {
    return this.pages.get(pageNumber(address)) !== undefined
  }

  /** Pages in memory, for /proc and getrusage. */
  get residentPages(): number {
    return this.pages.size
  }

  /** Runs of neighbours are one call; very many runs clear everything, which is cheaper. */
  private invalidate(numbers: readonly number[]): void {
    const runs: { start: number; count: number }[] = []
    for (const n of numbers) {
      const last = runs.at(-1)
      if (last && last.start + last.count === n) last.count++
      else runs.push({ start: n, count: 1 })
    }
    for (const view of this.views) {
      if (runs.length > 16) view.invalidateAll()
      else for (const { start, count } of runs) view.invalidate(start * PAGE_SIZE, count)
    }
  }

  /** fork(2): a copy that shares every page until one side writes. */
  fork(): AddressSpace {
    const child = new AddressSpace(this.ram, this.hostMapping, this.vmas.copy())
    child.startBrk = this.startBrk
    child.brk = this.brk
    child.stackLimit = this.stackLimit
    child.vdso = this.vdso
    for (const [n, page] of this.pages.entries()) {
      const vma = this.vmas.find(n * PAGE_SIZE)
      if (vma?.fork !== 'copy') continue
      if (!page.epc) this.ram.retainFrame(page.frame)
      child.pages.set(n, page)
    }
    for (const view of this.views) view.invalidateWrites()
    return child
  }

  /** One more task uses this space (CLONE_VM). */
  retain(): AddressSpace {
    this.users++
    return this
  }

  /** Somebody uses it still. */
  get isAlive(): boolean {
    return this.users > 0
  }

  /** More than one task uses it. */
  get isShared(): boolean {
    return this.users > 1
  }

  /** The last user gives everything back. */
  release(): void {
    if (--this.users > 0) return
    invariant(this.users === 0, 'an address space was released twice')
    this.zap(0, alignUp(Number.MAX_SAFE_INTEGER / 2, PAGE_SIZE))
    this.vmas.remove(0, Number.MAX_SAFE_INTEGER)
    for (const view of this.views) view.release()
    this.views.clear()
  }
}

function denial(present: boolean, access: Access, signal: Denial['signal'], si_code: number): Denial {
  const errorCode =
    PF_ERROR.U | (present ? PF_ERROR.P : 0) | (access === 'W' ? PF_ERROR.W : access === 'X' ? PF_ERROR.I : 0)
  return { errorCode, signal, si_code }
}
