import { Machine, signEnclave, tcsPage, type EnclaveLayout, type MachineOptions, type VdsoAbi } from './index.ts'
import { TEST_KEY } from '../sgx/test-key.cases.ts'

/** An enclave of a few bytes, whose code does what RDI says. */

// prettier-ignore
const CODE = Uint8Array.of(
  0x48, 0x89, 0xcb,                   // 00  mov rbx,rcx        where EEXIT goes
  0x83, 0xff, 0x01,                   // 03  cmp edi,1
  0x74, 0x1d,                         // 06  je 25h
  0x83, 0xff, 0x02,                   // 08  cmp edi,2
  0x74, 0x1a,                         // 0B  je 27h
  0x83, 0xff, 0x03,                   // 0D  cmp edi,3
  0x74, 0x17,                         // 10  je 29h
  0x83, 0xff, 0x04,                   // 12  cmp edi,4
  0x74, 0x18,                         // 15  je 2Fh
  0x48, 0x8d, 0x56, 0x01,             // 17  lea rdx,[rsi+1]
  0xb8, 0x04, 0x00, 0x00, 0x00,       // 1B  mov eax,4          EEXIT
  0x0f, 0x01, 0xd7,                   // 20  enclu
  0x0f, 0x0b,                         // 23  ud2
  0xeb, 0xfe,                         // 25  jmp 25h            for ever
  0x0f, 0x0b,                         // 27  ud2
  0x48, 0x89, 0x36,                   // 29  mov [rsi],rsi
  0x90,                               // 2C  nop
  0xeb, 0xe8,                         // 2D  jmp 17h
  0xcc,                               // 2F  int3
)
export const DO = { add: 0n, spin: 1n, undefined: 2n, store: 3n, breakpoint: 4n } as const

export const TCS = [0x0000n, 0x4000n] as const
export const DATA = 0x6000n

/** Two TCS with `NSSA` frames each. */
export function layout(NSSA = 2): EnclaveLayout {
  return {
    secs: { SIZE: 0x1_0000n },
    steps: [
      { leaf: 'EADD', offset: TCS[0], secinfo: 'tcs', bytes: tcsPage({ OENTRY: 0x1000n, OSSA: 0x2000n, NSSA }) },
      { leaf: 'EADD', offset: 0x1000n, secinfo: 'rx', bytes: CODE },
      { leaf: 'EADD', offset: 0x2000n, secinfo: 'rw', length: 0x2000 },
      { leaf: 'EADD', offset: TCS[1], secinfo: 'tcs', bytes: tcsPage({ OENTRY: 0x1000n, OSSA: 0x5000n, NSSA: 1 }) },
      { leaf: 'EADD', offset: 0x5000n, secinfo: 'rw', length: 0x2000, measure: false },
    ],
  }
}

/** By NSSA; signing takes longer than anything else here. */
const signed = new Map<number, Uint8Array>()
export function sigstructOf(NSSA = 2): Uint8Array {
  let sigstruct = signed.get(NSSA)
  if (!sigstruct) signed.set(NSSA, (sigstruct = signEnclave(layout(NSSA), TEST_KEY)))
  return sigstruct
}

export function build<A extends VdsoAbi = 'mainline'>(options: MachineOptions<A> = {}, NSSA = 2) {
  const machine = new Machine<A>(options)
  const enclave = machine.createEnclave(layout(NSSA), { sigstruct: sigstructOf(NSSA) })
  return { machine, enclave, memory: machine.memory }
}

/** A machine whose `onEntry` is called when the enclave has just been entered or resumed. */
export function buildWatched<A extends VdsoAbi = 'mainline'>(options: MachineOptions<A> = {}, NSSA = 2) {
  const watch: { onEntry?: () => void } = {}
  const onSgx = (line: string): void => {
    if (/^ENCLU\[(EENTER|ERESUME)\] done/.test(line)) watch.onEntry?.()
  }
  return { ...build({ ...options, onSgx }, NSSA), watch }
}
