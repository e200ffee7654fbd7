/** The vDSO of a Debian kernel, taken out of its package. It is GPL code: it is looked at and run, and never kept in the repository. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached, type Skip } from './cache.ts'
import { command, mustRun } from './command.ts'
import { downloadPackage, needTools, orSkip, Unavailable } from './debian.ts'

const SYMBOL = '__vdso_sgx_enter_enclave'
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
const ET_DYN = 3

/** How the kernel inside a bzImage is packed: the first bytes, and what unpacks it. */
const PACKERS: readonly (readonly [magic: string, tool: string])[] = [
  ['fd377a585a00', 'xz'],
  ['28b52ffd', 'zstd'],
  ['1f8b08', 'gzip'],
]

/** The name of the kernel package that Debian's linux-image-amd64 stands for now. */
async function kernelPackage(): Promise<string> {
  const { stdout } = await command('apt-cache', ['depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1]
  if (name === undefined) throw new Unavailable('apt-cache does not know linux-image-amd64')
  return name
}

/** The packed kernel in a bzImage (the kernel's boot protocol: setup_sects, payload_offset, payload_length). */
function payloadOf(bzImage: Buffer): Buffer {
  const start = ((bzImage[0x1f1] || 4) + 1) * 512 + bzImage.readUInt32LE(0x248)
  // The last four bytes are the unpacked size.
  return bzImage.subarray(start, start + bzImage.readUInt32LE(0x24c) - 4)
}

/** The shared object with the symbol among all ELF files in `kernel`. */
function findVdso(kernel: Buffer): Buffer {
  for (let at = kernel.indexOf(ELF_MAGIC); at >= 0; at = kernel.indexOf(ELF_MAGIC, at + 4)) {
    if (kernel.readUInt16LE(at + 16) !== ET_DYN) continue
    const size = Number(kernel.readBigUInt64LE(at + 0x28)) + 64 * kernel.readUInt16LE(at + 0x3c)
    const image = kernel.subarray(at, at + size)
    if (size < 65536 && image.includes(SYMBOL)) return Buffer.from(image)
  }
  throw new Error(`no vDSO with ${SYMBOL} in the kernel`)
}

async function extract(draft: string): Promise<void> {
  await needTools('apt-get', 'dpkg-deb')
  const deb = await downloadPackage(await kernelPackage(), draft)
  await mustRun('dpkg-deb', ['-x', deb, join(draft, 'deb')], { timeoutMs: 120_000 })
  const boot = join(draft, 'deb/boot')
  const file = (await readdir(boot)).find((name) => name.startsWith('vmlinuz-'))
  if (file === undefined) throw new Error('no vmlinuz in the kernel package')
  const payload = payloadOf(await readFile(join(boot, file)))
  const tool = PACKERS.find(([magic]) => payload.toString('hex', 0, 8).startsWith(magic))?.[1]
  if (tool === undefined) throw new Unavailable('the kernel is packed in a way that is not known here')
  await needTools(tool)
  const packed = join(draft, 'payload')
  await writeFile(packed, payload)
  await mustRun('sh', ['-c', `${tool} -dc payload > vmlinux`], { cwd: draft, timeoutMs: 120_000 })
  await writeFile(join(draft, 'vdso.so'), findVdso(await readFile(join(draft, 'vmlinux'))))
  await mustRun('rm', ['-r', deb, join(draft, 'deb'), packed, join(draft, 'vmlinux')])
}

/** True when nothing needs to be downloaded any more. */
const isCached = async (): Promise<boolean> => {
  const folder = join(tmpdir(), 'enclu-cache')
  return existsSync(folder) && (await readdir(folder)).some((name) => /^kernel-vdso-[0-9a-f]{16}$/.test(name))
}

/** Path of the image. Downloads 70 MB once, and only if the corpora are wanted. */
export async function kernelVdso(): Promise<string | Skip> {
  if (process.env['ENCLU_CORPUS'] !== '1' && !(await isCached()))
    return { skip: 'it downloads 70 MB; set ENCLU_CORPUS=1' }
  return orSkip(async () => join(await cached('kernel-vdso', 'linux-image-amd64', extract), 'vdso.so'))
}
