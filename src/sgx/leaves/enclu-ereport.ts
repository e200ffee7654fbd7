import { invariant, isAligned } from '../../base/index.ts'
import { aesCmac } from '../../crypto/index.ts'
import { RBX, RCX, RDX } from '../../spec/x86/index.ts'
import { REPORT, TARGETINFO, TARGETINFO_RESERVED } from '../../spec/sgx/index.ts'
import { encluLeaf, reservedIsZero } from '../leaf.ts'
import { isInElrange, register, resolveDataPage } from '../operands.ts'

export const EREPORT = encluLeaf({
  name: 'EREPORT',
  inputs: {
    RBX: 'Address of TARGETINFO',
    RCX: 'Address of REPORTDATA',
    RDX: 'Address where the REPORT is written to in an OUTPUTDATA',
  },
  run(context) {
    const { sgx, state, nextRip, refuse } = context
    const [targetAddress, dataAddress, outputAddress] = [
      register(state, RBX),
      register(state, RCX),
      register(state, RDX),
    ]
    if (!isAligned(targetAddress, 512)) return refuse.GP('DS:RBX is 512Byte Aligned')
    if (!isInElrange(context, targetAddress)) return refuse.GP('DS:RBX is within CR_ELRANGE')
    const targetPage = resolveDataPage(context, targetAddress, 'R', 'DS:RBX')
    const targetBytes = targetPage.bytes.subarray(targetAddress % 4096, (targetAddress % 4096) + TARGETINFO.size)
    if (!reservedIsZero(targetBytes, TARGETINFO_RESERVED)) return refuse.GP('TARGETINFO.RESERVED = 0')
    if (!isAligned(dataAddress, 128)) return refuse.GP('DS:RCX is 128Byte Aligned')
    if (!isInElrange(context, dataAddress)) return refuse.GP('DS:RCX is within CR_ELRANGE')
    const dataPage = resolveDataPage(context, dataAddress, 'R', 'DS:RCX')
    if (!isAligned(outputAddress, 512)) return refuse.GP('DS:RDX is 512Byte Aligned')
    if (!isInElrange(context, outputAddress)) return refuse.GP('DS:RDX is within CR_ELRANGE')
    // Erratum: for PENDING and MODIFIED the manual prints EPCM(DS:RCX) among the checks of DS:RDX.
    const outputPage = resolveDataPage(context, outputAddress, 'W', 'DS:RDX')

    const enclave = sgx.mode?.enclave
    invariant(enclave, 'ENCLU has checked CR_ENCLAVE_MODE')
    const { secrets } = sgx
    const bytes = new Uint8Array(REPORT.size)
    const { ISVPRODID, ISVSVN, ATTRIBUTES, XFRM, MRENCLAVE, MRSIGNER, MISCSELECT, CONFIGID, CONFIGSVN } = enclave.SECS
    const identity = { ISVPRODID, ISVSVN, ATTRIBUTES, XFRM, MRENCLAVE, MRSIGNER, MISCSELECT, CONFIGID, CONFIGSVN }
    const TMP_REPORT = Object.assign(REPORT.view(bytes), identity, {
      CPUSVN: secrets.CR_CPUSVN,
      ISVFAMILYID: enclave.ISVFAMILYID,
      ISVEXTPRODID: enclave.ISVEXTPRODID,
      REPORTDATA: dataPage.bytes.subarray(dataAddress % 4096, (dataAddress % 4096) + 64),
      KEYID: secrets.CR_REPORT_KEYID,
    })
    const target = TARGETINFO.view(targetBytes)
    const TMP_REPORTKEY = secrets.reportKey({
      ATTRIBUTES: target.ATTRIBUTES,
      XFRM: target.XFRM,
      MRENCLAVE: target.MEASUREMENT,
      KEYID: secrets.CR_REPORT_KEYID,
      MISCSELECT: target.MISCSELECT,
      CONFIGID: target.CONFIGID,
      CONFIGSVN: target.CONFIGSVN,
    })
    // "CMAC data are not including MAC&KEYID".
    TMP_REPORT.MAC = aesCmac(TMP_REPORTKEY, bytes.subarray(0, REPORT.fields.KEYID.offset))
    sgx.epc.beforeWrite(outputPage.frame)
    outputPage.bytes.set(bytes, outputAddress % 4096)
    state.rip = nextRip
  },
})
