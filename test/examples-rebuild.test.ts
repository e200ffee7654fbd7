import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../src/base/index.ts'
import { readElf } from '../src/formats/index.ts'
import { PF_R, PF_W, PF_X } from '../src/spec/elf/index.ts'

/** The committed examples: their measurements and signatures, and that the sources beside them give the same bytes. */

const EXAMPLES = new URL('../examples/', import.meta.url).pathname
const file = (example: string, suffix = ''): Uint8Array =>
  Uint8Array.from(readFileSync(join(EXAMPLES, example, example + suffix)))

const MRENCLAVE = {
  hello: '412ac843b9384c0137215cbafdea00a81e73060776c0022f3bc55fc9d451d683',
  fault: 'b690677be7741a1f9f2f0165639d19b03ee19b3ad8bd22cd070580750aa28eaa',
  handler: 'a1378b4bcec7ac037d34adc43b9cd54afe02d350880311d2e2544c1fdd56cc9b',
}
const NAMES = Object.keys(MRENCLAVE)

/** The records that ECREATE, EADD and EEXTEND hash, written out by hand: 64 bytes each, then the chunk's data. */
function measure(enclave: Uint8Array): string {
  const { loads, segmentBytes, span } = readElf(enclave)
  const ascii = (name: string) => Uint8Array.from(name.padEnd(8, '\0'), (c) => c.charCodeAt(0))
  const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
  const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
  const hash = createHash('sha256')
  const size = 2 ** Math.ceil(Math.log2(span.end))
  hash.update(concatBytes(ascii('ECREATE'), u32(1), u64(size), new Uint8Array(44)))
  for (const load of loads) {
    const permissions = (load.p_flags & PF_R ? 1 : 0) | (load.p_flags & PF_W ? 2 : 0) | (load.p_flags & PF_X ? 4 : 0)
    const data = segmentBytes(load)
    expect(data.length % 4096).toBe(0)
    for (let page = 0; page < data.length; page += 4096) {
      const flags = load === loads[0] ? 0x100 : 0x200 | permissions
      hash.update(concatBytes(ascii('EADD'), u64(load.p_vaddr + page), u64(flags), new Uint8Array(40)))
      for (let at = page; at < page + 4096; at += 256)
        hash.update(
          concatBytes(ascii('EEXTEND'), u64(load.p_vaddr + at), new Uint8Array(48), data.subarray(at, at + 256)),
        )
    }
  }
  return hash.digest('hex')
}

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`)

describe.each(NAMES)('%s', (name) => {
  const sigstruct = file(name, '.sigstruct')

  test('the MRENCLAVE is the one that is written down, measured, and signed', () => {
    const expected = MRENCLAVE[name as keyof typeof MRENCLAVE]
    expect(measure(file(name, '.enclave'))).toBe(expected)
    expect(toHex(sigstruct.subarray(960, 992))).toBe(expected)
  })

  test('the signature verifies, the way the processor does it', () => {
    expect(sigstruct).toHaveLength(1808)
    const [N, S, Q1, Q2] = [128, 516, 1040, 1424].map((at) => littleEndian(sigstruct.subarray(at, at + 384)))
    if (N === undefined || S === undefined || Q1 === undefined || Q2 === undefined) throw new Error('four numbers')
    expect(Q1).toBe((S * S) / N)
    expect(Q2).toBe((((S * S) % N) * S) / N)
    const signed = concatBytes(sigstruct.subarray(0, 128), sigstruct.subarray(900, 1028))
    const digest = createHash('sha256').update(signed).digest('hex')
    const message = `0001${'ff'.repeat(330)}00` + `3031300d060960864801650304020105000420${digest}`
    expect((S * S - Q1 * N) * S - Q2 * N).toBe(BigInt(`0x${message}`))

    const key = createPublicKey(readFileSync(join(EXAMPLES, 'common/example-key.pem'))).export({ format: 'jwk' })
    expect(N).toBe(BigInt(`0x${Buffer.from(key.n ?? '', 'base64url').toString('hex')}`))
    expect(littleEndian(sigstruct.subarray(20, 24)), 'the date').toBe(0n)
  })

  test('the host is a static program with both inside', () => {
    const host = Buffer.from(file(name))
    expect(readElf(host).interp).toBeUndefined()
    expect(host.includes(Buffer.from(file(name, '.enclave')))).toBe(true)
    expect(host.includes(Buffer.from(sigstruct))).toBe(true)
  })
})

/** What decides the bytes: compiler, linker, C library, and the enclave's signer. */
function toolchain(): string | undefined {
  const line = (program: string, ...options: string[]): string => {
    const { stdout, status } = spawnSync(program, options, { encoding: 'utf8' })
    return status === 0 ? (stdout.split('\n')[0] ?? '') : ''
  }
  const libc = line('gcc', '-print-file-name=libc.a')
  if (!existsSync(libc) || line('make', '--version') === '') return undefined
  const hash = createHash('sha256').update(readFileSync(libc)).digest('hex')
  return `${line('gcc', '--version')}\n${line('ld', '--version')}\nlibc.a ${hash}\n`
}

const isLinux = process.platform === 'linux' && process.arch === 'x64'
const builtWith = readFileSync(join(EXAMPLES, 'built-with.txt'), 'utf8')
const skipped = !isLinux
  ? 'not Linux on x86-64'
  : toolchain() !== builtWith
    ? 'not the toolchain of built-with.txt'
    : undefined

describe.skipIf(skipped !== undefined)(`rebuilding${skipped === undefined ? '' : ` (skipped: ${skipped})`}`, () => {
  test.each(NAMES)('%s gives the committed bytes', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'enclu-examples-'))
    try {
      const make = spawnSync('make', ['-f', join(EXAMPLES, name, 'Makefile')], { cwd: folder, encoding: 'utf8' })
      expect(make.stderr).toBe('')
      for (const suffix of ['.enclave', '.sigstruct', ''])
        expect(readFileSync(join(folder, name + suffix)).equals(file(name, suffix)), name + suffix).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const noSgx = isLinux && !existsSync('/dev/sgx_enclave')

describe.skipIf(!noSgx)(`without SGX${noSgx ? '' : ' (skipped: not on Linux on x86-64 without SGX)'}`, () => {
  test.each(NAMES)('%s says so and exits with 1', (name) => {
    const { status, stdout, stderr } = spawnSync(join(EXAMPLES, name, name), { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toBe('cannot open /dev/sgx_enclave (has this machine SGX?): No such file or directory\n')
  })
})
