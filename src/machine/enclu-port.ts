import type { CpuState, View } from '../cpu/index.ts'
import type { Kernel } from '../linux/index.ts'
import type { Sgx } from '../sgx/index.ts'
import type { EncluLeafName } from '../spec/sgx/index.ts'
import type { EncluPort } from '../translate/index.ts'

/** ENCLU while the engine runs. `isWatched`: somebody waits for the next instruction, so that it has to be an exit. */
export function encluPort(
  { sgx, kernel, state }: { readonly sgx: Sgx; readonly kernel: Kernel; readonly state: CpuState },
  isWatched: () => boolean,
  currentView: () => View,
): EncluPort {
  let leaf: EncluLeafName = 'EENTER'
  return {
    execute() {
      if (isWatched()) return undefined
      leaf = sgx.enclu(state, kernel.current.space)
      return currentView()
    },
    transition: (address) => sgx.transition(leaf, address),
    follow() {
      sgx.follow(state)
      return currentView()
    },
  }
}
