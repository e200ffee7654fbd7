/** The ports on Node. The only room, beside cli, that may import from `node:`. */
import { createHash } from 'node:crypto'
import type { HostPort } from '../port/index.ts'
import { nodeAesGcm } from './aes-gcm.ts'
import { nodeConsole } from './console.ts'
import { nodeFiles } from './files.ts'

/** This process's files, standard streams, clock and working directory. */
export const nodeHost = (): HostPort => ({
  files: nodeFiles,
  console: nodeConsole,
  sha256: () => createHash('sha256'),
  aesGcm: nodeAesGcm,
  wallClock: () => BigInt(Date.now()) * 1_000_000n,
  workingDirectory: process.cwd(),
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
})
