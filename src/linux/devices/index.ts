import { FS_MAGIC } from '../../spec/linux/index.ts'
import type { Node } from '../vfs/node.ts'
import type { Sgx } from '../../sgx/index.ts'
import type { AddressSpace } from '../mm/address-space.ts'
import { SgxDriver } from './sgx-driver.ts'
import { sgxEnclaveDevice } from './sgx-enclave.ts'
import { sgxProvisionDevice } from './sgx-provision.ts'
import { DeviceNode, VirtualDirectory, VirtualLink, type Device, type VirtualFileSystem } from '../vfs/virtual.ts'

const DEV: VirtualFileSystem = { dev: 5n, magic: FS_MAGIC.TMPFS }

/** /dev: the given devices, and the links that every Linux has there. */
export function devFileSystem(devices: Readonly<Record<string, Device>>): Node {
  const link = (target: string): Node => new VirtualLink(DEV, () => target)
  const nodes = Object.entries(devices).map(([name, device]) => [name, new DeviceNode(DEV, `/dev/${name}`, device)])
  return new VirtualDirectory(DEV, {
    ...(Object.fromEntries(nodes) as Record<string, Node>),
    fd: link('/proc/self/fd'),
    stdin: link('/proc/self/fd/0'),
    stdout: link('/proc/self/fd/1'),
    stderr: link('/proc/self/fd/2'),
    pts: new VirtualDirectory(DEV, {}),
    shm: new VirtualDirectory(DEV, {}),
  })
}

/** What a machine with SGX has beside, and what each is for. */
export const SGX_DEVICES = {
  sgx_enclave: 'builds enclaves and maps them',
  sgx_provision: 'lets an enclave have the provisioning key',
} as const

export function sgxDevices(
  sgx: Sgx,
  spaces: () => Iterable<AddressSpace>,
): Readonly<Record<keyof typeof SGX_DEVICES, Device>> {
  return { sgx_enclave: sgxEnclaveDevice(new SgxDriver(sgx, spaces)), sgx_provision: sgxProvisionDevice }
}

export { SGX_ENCLAVE_IOCTLS } from './sgx-enclave.ts'
export { SGX_ENCLAVE_BUILD } from './sgx-enclave-build.ts'
export { SGX_ENCLAVE_SGX2 } from './sgx-enclave-sgx2.ts'
export { plainDevices } from './plain.ts'
export { ttyDevice } from './tty.ts'
