import { join } from 'node:path'
import type { Skip } from '../support/cache.ts'
import { orSkip, unpackedPackage } from '../support/debian.ts'

/** Path of qemu-x86_64 (Debian's static build, 7.2 on Debian 12): the opponent of the bench. */
export const qemu = (): Promise<string | Skip> =>
  orSkip(async () => join(await unpackedPackage('qemu-user-static'), 'usr/bin/qemu-x86_64-static'))
