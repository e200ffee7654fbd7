import { PAGE_SIZE } from '../../cpu/index.ts'
import {
  EACCES,
  EBUSY,
  EFAULT,
  EINVAL,
  EIO,
  ENOMEM,
  EPERM,
  PROT_READ,
  PROT_WRITE,
  SGX_IOC,
  SGX_PAGE_MEASURE,
  sgx_enclave_add_pages,
  sgx_enclave_create,
  sgx_enclave_init,
  sgx_enclave_provision,
} from '../../spec/linux/index.ts'
import {
  ATTRIBUTES,
  EINITTOKEN,
  PT,
  SECINFO,
  SECINFO_FLAGS,
  SECINFO_PAGE_TYPE_SHIFT,
  SECS,
  SIGSTRUCT,
  VENDOR_INTEL,
} from '../../spec/sgx/index.ts'
import { ENCLS, extendPage, type EpcPage, type Sgx } from '../../sgx/index.ts'
import type { Task } from '../task/task.ts'
import { ioctl, type Ioctl } from './ioctl.ts'
import { encls, protectionOf } from './sgx-driver.ts'
import type { DriverEnclave } from './sgx-encl.ts'
import { EnclavePage } from './sgx-page.ts'
import { ProvisionFile } from './sgx-provision.ts'

/** The requests that build an enclave (uapi/asm/sgx.h), checks in the order of the kernel. */

const SPEC = 'Documentation/arch/x86/sgx.rst'

const page = BigInt(PAGE_SIZE)

/** CREATE has been done, INIT has not. */
const isBuilding = (enclave: DriverEnclave): number => (enclave.secs && !enclave.initialized ? 0 : -EINVAL)

export const CREATE = ioctl('SGX_IOC_ENCLAVE_CREATE', SGX_IOC.ENCLAVE_CREATE, sgx_enclave_create, {
  spec: SPEC,
  ready: (enclave: DriverEnclave) => (enclave.secs ? -EINVAL : 0),
  run({ src }, { device: enclave, task }) {
    const source = task.memory.read(Number(src), SECS.size)
    if (!source) return -EFAULT
    const { SIZE, BASEADDR, ATTRIBUTES: attributes } = SECS.view(source)
    if (SIZE === 0n || (SIZE & (SIZE - 1n)) !== 0n) return -EINVAL
    const grown = enclave.grow()
    if (grown < 0) return grown
    const target = enclave.driver.reclaimer.allocate(false)
    const secinfo = new Uint8Array(SECINFO.size)
    const created = target && encls(() => ENCLS.ECREATE(enclave.sgx, { target, source, secinfo })) !== 'fault'
    if (created) {
      enclave.created(target, BASEADDR, SIZE, attributes)
      return 0
    }
    if (target) enclave.sgx.epc.free(target)
    enclave.shrink()
    return target ? -EIO : -ENOMEM
  },
})

/** The range that ADD_PAGES and the requests of SGX2 name: whole pages within the enclave. */
export function checkRange(enclave: DriverEnclave, offset: bigint, length: bigint): number {
  if (offset % page !== 0n) return -EINVAL
  if (length === 0n || length % page !== 0n) return -EINVAL
  if (BigInt.asUintN(64, offset + length) < offset) return -EINVAL
  return offset + length > BigInt(enclave.size) ? -EINVAL : 0
}

/** What the driver lets pass to EADD: plain pages with sensible rights, and TCS without any. */
function checkSecinfo(secinfo: Uint8Array): number {
  const { FLAGS } = SECINFO.view(secinfo)
  const rights = FLAGS & (SECINFO_FLAGS.R | SECINFO_FLAGS.W | SECINFO_FLAGS.X)
  const type = Number((FLAGS >> SECINFO_PAGE_TYPE_SHIFT) & 0xffn)
  if (type !== PT.PT_REG && type !== PT.PT_TCS) return -EINVAL
  if (rights & SECINFO_FLAGS.W && !(rights & SECINFO_FLAGS.R)) return -EINVAL
  if (type === PT.PT_TCS && rights !== 0n) return -EINVAL
  const known = (0xffn << SECINFO_PAGE_TYPE_SHIFT) | SECINFO_FLAGS.R | SECINFO_FLAGS.W | SECINFO_FLAGS.X
  return FLAGS & ~known || secinfo.subarray(8).some((b) => b !== 0) ? -EINVAL : 0
}

/** What all pages of a request have in common. */
interface Addition {
  readonly secinfo: Uint8Array
  readonly type: 'PT_TCS' | 'PT_REG'
  /** PROT_ bits that a mapping of them may have at most. */
  readonly maximum: number
  readonly measure: boolean
}

/** Adds and, if asked for, measures one page. */
function addPage(enclave: DriverEnclave, task: Task, address: number, source: number, addition: Addition): number {
  const secs = enclave.secs?.epc
  const target = secs && enclave.driver.reclaimer.allocate(false, address)
  if (!target) return -ENOMEM
  const grown = enclave.grow()
  const errno = grown < 0 ? grown : fillPage(enclave, task, address, source, { target, secs, addition })
  if (errno < 0) {
    if (grown >= 0) enclave.shrink()
    enclave.sgx.epc.free(target)
    return errno
  }
  enclave.add(new EnclavePage(enclave, address, addition.type, addition.maximum, target))
  if (!addition.measure) return 0
  return encls(() => extendPage(enclave.sgx, { secs, target })) === 'fault' ? -EIO : 0
}

interface Filling {
  /** Not in use yet. */
  readonly target: EpcPage
  readonly secs: EpcPage
  readonly addition: Addition
}

/** EADD of one page, unless the enclave has it already. */
function fillPage(enclave: DriverEnclave, task: Task, linaddr: number, from: number, filling: Filling): number {
  const { target, secs, addition } = filling
  if (enclave.pageAt(linaddr)) return -EBUSY
  const source = task.memory.pageAt(from)
  if (!source) return -EFAULT
  const { secinfo } = addition
  return encls(() => ENCLS.EADD(enclave.sgx, { target, secs, linaddr, source, secinfo })) === 'fault' ? -EIO : 0
}

export const ADD_PAGES = ioctl('SGX_IOC_ENCLAVE_ADD_PAGES', SGX_IOC.ENCLAVE_ADD_PAGES, sgx_enclave_add_pages, {
  spec: SPEC,
  ready: isBuilding,
  run(arg, { device: enclave, task, copyOut }) {
    const { src, offset, length, flags } = arg
    if (src % page !== 0n) return -EINVAL
    const refused = checkRange(enclave, offset, length)
    if (refused < 0) return refused
    const secinfo = task.memory.read(Number(arg.secinfo), SECINFO.size)
    if (!secinfo) return -EFAULT
    const wrong = checkSecinfo(secinfo)
    if (wrong < 0) return wrong
    const { FLAGS } = SECINFO.view(secinfo)
    const isTcs = Number((FLAGS >> SECINFO_PAGE_TYPE_SHIFT) & 0xffn) === PT.PT_TCS
    const addition: Addition = {
      secinfo,
      type: isTcs ? 'PT_TCS' : 'PT_REG',
      maximum: isTcs ? PROT_READ | PROT_WRITE : protectionOf(FLAGS),
      measure: (flags & BigInt(SGX_PAGE_MEASURE)) !== 0n,
    }
    let answer = 0
    let done = 0
    for (; done < Number(length) && answer === 0; done += answer === 0 ? PAGE_SIZE : 0) {
      const address = enclave.base + Number(offset) + done
      answer = addPage(enclave, task, address, Number(src) + done, addition)
    }
    arg.count = BigInt(done)
    return copyOut() || answer
  },
})

/** Bits of SIGSTRUCT, under its own masks, that this processor does not have. */
function hasReservedBits(sgx: Sgx, sigstruct: Uint8Array): boolean {
  const sig = SIGSTRUCT.view(sigstruct)
  const { profile } = sgx
  return (
    (sig.ATTRIBUTES & sig.ATTRIBUTEMASK & ~profile.ATTRIBUTES) !== 0n ||
    (sig.MISCSELECT & sig.MISCMASK & ~profile.MISCSELECT) !== 0 ||
    (sig.XFRM & sig.XFRMMASK & ~profile.XFRM) !== 0n
  )
}

/** Flexible launch control: the processor is told that whoever signed this enclave may launch it. */
function allowSigner(sgx: Sgx, modulus: Uint8Array): void {
  const hash = sgx.createSha256()
  hash.update(modulus)
  const digest = hash.digest()
  const v = new DataView(digest.buffer, digest.byteOffset)
  const word = (i: number): bigint => v.getBigUint64(8 * i, true)
  sgx.IA32_SGXLEPUBKEYHASH = [word(0), word(1), word(2), word(3)]
}

export const INIT = ioctl('SGX_IOC_ENCLAVE_INIT', SGX_IOC.ENCLAVE_INIT, sgx_enclave_init, {
  spec: SPEC,
  ready: isBuilding,
  run(arg, { device: enclave, task }) {
    const { sgx } = enclave
    const secs = enclave.secs?.epc
    const sigstruct = task.memory.read(Number(arg.sigstruct), SIGSTRUCT.size)
    if (!sigstruct || !secs) return -EFAULT
    const { VENDOR, MODULUS } = SIGSTRUCT.view(sigstruct)
    if (VENDOR !== 0 && VENDOR !== VENDOR_INTEL) return -EINVAL
    if (enclave.attributes & ~enclave.allowedAttributes) return -EACCES
    if (hasReservedBits(sgx, sigstruct)) return -EINVAL
    allowSigner(sgx, MODULUS)
    const token = new Uint8Array(EINITTOKEN.size)
    const code = encls(() => ENCLS.EINIT(sgx, { secs, sigstruct, token }))
    if (code === 'fault') return -EIO
    if (code !== 0) return -EPERM
    enclave.initialized = true
    return 0
  },
})

export const PROVISION = ioctl('SGX_IOC_ENCLAVE_PROVISION', SGX_IOC.ENCLAVE_PROVISION, sgx_enclave_provision, {
  spec: SPEC,
  run({ fd }, { device: enclave, task }: { device: DriverEnclave; task: Task }) {
    if (!(task.fds.file(Number(fd & 0xffff_ffffn)) instanceof ProvisionFile)) return -EINVAL
    // Not remembered over CREATE, which sets the allowed attributes anew.
    enclave.allowedAttributes |= ATTRIBUTES.PROVISIONKEY
    return 0
  },
})

export const SGX_ENCLAVE_BUILD: readonly Ioctl<DriverEnclave>[] = [CREATE, ADD_PAGES, INIT, PROVISION]
