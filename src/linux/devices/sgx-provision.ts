import { MISC_MAJOR } from '../../spec/linux/index.ts'
import type { Stat } from '../vfs/file.ts'
import { OpenFile } from '../vfs/open-file.ts'
import type { Device, DeviceNode } from '../vfs/virtual.ts'

/** /dev/sgx_provision: can only be opened. Whoever shows it to an enclave's PROVISION request may use the provisioning key. */
export class ProvisionFile extends OpenFile {
  readonly node: DeviceNode
  constructor(node: DeviceNode, flags: number) {
    super(node.name, flags)
    this.node = node
  }
  stat(): Stat {
    return this.node.stat()
  }
}

/**
 * Deviation: mode 0660 instead of root's own 0600: the guest is one ordinary user, and the keys are nobody's secret here.
 */
export const sgxProvisionDevice: Device = {
  major: MISC_MAJOR,
  minor: 126,
  mode: 0o660,
  open: (_task, node, flags) => new ProvisionFile(node, flags),
}
