import { ATTRIBUTES, SECINFO_FLAGS, TCS, TCS_FLAGS, TCS_RESERVED } from '../../spec/sgx/index.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf, reservedIsZero } from '../leaf.ts'
import { TCS_STATE } from '../mode.ts'
import { secinfoFlags } from '../operands.ts'

export interface EaddArguments {
  /** An EPC page that is not in use. */
  readonly target: EpcPage
  readonly secs: EpcPage
  /** A number above 2^53 need not be exact: no enclave is there. */
  readonly linaddr: number
  /** 4096 bytes. */
  readonly source: Uint8Array
  /** 64 bytes. */
  readonly secinfo: Uint8Array
}

const RIGHTS = Number(SECINFO_FLAGS.R | SECINFO_FLAGS.W | SECINFO_FLAGS.X)

export const EADD = enclsLeaf<EaddArguments, void>({
  leaf: 'EADD',
  inputs: {
    source: 'PAGEINFO.SRCPGE',
    secs: 'PAGEINFO.SECS',
    secinfo: 'PAGEINFO.SECINFO',
    linaddr: 'PAGEINFO.LINADDR',
    target: 'Address of the destination EPC page',
  },
  run(sgx, { target, secs, linaddr, source, secinfo }, refuse) {
    if (linaddr & 0xfff) return refuse.GP('PAGEINFO.LINADDR is 4KByte aligned')
    const flags = secinfoFlags(secinfo)
    if (!flags) return refuse.GP('SECINFO reserved fields are zero')
    const { PT } = flags
    if (PT !== 'PT_REG' && PT !== 'PT_TCS') return refuse.GP('SECINFO.FLAGS.PT is PT_REG or PT_TCS')
    if (target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 0')
    if (!secs.VALID) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:TMP_SECS).VALID = 1')
    const { enclave } = secs
    if (!enclave) return refuse.PF(secs.physicalAddress, 0, 'EPCM(DS:TMP_SECS).PT = PT_SECS')

    if (PT === 'PT_TCS') {
      if (!reservedIsZero(source, TCS_RESERVED)) return refuse.GP('TCS.RESERVED = 0')
      if (!enclave.hasAttribute(ATTRIBUTES.MODE64BIT)) {
        const tcs = TCS.view(source)
        if ((tcs.FSLIMIT & 0xfff) !== 0xfff) return refuse.GP('TCS.FSLIMIT & 0FFFH = 0FFFH')
        if ((tcs.GSLIMIT & 0xfff) !== 0xfff) return refuse.GP('TCS.GSLIMIT & 0FFFH = 0FFFH')
      }
    } else if (flags.W && !flags.R) {
      return refuse.GP('SECINFO.FLAGS.W = 0 or SECINFO.FLAGS.R = 1')
    }
    if (!enclave.contains(linaddr)) {
      return refuse.GP('PAGEINFO.LINADDR is within the enclave linear address space')
    }
    if (enclave.initialized) return refuse.GP('SECS is not initialized')

    sgx.epc.beforeWrite(target.frame)
    target.bytes.set(source)
    if (PT === 'PT_TCS') {
      target.tcs.FLAGS &= ~TCS_FLAGS.DBGOPTIN
      target.tcs.CSSA = 0
      target.tcs.AEP = 0n
      target.tcs.STATE = TCS_STATE.INACTIVE
    }
    enclave.measurement.EADD(linaddr - enclave.BASEADDR, PT === 'PT_TCS' ? flags.FLAGS & ~RIGHTS : flags.FLAGS)

    target.R = PT === 'PT_REG' && flags.R
    target.W = PT === 'PT_REG' && flags.W
    target.X = PT === 'PT_REG' && flags.X
    target.PT = PT
    target.ENCLAVEADDRESS = linaddr
    target.ENCLAVESECS = secs
    enclave.childCount++
    target.BLOCKED = target.PENDING = target.MODIFIED = target.PR = false
    target.VALID = true
  },
})
