import type { Access } from '../../cpu/index.ts'
import {
  EACCES,
  EBUSY,
  EINVAL,
  MISC_MAJOR,
  O,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  READ_IMPLIES_EXEC,
} from '../../spec/linux/index.ts'
import type { Backing, BackingFault, BackingPage } from '../mm/backing.ts'
import type { Process } from '../task/process.ts'
import type { Task } from '../task/task.ts'
import { releaseFile, retainFile } from '../vfs/fd-table.ts'
import type { Stat } from '../vfs/file.ts'
import { OpenFile } from '../vfs/open-file.ts'
import type { Device, DeviceNode } from '../vfs/virtual.ts'
import { serveIoctl, type Ioctl } from './ioctl.ts'
import type { SgxDriver } from './sgx-driver.ts'
import { debugAccess } from './sgx-debug.ts'
import { DriverEnclave } from './sgx-encl.ts'
import { SGX_ENCLAVE_BUILD } from './sgx-enclave-build.ts'
import { SGX_ENCLAVE_SGX2 } from './sgx-enclave-sgx2.ts'
import { EnclavePte } from './sgx-page.ts'

/**
 * /dev/sgx_enclave (Documentation/arch/x86/sgx.rst): one enclave for each open file. Built with requests, seen through mmap; it
 * ends, and its EPC pages are free, when the last descriptor and the last mapping are gone.
 */

export const SGX_ENCLAVE_IOCTLS: readonly Ioctl<DriverEnclave>[] = [...SGX_ENCLAVE_BUILD, ...SGX_ENCLAVE_SGX2]

const RWX = PROT_READ | PROT_WRITE | PROT_EXEC

class EnclaveFile extends OpenFile {
  readonly node: DeviceNode
  private readonly enclave: DriverEnclave
  private busy = false

  constructor(node: DeviceNode, flags: number, driver: SgxDriver) {
    super(node.name, flags)
    this.node = node
    this.enclave = new DriverEnclave(driver)
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (this.busy) return -EBUSY
    this.busy = true
    const answer = serveIoctl(SGX_ENCLAVE_IOCTLS, this.enclave, task, request, argument)
    this.busy = false
    return answer
  }

  override map(task: Task, shared: boolean, protection: number): Backing | number {
    if (!shared) return -EINVAL
    if ((this.flags & O.ACCMODE) === O.WRONLY) return -EACCES
    if (protection & PROT_WRITE && (this.flags & O.ACCMODE) !== O.RDWR) return -EACCES
    return new EnclaveBacking(this, this.enclave, task.process)
  }

  stat(): Stat {
    return this.node.stat()
  }

  override close(): void {
    this.enclave.release()
  }
}

/** A mapping of an enclave. Pages are chosen by linear address; the file offset means nothing. */
class EnclaveBacking implements Backing {
  readonly name = '/dev/sgx_enclave'
  readonly shared = true
  readonly device = true
  private readonly file: OpenFile
  private readonly enclave: DriverEnclave
  private readonly process: Process
  private mappings = 1

  constructor(file: OpenFile, enclave: DriverEnclave, process: Process) {
    this.file = file
    this.enclave = enclave
    this.process = process
    retainFile(file)
  }

  page(address: number, _offset: number, _access: Access, protection: number): BackingPage | BackingFault {
    const { enclave } = this
    const page = enclave.pageAt(address) ?? enclave.augment(address)
    if (!page) return 'SIGBUS'
    // Pages may have been added, with fewer rights, after the mapping was made.
    if ((protection & RWX & ~page.maximum) !== 0) return 'SIGBUS'
    const epc = enclave.load(page, true)
    return epc ? new EnclavePte(page, epc) : 'SIGBUS'
  }

  /** A mapping has no right that a page in it lacks; where there is no page, anything goes. */
  mayMap(start: number, end: number, protection: number): number {
    const { base, size, initialized } = this.enclave
    if (this.process.personality & READ_IMPLIES_EXEC) return -EACCES
    if (initialized && (start < base || end > base + size)) return -EACCES
    if (protection & PROT_WRITE && (this.file.flags & O.ACCMODE) !== O.RDWR) return -EACCES
    for (const { address, maximum } of this.enclave.allPages()) {
      if (address >= start && address < end && (protection & RWX & ~maximum) !== 0) return -EACCES
    }
    return 0
  }

  access(address: number, data: Uint8Array, write: boolean, protection: number): number {
    return debugAccess(this.enclave, address, data, write, protection)
  }

  retain(): void {
    this.mappings++
  }
  release(): void {
    if (--this.mappings === 0) releaseFile(this.file)
  }
}

export const sgxEnclaveDevice = (driver: SgxDriver): Device => ({
  major: MISC_MAJOR,
  minor: 125,
  mode: 0o660,
  open: (_task, node, flags) => new EnclaveFile(node, flags, driver),
})
