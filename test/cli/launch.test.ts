/** The code that V8 made is kept between runs, and no run depends on it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
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
  test('is made by the first run, for this user alone, and read by the second', async () => {
    expect((await enclu(['--version'], { env: { XDG_CACHE_HOME: join(scratch.path, 'cache') } })).code).toBe(0)
    expect(() => readdirSync(folder)).toThrow('ENOENT')
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    const names = readdirSync(folder)
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{16}-v[\d.]+-\w+\.code$/)])
    const file = join(folder, names[0] ?? '')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { mtimeMs } = statSync(file)
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    expect(statSync(file).mtimeMs, 'accepted, so not written again').toBe(mtimeMs)
  })

  test.each([
    ['cut', (whole: Buffer) => whole.subarray(0, 1000)],
    ['of another V8', (whole: Buffer) => Buffer.concat([Buffer.alloc(16, 0x5a), whole.subarray(16)])],
    ['empty', () => Buffer.alloc(0)],
  ])('%s: is made again', async (_, spoil) => {
    const [name = ''] = readdirSync(folder)
    const whole = readFileSync(join(folder, name))
    writeFileSync(join(folder, name), spoil(whole))
    expect(await run(join(scratch.path, 'cache'))).toMatchObject(ok)
    expect(readFileSync(join(folder, name)).length).toBeGreaterThan(whole.length / 2)
    expect(readdirSync(folder)).toEqual([name])
  })

  test('has no place: the run does not notice', async () => {
    expect(await run(scratch.file('a-file', ''))).toMatchObject(ok)
    expect(await run('/proc/nowhere')).toMatchObject(ok)
  })
})
