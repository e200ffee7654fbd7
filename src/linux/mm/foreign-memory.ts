import { PAGE_SIZE, USER_END } from '../../cpu/index.ts'
import { isDenial, type AddressSpace } from './address-space.ts'

/**
 * Memory of another process: ptrace(2), /proc/PID/mem, process_vm_readv(2). Its pages are brought in as for its own accesses; a
 * device's memory has no pages that anybody could look at, so the device itself is asked.
 */
export interface ForeignAccess {
  readonly write: boolean
  /** A debugger's: what the process itself may not do to its private memory does not matter, and devices are asked. */
  readonly force: boolean
}

/** Copies `data` to `address`, or what is there to `data`; returns how many bytes, which are fewer where the memory ends. */
export function accessMemory(space: AddressSpace, address: number, data: Uint8Array, how: ForeignAccess): number {
  let done = 0
  while (done < data.length) {
    const at = address + done
    if (!(at >= 0 && at < USER_END)) break
    const part = data.subarray(done, done + Math.min(data.length - done, PAGE_SIZE - (at % PAGE_SIZE)))
    const count = accessPage(space, at, part, how)
    if (count <= 0) break
    done += count
  }
  return done
}

function accessPage(space: AddressSpace, address: number, part: Uint8Array, { write, force }: ForeignAccess): number {
  const { ram } = space
  const vma = space.vmas.find(address)
  if (!vma) return 0
  if (vma.backing?.device) return force ? (vma.backing.access?.(address, part, write, vma.prot) ?? 0) : 0
  const access = write ? 'W' : 'R'
  const page = force ? space.lookupByForce(vma, address, access) : space.lookup(address, access)
  if (!page || isDenial(page)) return 0
  const at = page.frame + (address % PAGE_SIZE)
  if (write) {
    if (ram.holdsCode[page.frame / PAGE_SIZE]) ram.onCodeWrite(page.frame / PAGE_SIZE)
    ram.u8.set(part, at)
  } else part.set(ram.u8.subarray(at, at + part.length))
  return part.length
}
