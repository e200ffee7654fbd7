/** Enclaves and their hosts, built from C at test time: test/programs/sgx. */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { rsa3072Quotients } from '../../src/crypto/index.ts'
import { readElf } from '../../src/formats/index.ts'
import { Measurement } from '../../src/sgx/index.ts'
import { PF_R, PF_W, PF_X } from '../../src/spec/elf/index.ts'
import {
  ATTRIBUTES,
  SECINFO_FLAGS,
  SIGSTRUCT,
  SIGSTRUCT_HEADER,
  SIGSTRUCT_HEADER2,
  SIGSTRUCT_SIGNED,
} from '../../src/spec/sgx/index.ts'
import { cached } from './cache.ts'
import { mustRun } from './command.ts'

const COMMON = resolve('examples/common')
const SOURCES = join(import.meta.dirname, '../programs/sgx')
const HOST = [join(SOURCES, 'load.c'), join(COMMON, 'vdso.c'), join(COMMON, 'enclave-call.S')]
const PAGE = 4096
const PT_TCS = 0x100n
const PT_REG = 0x200n

type Sigstruct = ReturnType<typeof SIGSTRUCT.view>

/** One enclave to build: `sgx/SOURCE.c` with `defines`, signed as `sigstruct` says with the key of this PEM text. */
export interface EnclaveRecipe {
  readonly source: string
  /** `sgx/SOURCE.S` is all of it, with the TCS: nothing of entry.S. */
  readonly bare?: boolean
  readonly defines?: readonly string[]
  readonly threads?: number
  readonly key?: string
  /** Fields that differ from an ordinary production enclave (MODE64BIT, x87 and SSE, everything else 0). */
  readonly sigstruct?: Partial<Sigstruct>
}

/** One host program to build: `sgx/SOURCE.c`, linked as `options` say (static when absent). */
export interface HostRecipe {
  readonly source: string
  readonly options?: readonly string[]
}

export const EXAMPLE_KEY = readFileSync(join(COMMON, 'example-key.pem'), 'utf8')

// prettier-ignore
const TRUSTED_FLAGS = [
  '-O2', '-Wall', '-Wextra', '-Werror', '-march=x86-64', '-ffreestanding', '-fPIE', '-fno-plt', '-fvisibility=hidden', '-mgeneral-regs-only',
  '-fno-stack-protector', '-fcf-protection=none', '-fno-asynchronous-unwind-tables', '-fno-tree-loop-distribute-patterns', '-static', '-nostdlib',
  '-nostartfiles', '-no-pie', `-Wl,-T,${join(COMMON, 'trusted.ld')}`, '-Wl,-z,max-page-size=4096', '-Wl,-z,noexecstack', '-Wl,--build-id=none',
]

/**
 * A folder with NAME.enclave and NAME.sigstruct for each enclave, and NAME for each host; built once for each version of the
 * sources.
 */
export async function built(
  enclaves: Readonly<Record<string, EnclaveRecipe>>,
  hosts: Readonly<Record<string, HostRecipe>>,
): Promise<string> {
  const files = [
    ...(await readdir(SOURCES)).sort().map((name) => join(SOURCES, name)),
    ...HOST,
    join(COMMON, 'trusted.ld'),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const recipes = JSON.stringify([enclaves, hosts], (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v))
  return cached(`sgx-${Object.keys(hosts).join('-')}`, [...texts, recipes].join('\n'), async (draft) => {
    const measured = new Map<string, string>()
    for (const [name, recipe] of Object.entries(enclaves)) await buildEnclave(join(draft, name), recipe, measured)
    for (const [name, { source, options = ['-static'] }] of Object.entries(hosts))
      await mustRun('gcc', [
        '-O2',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-pthread',
        `-I${COMMON}`,
        ...options,
        '-o',
        join(draft, name),
        join(SOURCES, `${source}.c`),
        ...HOST,
      ])
  })
}

async function buildEnclave(path: string, recipe: EnclaveRecipe, compiled: Map<string, string>): Promise<void> {
  const { source, bare = false, defines = [], threads = 1, key = EXAMPLE_KEY, sigstruct = {} } = recipe
  const options = [`-DTHREADS=${threads}`, ...defines.map((d) => `-D${d}`)]
  const twin = compiled.get([source, ...options].join(' '))
  if (twin === undefined) {
    const inputs = bare ? [join(SOURCES, `${source}.S`)] : [join(SOURCES, 'entry.S'), join(SOURCES, `${source}.c`)]
    await mustRun('gcc', [...TRUSTED_FLAGS, ...options, `-I${COMMON}`, '-o', `${path}.enclave`, ...inputs])
    await mustRun('strip', ['--strip-all', `${path}.enclave`])
    compiled.set([source, ...options].join(' '), path)
  } else writeFileSync(`${path}.enclave`, readFileSync(`${twin}.enclave`))
  writeFileSync(`${path}.sigstruct`, signed(measure(readFileSync(`${path}.enclave`)), key, sigstruct))
}

/** MRENCLAVE, when the segments are added in the order of the file and the first one holds the TCSs. */
function measure(file: Uint8Array): Uint8Array {
  const { loads, segmentBytes, span } = readElf(Uint8Array.from(file))
  const measurement = new Measurement(createHash('sha256'))
  measurement.ECREATE(1, BigInt(2 ** Math.ceil(Math.log2(span.end))))
  for (const load of loads) {
    const { p_flags, p_vaddr } = load
    const rights =
      (p_flags & PF_R ? SECINFO_FLAGS.R : 0n) |
      (p_flags & PF_W ? SECINFO_FLAGS.W : 0n) |
      (p_flags & PF_X ? SECINFO_FLAGS.X : 0n)
    const FLAGS = load === loads[0] ? PT_TCS : PT_REG | rights
    const data = segmentBytes(load)
    for (let page = 0; page < data.length; page += PAGE) {
      measurement.EADD(p_vaddr + page, Number(FLAGS))
      for (let at = page; at < page + PAGE; at += 256) measurement.EEXTEND(p_vaddr + at, data.subarray(at, at + 256))
    }
  }
  return measurement.digest()
}

function signed(ENCLAVEHASH: Uint8Array, pem: string, fields: Partial<Sigstruct>): Uint8Array {
  const key = createPrivateKey(pem)
  const bytes = new Uint8Array(SIGSTRUCT.size)
  const sig = SIGSTRUCT.view(bytes)
  Object.assign(sig, {
    HEADER: SIGSTRUCT_HEADER,
    HEADER2: SIGSTRUCT_HEADER2,
    MODULUS: Uint8Array.from(Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url')).reverse(),
    EXPONENT: 3,
    ATTRIBUTES: ATTRIBUTES.MODE64BIT,
    XFRM: 3n,
    ATTRIBUTEMASK: 0xffff_ffff_ffff_ffffn,
    XFRMMASK: 0xffff_ffff_ffff_ffffn,
    MISCMASK: 0xffff_ffff,
    ENCLAVEHASH,
    ...fields,
  })
  const covered = Buffer.concat(SIGSTRUCT_SIGNED.map(([offset, size]) => bytes.subarray(offset, offset + size)))
  sig.SIGNATURE = Uint8Array.from(sign('sha256', covered, key)).reverse()
  Object.assign(sig, rsa3072Quotients(sig.MODULUS, sig.SIGNATURE))
  return bytes
}
