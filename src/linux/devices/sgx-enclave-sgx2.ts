import { PAGE_SIZE } from '../../cpu/index.ts'
import {
  EFAULT,
  EINVAL,
  ENODEV,
  EPERM,
  PROT_READ,
  PROT_WRITE,
  SGX_IOC,
  sgx_enclave_modify_types,
  sgx_enclave_remove_pages,
  sgx_enclave_restrict_permissions,
} from '../../spec/linux/index.ts'
import { PT, SECINFO_FLAGS, SGX_ERROR, type PageType } from '../../spec/sgx/index.ts'
import { ENCLS, type EpcPage } from '../../sgx/index.ts'
import { ioctl, type Ioctl } from './ioctl.ts'
import { encls, secinfoBytes, secinfoOfType } from './sgx-driver.ts'
import type { DriverEnclave } from './sgx-encl.ts'
import { checkRange } from './sgx-enclave-build.ts'
import type { EnclavePage } from './sgx-page.ts'

/** The requests that change a running enclave (SGX2, EDMM), checks in the order of the kernel. */

const SPEC = 'Documentation/arch/x86/sgx.rst'
const RIGHTS = SECINFO_FLAGS.R | SECINFO_FLAGS.W | SECINFO_FLAGS.X

function isRunning(enclave: DriverEnclave): number {
  if (!enclave.hasSgx2) return -ENODEV
  return enclave.initialized ? 0 : -EINVAL
}

interface Outcome {
  readonly errno: number
  /** The leaf's error code. */
  readonly result?: number
}
const DONE: Outcome = { errno: 0 }

/** A page and where it is in the EPC. */
type Loaded = EnclavePage & { readonly epc: EpcPage }

/** Changes page after page, each brought into the EPC first, until one fails; what was done and why it ended. */
function eachPage(
  enclave: DriverEnclave,
  offset: bigint,
  length: bigint,
  change: (page: Loaded) => Outcome,
): Outcome & { readonly count: bigint } {
  for (let done = 0; done < Number(length); done += PAGE_SIZE) {
    const address = enclave.base + Number(offset) + done
    const page = enclave.pageAt(address)
    const isLoaded = page && enclave.load(page, false) !== undefined
    const outcome = isLoaded ? change(page as Loaded) : { errno: -EFAULT }
    if (outcome.errno < 0) return { ...outcome, count: BigInt(done) }
  }
  return { ...DONE, count: length }
}

/** A leaf's answer: a fault and an error code are both -EFAULT, the code is also told. */
function outcomeOf(answer: number | 'fault'): Outcome {
  if (answer === 'fault') return { errno: -EFAULT }
  return answer === 0 ? DONE : { errno: -EFAULT, result: answer }
}

/** Nobody uses the rights that a successful change took away. */
function tracked(enclave: DriverEnclave, outcome: Outcome): Outcome {
  if (outcome.errno === 0) enclave.track()
  return outcome
}

export const RESTRICT_PERMISSIONS = ioctl(
  'SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS',
  SGX_IOC.ENCLAVE_RESTRICT_PERMISSIONS,
  sgx_enclave_restrict_permissions,
  {
    spec: SPEC,
    ready: isRunning,
    run(arg, { device: enclave, copyOut }) {
      const { offset, length, permissions } = arg
      const refused = checkRange(enclave, offset, length)
      if (refused < 0) return refused
      if (permissions & ~RIGHTS) return -EINVAL
      if (permissions & SECINFO_FLAGS.W && !(permissions & SECINFO_FLAGS.R)) return -EINVAL
      if (arg.result !== 0n || arg.count !== 0n) return -EINVAL
      const secinfo = secinfoBytes(permissions)
      const {
        errno,
        result = 0,
        count,
      } = eachPage(enclave, offset, length, ({ type, epc: target }) => {
        if (type !== 'PT_REG') return { errno: -EINVAL }
        return tracked(enclave, outcomeOf(encls(() => ENCLS.EMODPR(enclave.sgx, { target, secinfo }))))
      })
      arg.result = BigInt(result)
      arg.count = count
      return copyOut() || errno
    },
  },
)

/** Which page types may become which. */
const mayBecome = (from: PageType, to: PageType): boolean =>
  (from === 'PT_REG' && to === 'PT_TCS') || ((from === 'PT_REG' || from === 'PT_TCS') && to === 'PT_TRIM')

function changeType(enclave: DriverEnclave, page: Loaded, type: PageType): Outcome {
  const { epc: target, address, maximum } = page
  if (!mayBecome(page.type, type)) return { errno: -EINVAL }
  const toTcs = type === 'PT_TCS'
  const needed = PROT_READ | PROT_WRITE
  if (toTcs && (maximum & needed) !== needed) return { errno: -EPERM }
  if (toTcs) {
    page.maximum = needed
    enclave.zap(address)
  }
  const outcome = outcomeOf(encls(() => ENCLS.EMODT(enclave.sgx, { target, secinfo: secinfoOfType(type) })))
  if (outcome.errno < 0) page.maximum = maximum
  else page.type = type
  return tracked(enclave, outcome)
}

export const MODIFY_TYPES = ioctl(
  'SGX_IOC_ENCLAVE_MODIFY_TYPES',
  SGX_IOC.ENCLAVE_MODIFY_TYPES,
  sgx_enclave_modify_types,
  {
    spec: SPEC,
    ready: isRunning,
    run(arg, { device: enclave, copyOut }) {
      const { offset, length, page_type } = arg
      const refused = checkRange(enclave, offset, length)
      if (refused < 0) return refused
      const type = page_type === BigInt(PT.PT_TCS) ? 'PT_TCS' : page_type === BigInt(PT.PT_TRIM) ? 'PT_TRIM' : undefined
      // Numbers beyond the byte that SECINFO has for it are refused before the result fields are looked at.
      if (page_type > 0xffn || arg.result !== 0n || arg.count !== 0n || !type) return -EINVAL
      const { errno, result = 0, count } = eachPage(enclave, offset, length, (page) => changeType(enclave, page, type))
      arg.result = BigInt(result)
      arg.count = count
      return copyOut() || errno
    },
  },
)

/**
 * The kernel cannot see whether the enclave has accepted a trimmed page. It probes: EMODPR faults on such a page because of its
 * type, and before that answers that the page cannot be modified while the change is pending.
 */
function isAccepted(enclave: DriverEnclave, { epc: target }: Loaded): boolean {
  const answer = encls(() => ENCLS.EMODPR(enclave.sgx, { target, secinfo: secinfoBytes(RIGHTS) }))
  return answer === 'fault' || answer !== SGX_ERROR.SGX_PAGE_NOT_MODIFIABLE
}

export const REMOVE_PAGES = ioctl(
  'SGX_IOC_ENCLAVE_REMOVE_PAGES',
  SGX_IOC.ENCLAVE_REMOVE_PAGES,
  sgx_enclave_remove_pages,
  {
    spec: SPEC,
    ready: isRunning,
    run(arg, { device: enclave, copyOut }) {
      const { offset, length } = arg
      const refused = checkRange(enclave, offset, length)
      if (refused < 0) return refused
      if (arg.count !== 0n) return -EINVAL
      const { errno, count } = eachPage(enclave, offset, length, (page) => {
        if (page.type !== 'PT_TRIM' || !isAccepted(enclave, page)) return { errno: -EPERM }
        return { errno: enclave.remove(page.address) }
      })
      arg.count = count
      return copyOut() || errno
    },
  },
)

// prettier-ignore
export const SGX_ENCLAVE_SGX2: readonly Ioctl<DriverEnclave>[] = [RESTRICT_PERMISSIONS, MODIFY_TYPES, REMOVE_PAGES]
