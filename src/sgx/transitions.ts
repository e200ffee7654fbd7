import { STATE, USER_END, type Transition } from '../cpu/index.ts'
import { RAX, RBP, RBX, RCX, RFLAGS, RSP } from '../spec/x86/index.ts'
import { ENCLU_LEAVES, GPRSGX, TCS } from '../spec/sgx/index.ts'
import type { EntryChecks } from './entry-cache.ts'
import { ENCLAVE_OUTSIDE, TCS_STATE, type EnclaveMode } from './mode.ts'

/**
 * EENTER and EEXIT once more, as words (see Transition), for whoever executes them a million times a second. Here is only what
 * happens when the leaf found nothing to refuse, and RFLAGS.TF is clear, as it was when CR_SAVE_TF was saved. transitions.test.ts
 * holds these against the leaves.
 */

const ALL = 0xffff_ffff_ffff_ffffn
const LOW = 0xffff_ffffn
const gpr = (n: number): number => STATE.GPR + 8 * n

/** RFLAGS.TF is clear, and STATE.ENCLAVE is this: they share a word. */
const clearAndIn = (enclave: number): readonly [number, bigint, bigint] => [
  STATE.RFLAGS_REST,
  (LOW << 32n) | BigInt(RFLAGS.TF),
  BigInt(enclave) << 32n,
]
const isLeaf = (leaf: 'EENTER' | 'EEXIT'): readonly [number, bigint, bigint] => [
  gpr(RAX),
  LOW,
  BigInt(ENCLU_LEAVES[leaf].number),
]
const isCanonical = (n: number): readonly [number, bigint, bigint] => [gpr(n), ALL & ~BigInt(USER_END - 1), 0n]

/** What FS, GS and XCR0 are saved as, and come back from. */
const SAVED = [
  [STATE.FS_BASE, STATE.CR_SAVE],
  [STATE.GS_BASE, STATE.CR_SAVE + 8],
  [STATE.XCR0, STATE.CR_SAVE + 16],
] as const

/** EENTER on a TCS that passed `checks`; `returnAddress` is that behind ENCLU. */
export function entering(
  { tcs, enclave, CSSA, ssa, TMP_TARGET, fsBase, gsBase }: EntryChecks,
  returnAddress: number,
): Transition {
  const { STATE: state, CSSA: cssa, AEP } = TCS.fields
  const frame = (field: { readonly offset: number }): number => ssa.CR_GPR_PA + field.offset
  return {
    guards: [
      isLeaf('EENTER'),
      [gpr(RBX), ALL, BigInt(tcs.ENCLAVEADDRESS)],
      isCanonical(RCX),
      clearAndIn(ENCLAVE_OUTSIDE),
      [tcs.frame + state.offset, ALL, TCS_STATE.INACTIVE],
      [tcs.frame + cssa.offset, LOW, BigInt(CSSA)],
    ],
    copies: [
      [gpr(RCX), tcs.frame + AEP.offset],
      ...SAVED,
      [gpr(RSP), frame(GPRSGX.fields.URSP)],
      [gpr(RBP), frame(GPRSGX.fields.URBP)],
    ],
    sets: [
      [tcs.frame + state.offset, TCS_STATE.ACTIVE],
      [gpr(RCX), BigInt(returnAddress)],
      [STATE.RIP, BigInt(TMP_TARGET)],
      [gpr(RAX), BigInt(CSSA)],
      [STATE.FS_BASE, BigInt(fsBase)],
      [STATE.GS_BASE, BigInt(gsBase)],
      [STATE.XCR0, enclave.XFRM],
    ],
    enclave: tcs.insideNumber,
  }
}

/** EEXIT of who is inside in this mode. */
export function leaving({ tcs }: Pick<EnclaveMode, 'tcs'>): Transition {
  const { STATE: state, AEP } = TCS.fields
  return {
    guards: [isLeaf('EEXIT'), isCanonical(RBX), clearAndIn(tcs.insideNumber)],
    copies: [
      [gpr(RBX), STATE.RIP],
      [tcs.frame + AEP.offset, gpr(RCX)],
      ...SAVED.map(([place, saved]) => [saved, place] as const),
    ],
    sets: [[tcs.frame + state.offset, TCS_STATE.INACTIVE]],
    enclave: ENCLAVE_OUTSIDE,
  }
}
