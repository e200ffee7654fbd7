import { GPRSGX, TCS } from '../spec/sgx/index.ts'
import type { Enclave } from './enclave.ts'
import type { EpcPage } from './epc.ts'
import type { EncluContext } from './leaf.ts'
import { enclaveAddress, EPCM_WRITE, resolveEpc } from './operands.ts'

/** Where an SSA frame is in linear memory: what enclave entry caches as CR_XSAVE_PAGE_0 and CR_GPR_PA. */
export interface SsaFrame {
  readonly CR_XSAVE_PAGE_0: number
  readonly CR_GPR_PA: number
}

const PAGE = 4096

/**
 * The checks of EENTER, ERESUME and EDECCSSA on frame number `index`: every page of the XSAVE area and the page of the GPR area must
 * be writable, plain pages of this enclave at the right place. The MISC region lies in the page of the GPR area.
 */
export function checkSsaFrame(context: EncluContext, enclave: Enclave, tcs: EpcPage, index: number): SsaFrame {
  const frameBytes = PAGE * enclave.SSAFRAMESIZE
  const TMP_SSA = enclaveAddress(enclave, tcs, TCS.fields.OSSA.offset, frameBytes * index)
  // What XFRM can select here fits in the frame's first page.
  const xsave = checkSsaPage(context, tcs, TMP_SSA, 'TMP_SSA_PAGE')
  const gpr = frameBytes === PAGE ? xsave : checkSsaPage(context, tcs, TMP_SSA + frameBytes - PAGE, 'TMP_GPR')
  return { CR_XSAVE_PAGE_0: xsave.frame, CR_GPR_PA: gpr.frame + PAGE - GPRSGX.size }
}

function checkSsaPage(context: EncluContext, tcs: EpcPage, address: number, name: string): EpcPage {
  const { refuse } = context
  const page = resolveEpc(context, address, 'W', `DS:${name}`)
  const PF = (condition: string): never => refuse.PF(address, EPCM_WRITE, `EPCM(DS:${name}).${condition}`)
  if (!page.VALID) PF('VALID = 1')
  if (page.BLOCKED) PF('BLOCKED = 0')
  if (page.PENDING) PF('PENDING = 0')
  if (page.MODIFIED) PF('MODIFIED = 0')
  if (page.ENCLAVEADDRESS !== address) PF(`ENCLAVEADDRESS = DS:${name}`)
  if (page.PT !== 'PT_REG') PF('PT = PT_REG')
  if (page.ENCLAVESECS !== tcs.ENCLAVESECS) PF('ENCLAVESECS = EPCM(DS:RBX).ENCLAVESECS')
  if (!page.R) PF('R = 1')
  if (!page.W) PF('W = 1')
  return page
}
