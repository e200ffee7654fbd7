import type { Access } from '../../cpu/index.ts'

/** Why a page of a mapping cannot be had. */
export type BackingFault = 'SIGBUS' | 'SIGSEGV'

/** A page as its object has it. */
export interface BackingPage {
  /** Byte offset of the frame. The object holds a reference of its own. */
  readonly frame: number
  /** Shared mappings may write to the frame now; if not, a write asks again with access 'W'. */
  readonly writable: boolean
  /** A page of the EPC: no frame of the address space, so no reference is taken, and only enclaves see what is in it. */
  readonly epc?: true
  /** Told of each look-up in a page table: the accessed bit. */
  accessed?(): void
}

/**
 * What stands behind a mapping that is not plain anonymous memory: a file's pages, memory shared over fork, a device.
 * `offset` is in bytes from the start of the object; `address` is the linear address (SGX pages are chosen by it).
 */
export interface Backing {
  /**
   * The page's frame for this access. The address space keeps the answer in its page table (retaining the frame) until it is
   * unmapped or zapped, and makes a private copy on a write to a private mapping. `protection` is what the mapping allows.
   */
  page(address: number, offset: number, access: Access, protection: number): BackingPage | BackingFault
  /** Checked by mmap and mprotect before anything changes: 0 or a negative errno (SGX: the kernel's may_map rule). */
  mayMap?(start: number, end: number, protection: number): number
  /**
   * A debugger's access to a device's memory, within one page (vm_operations_struct.access): how many bytes were copied to or from
   * `data`, or a negative errno. Without it there is none.
   */
  access?(address: number, data: Uint8Array, write: boolean, protection: number): number
  /** One more mapping shows it (split, fork), one less. A new object counts the mapping that it was made for. */
  retain(): void
  release(): void
  /** msync(2): what shared mappings wrote goes to the file. */
  sync?(): void
  /** For /proc/self/maps. */
  readonly name: string
  readonly shared: boolean
  /** A device's memory (VM_PFNMAP): never merged or grown, MADV_DONTNEED is refused. */
  readonly device?: true
}
