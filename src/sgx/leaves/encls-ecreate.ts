import { PAGE_SIZE } from '../../cpu/index.ts'
import { ATTRIBUTES, GPRSGX, EXINFO, MISCSELECT, SECS, SECS_RESERVED } from '../../spec/sgx/index.ts'
import { Enclave } from '../enclave.ts'
import type { EpcPage } from '../epc.ts'
import { enclsLeaf, reservedIsZero } from '../leaf.ts'
import { Measurement } from '../measurement.ts'
import { isCanonical, secinfoFlags } from '../operands.ts'
import { xsaveSize } from '../profile.ts'

export interface EcreateArguments {
  /** An EPC page that is not in use. */
  readonly target: EpcPage
  /** 4096 bytes. */
  readonly source: Uint8Array
  /** 64 bytes. */
  readonly secinfo: Uint8Array
}

export const ECREATE = enclsLeaf<EcreateArguments, void>({
  leaf: 'ECREATE',
  inputs: { source: 'PAGEINFO.SRCPGE', secinfo: 'PAGEINFO.SECINFO', target: 'Address of the destination SECS page' },
  run(sgx, { target, source, secinfo }, refuse) {
    const { profile } = sgx
    const SECINFO = secinfoFlags(secinfo)
    if (!SECINFO) return refuse.GP('SECINFO reserved fields are zero')
    if (SECINFO.PT !== 'PT_SECS') return refuse.GP('SECINFO.FLAGS.PT = PT_SECS')
    if (target.VALID) return refuse.PF(target.physicalAddress, 0, 'EPCM(DS:RCX).VALID = 0')

    const secs = SECS.view(source)
    const { XFRM, SIZE, BASEADDR } = secs
    if ((XFRM & 3n) !== 3n) return refuse.GP('SECS.ATTRIBUTES.XFRM[1:0] = 3')
    if (XFRM & ~profile.XFRM) return refuse.GP('SECS.ATTRIBUTES.XFRM is legal')
    // The processor has no CET: nothing of it may be asked for.
    if (secs.CET_ATTRIBUTES !== 0) return refuse.GP('SECS.CET_ATTRIBUTES = 0')
    if (secs.CET_LEG_BITMAP_OFFSET !== 0n) return refuse.GP('SECS.CET_LEG_BITMAP_OFFSET = 0')
    // Erratum: the manual prints "!(CPUID.(EAX=12H, ECX=0):EBX & MISCSELECT)", which MISCSELECT = 0 would fail. What is meant, and
    // what the text of "MISCSELECT" says, is that no bit may be set that CPUID does not report.
    if (secs.MISCSELECT & ~profile.MISCSELECT) return refuse.GP('SECS.MISCSELECT is supported')
    const TMP_MISC_SIZE = secs.MISCSELECT & MISCSELECT.EXINFO ? EXINFO.size : 0
    const TMP_XSIZE = xsaveSize(XFRM) + GPRSGX.size + TMP_MISC_SIZE
    if (secs.SSAFRAMESIZE * PAGE_SIZE < TMP_XSIZE) return refuse.GP('SECS.SSAFRAMESIZE * 4096 >= TMP_XSIZE')
    const mode64 = (secs.ATTRIBUTES & ATTRIBUTES.MODE64BIT) !== 0n
    if (mode64 && !isCanonical(BASEADDR)) return refuse.GP('SECS.BASEADDR is canonical')
    if (!mode64 && BASEADDR >> 32n !== 0n) return refuse.GP('SECS.BASEADDR has 32 bits')
    if (SIZE >= 1n << BigInt(mode64 ? profile.maxSize64 : profile.maxSize32)) {
      return refuse.GP('SECS.SIZE is below the maximum enclave size of CPUID')
    }
    if (SIZE < 8192n) return refuse.GP('SECS.SIZE >= 8192')
    if (SIZE & (SIZE - 1n)) return refuse.GP('SECS.SIZE is a power of 2')
    if (BASEADDR & (SIZE - 1n)) return refuse.GP('SECS.BASEADDR is aligned on SECS.SIZE')
    if (secs.ATTRIBUTES & ~profile.ATTRIBUTES) return refuse.GP('SECS.ATTRIBUTES are supported')
    if (!reservedIsZero(source, SECS_RESERVED)) return refuse.GP('SECS reserved fields are zero')
    if (!(secs.ATTRIBUTES & ATTRIBUTES.KSS)) {
      if (secs.CONFIGID.some((b) => b !== 0)) return refuse.GP('SECS.CONFIGID = 0 or SECS.ATTRIBUTES.KSS = 1')
      if (secs.CONFIGSVN !== 0) return refuse.GP('SECS.CONFIGSVN = 0 or SECS.ATTRIBUTES.KSS = 1')
    }

    sgx.epc.beforeWrite(target.frame)
    target.bytes.set(source.subarray(0, PAGE_SIZE))
    const enclave = new Enclave(target, new Measurement(sgx.createSha256()), sgx.nextEid++)
    enclave.SECS.MRENCLAVE.fill(0)
    enclave.SECS.MRSIGNER.fill(0)
    enclave.SECS.ISVSVN = 0
    enclave.SECS.ISVPRODID = 0
    enclave.measurement.ECREATE(enclave.SSAFRAMESIZE, SIZE)

    target.PT = 'PT_SECS'
    target.ENCLAVEADDRESS = 0
    target.ENCLAVESECS = undefined
    target.enclave = enclave
    target.R = target.W = target.X = false
    target.BLOCKED = target.PENDING = target.MODIFIED = target.PR = false
    target.VALID = true
  },
})
