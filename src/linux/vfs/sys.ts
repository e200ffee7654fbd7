import { FS_MAGIC } from '../../spec/linux/index.ts'
import type { Node } from './node.ts'
import { VirtualDirectory, VirtualFile, type VirtualFileSystem } from './virtual.ts'

/** sysfs(5): which processors there are, and how large the EPC is. */

const SYS: VirtualFileSystem = { dev: 21n, magic: FS_MAGIC.SYSFS }

export interface SysOptions {
  readonly cpuCount: number
  /** Bytes of EPC; undefined without SGX. */
  readonly epcSize?: number | undefined
}

export function sysFileSystem({ cpuCount, epcSize }: SysOptions): Node {
  const directory = (entries: Record<string, Node>): Node => new VirtualDirectory(SYS, entries)
  const file = (text: string): Node => new VirtualFile(SYS, () => `${text}\n`)
  const all = cpuCount === 1 ? '0' : `0-${cpuCount - 1}`
  const cpus = Object.fromEntries(Array.from({ length: cpuCount }, (_, i) => [`cpu${i}`, directory({})]))
  const node = directory({
    cpulist: file(all),
    ...(epcSize === undefined ? {} : { x86: directory({ sgx_total_bytes: file(String(epcSize)) }) }),
  })
  return directory({
    devices: directory({
      system: directory({
        cpu: directory({ online: file(all), possible: file(all), present: file(all), ...cpus }),
        node: directory({ online: file('0'), possible: file('0'), node0: node }),
      }),
    }),
    kernel: directory({}),
    class: directory({}),
  })
}
