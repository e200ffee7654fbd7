/** Files that cannot be run, and what becomes of programs that can: exit codes and arguments. */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { enclu, executable, GUESTS, scratchFolder, startEnclu } from './enclu.ts'

const HELLO = 'examples/hello/hello'
const scratch = scratchFolder()
afterAll(scratch.remove)

const guest = (name: keyof typeof GUESTS): string => scratch.file(name, executable(GUESTS[name]))
const hello = readFileSync(HELLO)

/** The example with one 16-bit field of its ELF header changed. */
function changed(offset: number, value: number): Uint8Array {
  const copy = Uint8Array.from(hello)
  new DataView(copy.buffer).setUint16(offset, value, true)
  return copy
}

/** One sentence, and no stack. */
const ONE_LINE = /^enclu: [^\n]+\n$/

describe('a program that does not exist', () => {
  test.each(['/nonexistent', './nonexistent/program', 'nonexistent', `${HELLO}/program`])('%s: 127', async (file) => {
    const { code, stdout, stderr } = await enclu(['run', file])
    expect(stderr).toMatch(ONE_LINE)
    expect({ code, stdout }).toEqual({ code: 127, stdout: '' })
  })
})

describe('a file that is no program', () => {
  // prettier-ignore
  const FILES: readonly (readonly [what: string, path: () => string, says: RegExp])[] = [
    ['a folder',                    () => scratch.path,                                        /folder|directory/i],
    ['an empty file',               () => scratch.file('empty', ''),                           /./],
    ['a text',                      () => scratch.file('text', 'hello, world\n'),              /./],
    ['a file without x permission', () => scratch.file('plain', hello, 0o644),                 /permission|execut/i],
    ['an ELF file for AArch64',     () => scratch.file('aarch64', changed(18, 183)),           /AArch64|ARM|machine|processor/i],
    ['an ELF file for i386',        () => scratch.file('i386', changed(18, 3)),                /./],
    ['an ELF file of class 32',     () => scratch.file('class32', changed(4, 0x0101)),         /32/],
    ['a relocatable ELF file',      () => scratch.file('object', changed(16, 1)),              /./],
    ['a program cut after 4 bytes', () => scratch.file('cut4', hello.subarray(0, 4)),          /./],
    ['cut inside the ELF header',   () => scratch.file('cut63', hello.subarray(0, 63)),        /./],
    ['cut after the ELF header',    () => scratch.file('cut64', hello.subarray(0, 64)),        /./],
    ['cut in the program headers',  () => scratch.file('cut100', hello.subarray(0, 100)),      /./],
    ['cut in a segment',            () => scratch.file('cut5000', hello.subarray(0, 5000)),    /./],
  ]
  test.each(FILES)('%s: 126', async (_, path, says) => {
    const file = path()
    const { code, stdout, stderr } = await enclu(['run', file])
    expect(stderr).toMatch(ONE_LINE)
    expect(stderr).toMatch(says)
    expect({ code, stdout }).toEqual({ code: 126, stdout: '' })
  })
})

describe('how a program ends', () => {
  test('its own exit code', async () => {
    expect(await enclu(['run', guest('exit42')])).toEqual({ code: 42, stdout: '', stderr: '' })
  })
  test('the same without translation', async () => {
    expect((await enclu(['run', '--no-translate', guest('exit42')])).code).toBe(42)
  })
  test('SIGSEGV: 139', async () => {
    expect((await enclu(['run', guest('crash')])).code).toBe(139)
  })
  test('a system call that enclu does not have: 125, with its name, and statistics if asked for', async () => {
    const { code, stderr } = await enclu(['run', '--stats', guest('shmget')])
    expect(stderr).toMatch(/^enclu: .*shmget \(29\)/m)
    expect(stderr).toMatch(/^instructions +2 in/m)
    expect(code).toBe(125)
  })
  test('ENCLU_DEBUG=1 adds the stack', async () => {
    const { code, stderr } = await enclu(['run', guest('shmget')], { env: { ENCLU_DEBUG: '1' } })
    expect(stderr).toMatch(/EncluError: [^]*\n\s+at /)
    expect(code).toBe(125)
  })
  test('nobody reads its output any more: SIGPIPE, 141', async () => {
    const child = startEnclu(['run', guest('yes')])
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(141)
  })
})

describe('what a program is given', () => {
  const lines = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> => {
    const { code, stdout, stderr } = await enclu(args, { env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.split('\n').slice(0, -1)
  }
  /** Nothing that the test's own environment may or may not have. */
  const bare = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TERM', 'LD_LIBRARY_PATH'].flatMap((name) => [
    '-U',
    name,
  ])

  test('options end at the program: what follows is its own', async () => {
    const words = guest('words')
    expect(await lines(['run', ...bare, words, '--strace', '-E', 'A=1', '--', '--help', ''])).toEqual([
      words,
      '--strace',
      '-E',
      'A=1',
      '--',
      '--help',
      '', // prettier-ignore
    ])
  })
  test('-- ends the options', async () => {
    const words = guest('words')
    expect(await lines(['run', ...bare, '--', words, 'x'])).toEqual([words, 'x'])
  })
  test('-0 is argv[0]', async () => {
    expect(await lines(['run', ...bare, '-0', 'other', guest('words')])).toEqual(['other'])
  })
  test('a few variables, and those of -E; not those of -U, nor any other', async () => {
    const env = { HOME: '/home/me', TZ: 'UTC', SECRET: 'no', MODE: 'here' }
    const given = await lines(
      ['run', '-U', 'TZ', '-E', 'A=1', '-E', 'B=', '-E', 'MODE', '-E', 'C', guest('words')],
      env,
    )
    expect(given).toContain('HOME=/home/me')
    expect(given.filter((line) => /^(A|B|C|MODE|TZ|SECRET)=/.test(line))).toEqual(['A=1', 'B=', 'MODE=here'])
  })
  test('variables of ENCLU_SET_ENV, and of -E above them', async () => {
    const given = await lines(['run', '-E', 'B=3', guest('words')], { ENCLU_SET_ENV: 'A=1,B=2' })
    expect(given.filter((line) => /^[AB]=/.test(line))).toEqual(['A=1', 'B=3'])
  })
})

describe('files outside the grants', () => {
  test('EACCES, and once the option that allows it; with the option, none of this', async () => {
    const open = guest('open')
    const secret = scratchFolder()
    const file = secret.file('secret', 'x')
    try {
      const refused = await enclu(['run', open, file])
      expect(refused.code).toBe(13)
      expect(refused.stderr.split('\n').filter((line) => line.includes('--allow-read='))).toHaveLength(1)
      expect((await enclu(['run', `--allow-read=${file}`, open, file])).stderr).toBe('')
      expect((await enclu(['run', '--allow-read', secret.path, open, file])).stderr).toBe('')
      expect((await enclu(['run', open, file], { env: { ENCLU_ALLOW_READ: `/x:${secret.path}` } })).stderr).toBe('')
    } finally {
      secret.remove()
    }
  })
})

describe('traces and statistics', () => {
  test('--strace and --stats go to stderr, or to the file of -D', async () => {
    const exit42 = guest('exit42')
    const shown = await enclu(['run', '--strace', '--stats', exit42])
    expect(shown).toMatchObject({ code: 42, stdout: '' })
    expect(shown.stderr).toMatch(/exit_group\(42\)/)
    expect(shown.stderr).toMatch(/^system calls +1$/m)
    const log = `${scratch.path}/log`
    expect(await enclu(['run', '--strace', '--stats', '-D', log, exit42])).toEqual({ code: 42, stdout: '', stderr: '' })
    expect(readFileSync(log, 'utf8')).toMatch(/exit_group\(42\)[^]*^system calls +1$/m)
  })
  test('--stats-format json is one line with a version', async () => {
    const { stderr } = await enclu(['run', '--stats-format', 'json', guest('exit42')])
    expect(JSON.parse(stderr)).toMatchObject({
      schemaVersion: 1,
      instructions: 3,
      systemCalls: 1,
      transitions: { EENTER: 0 },
    })
  })
})

describe('signals', () => {
  /** Once the guest has printed something, it runs, and signals are its own. */
  async function started(file: string): Promise<ReturnType<typeof startEnclu>> {
    const child = startEnclu(['run', file])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.stdout?.resume()
    return child
  }

  test.each([
    ['SIGINT', 'spin', 130],
    ['SIGINT', 'yes', 130],
    ['SIGTERM', 'spin', 143],
  ] as const)('%s ends a guest that does not listen (%s): %i', async (signal, name, code) => {
    const child = await started(guest(name))
    const ended = new Promise((resolve) => child.on('close', resolve))
    child.kill(signal)
    expect(await ended).toBe(code)
  })

  test('SIGINT twice within a second ends a guest that ignores it: 130', async () => {
    const child = await started(guest('deaf'))
    const ended = new Promise((resolve) => child.on('close', resolve))
    child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(child.exitCode).toBe(null)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })
})
