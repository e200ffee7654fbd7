/** The code that V8 made, the handlers of threaded code, and the program's code, are kept between runs, and no run depends on them. */
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { enclu, executable, GUESTS, scratchFolder } from './enclu.ts'

const scratch = scratchFolder()
afterAll(scratch.remove)
const guest = scratch.file('exit42', executable(GUESTS.exit42))
const folder = join(scratch.path, 'cache', 'enclu')

const run = (XDG_CACHE_HOME: string) => enclu(['run', guest], { env: { XDG_CACHE_HOME } })
const ok = { code: 42, stdout: '', stderr: '' }

describe('the code cache', () => {
  test('is made by the first run, for this user alone, and read by the third', async () => {
    expect((await enclu(['--version'], { env: { XDG_CACHE_HOME: join(scratch.path, 'cache') } })).code).toBe(0)
    expect(() => readdirSync(folder)).toThrow('ENOENT')
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    // Now there are handlers for all of the program.
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    expect(readdirSync(folder).sort()).toEqual(
      ['-[0-9a-f]{16}\\.program', '\\.code', '\\.handlers'].map(
        (end) => expect.stringMatching(`^[0-9a-f]{16}-v[\\d.]+-\\w+${end}$`) as unknown,
      ),
    )
    const status = () => readdirSync(folder).map((name) => statSync(join(folder, name)))
    expect(status().map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600])
    const before = status().map(({ mtimeMs }) => mtimeMs)
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    expect(
      status().map(({ mtimeMs }) => mtimeMs),
      'accepted, so not written again',
    ).toEqual(before)
  })

  test.each([
    ['cut', (whole: Buffer) => whole.subarray(0, 1000)],
    ['of another V8', (whole: Buffer) => Buffer.concat([Buffer.alloc(16, 0x5a), whole.subarray(16)])],
    ['empty', () => Buffer.alloc(0)],
  ])('%s: is made again', async (_, spoil) => {
    const names = readdirSync(folder)
    const whole = names.map((name) => readFileSync(join(folder, name)))
    names.forEach((name, k) => writeFileSync(join(folder, name), spoil(whole[k] ?? Buffer.alloc(0))))
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    // The program's code when there are handlers for it again.
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    names.forEach((name, k) =>
      expect(readFileSync(join(folder, name)).length, name).toBeGreaterThan((whole[k]?.length ?? 0) / 2),
    )
    expect(readdirSync(folder)).toEqual(names)
  })

  test('is made again when a program uses more of enclu, and old files go', async () => {
    const code = readdirSync(folder).find((name) => name.endsWith('.code')) ?? ''
    const before = statSync(join(folder, code)).size
    const old = join(folder, 'of-another-version.code')
    writeFileSync(old, '')
    utimesSync(old, 0, 0)
    const hello = await enclu(['run', 'examples/hello/hello'], { env: { XDG_CACHE_HOME: join(scratch.path, 'cache') } })
    expect(hello.code).toBe(0)
    expect(statSync(join(folder, code)).size).toBeGreaterThan(before)
    expect(existsSync(old)).toBe(false)
  })

  test('has no place: the run does not notice', async () => {
    expect(await run(scratch.file('a-file', ''))).toMatchObject(ok)
    expect(await run('/proc/nowhere')).toMatchObject(ok)
  })
})
