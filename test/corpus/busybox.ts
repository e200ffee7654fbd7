import { join } from 'node:path'
import type { Skip } from '../support/cache.ts'
import { orSkip, unpackedPackage } from '../support/debian.ts'

/** Path of Debian's static busybox: some three hundred small programs in one file. */
export const busybox = (): Promise<string | Skip> =>
  orSkip(async () => join(await unpackedPackage('busybox-static'), 'bin/busybox'))
