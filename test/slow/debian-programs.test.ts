/** Debian's own dynamically linked programs, with ld.so and libraries as they are installed: the same output and files as natively. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command, mustRun, works } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'

const SYSTEM = '/usr/bin'
const SCRIPTS = join(import.meta.dirname, '../programs/scripts')
const scratch = mkdtempSync(join(tmpdir(), 'enclu-debian-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const folders = { native: join(scratch, 'native'), guest: join(scratch, 'guest') }
const ENV = { HOME: scratch, LC_ALL: 'C.UTF-8', TZ: 'UTC' }

/** Each in a folder of its own, from the same files. */
async function both(name: string, args: readonly string[]): Promise<void> {
  const program = join(SYSTEM, name)
  const native = await command(program, args, { cwd: folders.native, env: ENV })
  const guest = await runGuest(program, {
    args,
    cwd: folders.guest,
    env: Object.entries(ENV).map((pair) => pair.join('=')),
    allowRead: [SCRIPTS],
    allowWrite: [scratch],
    traced: false,
  })
  const { code, stdout, stderr, notices } = guest
  expect({ code, stdout, stderr, notices }).toEqual({ ...native, notices: [] })
}
const files = (name: string): [Buffer, Buffer] => [
  readFileSync(join(folders.native, name)),
  readFileSync(join(folders.guest, name)),
]

const missing = async (name: string, args?: readonly string[]): Promise<string | undefined> =>
  process.platform === 'linux' && process.arch === 'x64' && (await works(join(SYSTEM, name), args))
    ? undefined
    : `needs ${SYSTEM}/${name}`
/** A describe that says what it was left out for. */
const describeFor = async (name: string, body: () => void, versionArgs?: readonly string[]): Promise<void> => {
  const why = await missing(name, versionArgs)
  describe.skipIf(why !== undefined)(`${name}${why === undefined ? '' : ` (skipped: ${why})`}`, body)
}

beforeAll(() => {
  const text = Array.from({ length: 6000 }, (_, k) => `${k} ${(k * 7919) % 2003}\n`).join('')
  for (const folder of Object.values(folders)) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'text'), text)
  }
})

/** Not the user's .sqliterc. */
const BATCH = ['-init', '/dev/null'] as const
await describeFor('sqlite3', () => {
  test('in memory', () =>
    both('sqlite3', [
      ...BATCH,
      ':memory:',
      'CREATE TABLE t (a, b UNIQUE); INSERT INTO t VALUES (1, 2.5), (3, NULL); SELECT sum(a), avg(b) FROM t; SELECT * FROM t',
    ]))
  test('tables, indexes, joins and transactions in a file, and reading it again', async () => {
    await both('sqlite3', [...BATCH, 'pages.db', `.read ${join(SCRIPTS, 'pages.sql')}`])
    const [native, guest] = files('pages.db')
    expect(guest.equals(native)).toBe(true)
    await both('sqlite3', [
      ...BATCH,
      '-json',
      'pages.db',
      'VACUUM; SELECT * FROM page ORDER BY weight DESC LIMIT 5; .dump enclave',
    ])
  })
})

await describeFor('python3', () => {
  test('one line, which fails', () =>
    both('python3', [
      '-I',
      '-S',
      '-c',
      'print(sum(x * x for x in range(1000)), 10 ** 50, 1 / 3, sorted({"b": 1})); {}["key"]',
    ]))
  test('modules', () => both('python3', ['-I', '-B', join(SCRIPTS, 'modules.py')]))
})

const KEY = ['-K', '00112233445566778899aabbccddeeff', '-iv', 'ffeeddccbbaa99887766554433221100'] as const
await describeFor(
  'openssl',
  () => {
    beforeAll(async () => {
      const openssl = (...args: string[]): Promise<string> =>
        mustRun(join(SYSTEM, 'openssl'), args, { cwd: folders.native })
      await openssl('genrsa', '-out', 'rsa.pem', '2048')
      await openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', 'ec.pem')
      for (const kind of ['rsa', 'ec']) {
        await openssl('pkey', '-in', `${kind}.pem`, '-pubout', '-out', `${kind}.pub`)
        await openssl('dgst', '-sha256', '-sign', `${kind}.pem`, '-out', `${kind}.sig`, 'text')
        for (const name of ['pem', 'pub', 'sig'].map((end) => `${kind}.${end}`))
          writeFileSync(join(folders.guest, name), readFileSync(join(folders.native, name)))
      }
    })
    // prettier-ignore
    test.for([
      ['dgst', '-sha256', '-sha3-256', 'text'],
      ['enc', '-aes-128-cbc', ...KEY, '-in', 'text'],
      ['dgst', '-sha256', '-sign', 'rsa.pem', '-hex', 'text'],
      ['dgst', '-sha256', '-verify', 'ec.pub', '-signature', 'ec.sig', 'text'],
    ])('%s %s %s', (args) => both('openssl', args))

    test('Linux accepts a signature that was made here', async () => {
      const args = ['dgst', '-sha256', '-sign', 'ec.pem', '-out', 'made', 'text']
      const { code } = await runGuest(join(SYSTEM, 'openssl'), {
        args,
        cwd: folders.guest,
        allowWrite: [scratch],
        traced: false,
      })
      expect(code).toBe(0)
      const verify = ['dgst', '-sha256', '-verify', 'ec.pub', '-signature', 'made', 'text']
      expect(await mustRun(join(SYSTEM, 'openssl'), verify, { cwd: folders.guest })).toBe('Verified OK\n')
    })
  },
  ['version'],
)

await describeFor('cat', () => {
  test('what the processor is', async () => {
    const { stdout } = await runGuest(join(SYSTEM, 'cat'), { args: ['/proc/cpuinfo'], cpu: 'x86-64-v3' })
    expect(stdout).toMatch(/^flags\t\t: fpu .* avx2 .* sgx_lc$/m)
  })
})

await describeFor('gzip', () => {
  test('there and back', async () => {
    await both('gzip', ['-9', '-n', '-k', 'text'])
    const [native, guest] = files('text.gz')
    expect(guest.equals(native)).toBe(true)
    await both('gzip', ['-d', '-c', 'text.gz'])
  })
})
