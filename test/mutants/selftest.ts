/**
 * What the kernel's selftest does not notice: all its 16 tests pass on an SGX in which one of these behaviours is missing. Each is
 * missing here once, and a test of ours must notice.
 */
import type { Mutant } from './mutant.ts'

const LEAVES = 'src/sgx/leaves'
const CASES = `${LEAVES}/cases.test.ts`
const BUILD = `${LEAVES}/encls-build.test.ts`
const ENTRY = `${LEAVES}/enclu-entry.test.ts`
const KEYS = `${LEAVES}/keys.test.ts`
const DRIVER = 'src/linux/devices/sgx-enclave.test.ts'
const RECLAIMER = 'src/linux/devices/sgx-reclaimer.test.ts'
const SIGNALS = 'src/linux/signal/signal.test.ts'
const AEX = 'src/sgx/aex.test.ts'
const PAGES = 'src/sgx/enclave-pages.test.ts'

/** The lines of its "not caught" list. */
// prettier-ignore
const NOT_CAUGHT: readonly Mutant[] = [
  { id: 'selftest: EINIT without a signature check', breaks: 'the signature must verify', file: `${LEAVES}/encls-einit.ts`, find: 'if (!verifyRsa3072(', replace: 'if (false && !verifyRsa3072(', tests: [{ file: CASES, name: /^EINIT / }] },
  { id: 'selftest: EINIT without a comparison of MRENCLAVE', breaks: 'SIGSTRUCT.ENCLAVEHASH must be the measurement', file: `${LEAVES}/encls-einit.ts`, find: '!equalBytes(TMP_SIG.ENCLAVEHASH, TMP_MRENCLAVE)', replace: 'false', tests: [{ file: CASES, name: /^EINIT / }] },
  { id: 'selftest: EINIT ignores ATTRIBUTEMASK', breaks: 'SECS.ATTRIBUTES must be the signed ones under the mask', file: `${LEAVES}/encls-einit.ts`, find: 'if ((enclave.ATTRIBUTES & ATTRIBUTEMASK) !==', replace: 'if (false && (enclave.ATTRIBUTES & ATTRIBUTEMASK) !==', tests: [{ file: CASES, name: /^EINIT / }] },
  { id: 'selftest: EINIT ignores XFRMMASK', breaks: 'SECS.XFRM must be the signed one under the mask', file: `${LEAVES}/encls-einit.ts`, find: 'if ((enclave.XFRM & XFRMMASK) !==', replace: 'if (false && (enclave.XFRM & XFRMMASK) !==', tests: [{ file: CASES, name: /^EINIT / }] },
  { id: 'selftest: EINIT ignores MISCMASK', breaks: 'SECS.MISCSELECT must be the signed one under the mask', file: `${LEAVES}/encls-einit.ts`, find: 'if ((enclave.MISCSELECT & MISCMASK) !==', replace: 'if (false && (enclave.MISCSELECT & MISCMASK) !==', tests: [{ file: CASES, name: /^EINIT / }] },
  { id: 'selftest: EADD does not measure', breaks: 'EADD extends MRENCLAVE', file: `${LEAVES}/encls-eadd.ts`, find: 'enclave.measurement.EADD(', replace: 'void (() => enclave)(', tests: [{ file: BUILD }] },
  { id: 'selftest: EEXTEND does not measure', breaks: 'EEXTEND extends MRENCLAVE', file: `${LEAVES}/encls-eextend.ts`, find: 'enclave.measurement.EEXTEND(', replace: 'void (() => enclave)(', tests: [{ file: BUILD }] },
  { id: 'selftest: EACCEPT always succeeds', breaks: 'EACCEPT compares the request with the page', file: `${LEAVES}/enclu-eaccept.ts`, find: 'if (!same) {', replace: 'if (false) {', tests: [{ file: CASES, name: /^EACCEPT / }] },
  { id: 'selftest: EACCEPT does not wait for ETRACK', breaks: 'EACCEPT gives NOT_TRACKED', file: `${LEAVES}/enclu-eaccept.ts`, find: '!enclave.isTracked(trackingEpoch)', replace: 'false', tests: [{ file: CASES, name: /^EACCEPT / }] },
  { id: 'selftest: RAX at EENTER is not CSSA', breaks: 'RAX = TCS.CSSA at entry', file: `${LEAVES}/enclu-eenter.ts`, find: 'setRegister(state, RAX, CSSA)', replace: 'setRegister(state, RAX, 0)', tests: [{ file: ENTRY }] },
  { id: 'selftest: RCX at EEXIT is not the AEP', breaks: 'RCX = TCS.AEP after EEXIT', file: `${LEAVES}/enclu-eexit.ts`, find: 'setRegister(state, RCX, mode.tcs.number(TCS.fields.AEP.offset))', replace: 'setRegister(state, RCX, state.rip)', tests: [{ file: ENTRY }] },
  { id: 'selftest: no cap on mmap and mprotect', breaks: 'a mapping has no right that a page in it lacks', file: 'src/linux/devices/sgx-enclave.ts', find: 'if (address >= start && address < end && (protection & RWX & ~maximum) !== 0) return -EACCES', replace: 'void maximum', tests: [{ file: DRIVER }] },
  { id: 'selftest: mapping beyond the enclave', breaks: 'no mapping beyond an initialized enclave', file: 'src/linux/devices/sgx-enclave.ts', find: 'if (initialized && (start < base || end > base + size)) return -EACCES', replace: '', tests: [{ file: DRIVER }] },
  { id: 'selftest: ERESUME does not restore XMM', breaks: 'XMM and MXCSR come back at ERESUME', file: `${LEAVES}/enclu-eresume.ts`, find: 'restoreXsave(state, ssa.CR_XSAVE_PAGE_0, enclave.XFRM)', replace: 'void restoreXsave', tests: [{ file: AEX }] },
  { id: 'selftest: EENTER without CSSA < NSSA', breaks: 'an entry needs a free frame', file: `${LEAVES}/enclu-eenter.ts`, find: "if (CSSA >= NSSA) return context.refuse.GP('TCS.CSSA < TCS.NSSA')", replace: '', tests: [{ file: CASES, name: /^EENTER / }] },
  { id: 'selftest: EENTER on a page that is no TCS', breaks: 'only a TCS can be entered', file: 'src/sgx/entry.ts', find: "if (tcs.PT !== 'PT_TCS') PF('PT = PT_TCS')", replace: '', tests: [{ file: CASES, name: /^EENTER / }] },
  { id: 'selftest: EENTER on a TCS that is not valid', breaks: 'only a valid page can be entered', file: 'src/sgx/entry.ts', find: "if (!tcs.VALID) PF('VALID = 1')", replace: '', tests: [{ file: CASES, name: /^EENTER / }] },
  { id: 'selftest: EENTER on a TCS in use', breaks: 'one logical processor for each TCS', file: 'src/sgx/entry.ts', find: "refuse.GP('TCS.STATE = INACTIVE')", replace: 'return', tests: [{ file: CASES, name: /^EENTER / }] },
  { id: 'selftest: AEX leaks general registers', breaks: 'the synthetic state after an AEX', file: 'src/sgx/aex.ts', find: 'state.ram.clear(STATE.GPR, 128)', replace: '', tests: [{ file: AEX }] },
  { id: 'selftest: AEX leaks XMM', breaks: 'the synthetic state after an AEX', file: 'src/sgx/aex.ts', find: 'synthesize(state, mode.enclave.XFRM, syntheticX87(cause))', replace: 'void syntheticX87', tests: [{ file: AEX }] },
  { id: 'selftest: AEX leaks flags', breaks: 'the synthetic state after an AEX', file: 'src/sgx/aex.ts', find: 'state.rflags &= ~BigInt(ARITHMETIC_MASK | RFLAGS.RF)', replace: '', tests: [{ file: AEX }] },
  { id: 'selftest: EAUG does not zero the page', breaks: 'an added page is zero', file: `${LEAVES}/encls-eaug.ts`, find: 'target.bytes.fill(0)', replace: '', tests: [{ file: `${LEAVES}/sgx2.test.ts` }] },
  { id: 'selftest: enclave memory can be read from outside', breaks: 'the abort page reads as all ones', file: 'src/sgx/epc.ts', find: 'if (!this.pageAt(frame)) return undefined', replace: 'return undefined', tests: [{ file: PAGES }, { file: DRIVER }] },
  { id: 'selftest: enclave memory can be written from outside', breaks: 'writes to the abort page are dropped', file: 'src/sgx/epc.ts', find: 'discardsWrites: true }', replace: 'discardsWrites: false }', tests: [{ file: PAGES }] },
  { id: 'selftest: no reclaimer', breaks: 'pages are written out when the EPC is full', file: 'src/linux/devices/sgx-reclaimer.ts', find: 'while (epc.freeCount < wanted && patience > 0) {', replace: 'while (false && epc.freeCount < wanted && patience > 0) {', tests: [{ file: RECLAIMER }] },
  { id: 'selftest: the reclaimer loses contents', breaks: 'ELDU brings back what EWB took', file: `${LEAVES}/encls-eldu.ts`, find: 'target.bytes.set(plain)', replace: '', tests: [{ file: RECLAIMER }] },
]

/** What its extra stages ask for beside these. */
// prettier-ignore
const EXTRA_STAGES: readonly Mutant[] = [
  { id: 'extra: a refused EINIT is not EPERM', breaks: 'INIT gives EPERM for a code of EINIT', file: 'src/linux/devices/sgx-enclave-build.ts', find: 'if (code !== 0) return -EPERM', replace: 'if (code !== 0) return -EIO', tests: [{ file: DRIVER }] },
  { id: 'extra: the provisioning key for everybody', breaks: 'PROVISIONKEY needs /dev/sgx_provision', file: 'src/linux/devices/sgx-enclave-build.ts', find: 'if (enclave.attributes & ~enclave.allowedAttributes) return -EACCES', replace: '', tests: [{ file: DRIVER }] },
  { id: 'extra: PROVISION before CREATE is remembered', breaks: 'CREATE resets the allowed attributes', file: 'src/linux/devices/sgx-encl.ts', find: 'this.allowedAttributes = UNPRIVILEGED', replace: 'this.allowedAttributes |= UNPRIVILEGED', tests: [{ file: DRIVER }] },
  { id: 'extra: PROVISION with any descriptor', breaks: 'only /dev/sgx_provision gives the key', file: 'src/linux/devices/sgx-enclave-build.ts', find: 'if (!(task.fds.file(Number(fd & 0xffff_ffffn)) instanceof ProvisionFile)) return -EINVAL', replace: '', tests: [{ file: DRIVER }] },
  { id: 'extra: a page can be added twice', breaks: 'EBUSY for a page that is there', file: 'src/linux/devices/sgx-enclave-build.ts', find: 'if (enclave.pageAt(linaddr)) return -EBUSY', replace: '', tests: [{ file: DRIVER }] },
  { id: 'extra: a failed EENTER is a signal', breaks: 'the vDSO reports exceptions of its ENCLU', file: 'src/linux/signal/faults.ts', find: 'state.rip = base + entry.fixup', replace: 'return false', tests: [{ file: SIGNALS }] },
  { id: 'extra: #DB is fixed up', breaks: '#DB belongs to debuggers', file: 'src/linux/signal/faults.ts', find: 'fault.vector === VECTOR.DB || ', replace: '', tests: [{ file: SIGNALS }] },
  { id: 'extra: #BP is fixed up', breaks: '#BP belongs to debuggers', file: 'src/linux/signal/faults.ts', find: ' || fault.vector === VECTOR.BP) return false', replace: ') return false', tests: [{ file: SIGNALS }] },
  { id: 'extra: the SSA does not hold RIP', breaks: 'AEX saves where the enclave was', file: 'src/sgx/aex.ts', find: 'gpr.RIP = BigInt(state.rip)', replace: '', tests: [{ file: AEX }] },
  { id: 'extra: CR2 is exact', breaks: 'the outside sees only the page of a fault inside', file: 'src/sgx/aex.ts', find: 'cause.address & ~LOW_12_BITS', replace: 'cause.address', tests: [{ file: AEX }] },
  { id: 'extra: a report with a wrong MAC', breaks: 'the MAC of a report covers its body', file: `${LEAVES}/enclu-ereport.ts`, find: 'bytes.subarray(0, REPORT.fields.KEYID.offset)', replace: 'bytes.subarray(0, 64)', tests: [{ file: KEYS }] },
  { id: 'extra: a seal key for any machine', breaks: 'keys derive from the secret of the machine', file: 'src/sgx/secrets.ts', find: '`enclu ${name} ${machineSeed}`', replace: '`enclu ${name}`', tests: [{ file: KEYS }] },
  { id: 'extra: code of a debug enclave gets production keys', breaks: 'DEBUG is always among the attributes of a key', file: `${LEAVES}/enclu-egetkey.ts`, find: 'ATTRIBUTES.INIT | ATTRIBUTES.DEBUG', replace: 'ATTRIBUTES.INIT', tests: [{ file: KEYS }] },
]

export const SELFTEST: readonly Mutant[] = [...NOT_CAUGHT, ...EXTRA_STAGES]
