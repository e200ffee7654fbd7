/** `enclu abi`, and the options of `enclu run` about the vDSO. */
import { afterAll, describe, expect, test } from 'vitest'
import { buildVdso } from '../../src/vdso/index.ts'
import { enclu, scratchFolder } from '../cli/enclu.ts'

const FAULT = 'examples/fault/fault'
const scratch = scratchFolder()
afterAll(scratch.remove)

describe('enclu abi', () => {
  test('--format json: one object, with a version', async () => {
    const { code, stdout, stderr } = await enclu(['abi', '--format', 'json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1, linux: { callToEnclu: 147 } })
  })

  test('--vdso-image: one more column', async () => {
    const image = scratch.file('vdso.so', buildVdso().bytes)
    const { stdout } = await enclu(['abi', '--vdso-image', image])
    expect(stdout).toMatch(/call → ENCLU +40 +8 +10 +10 +40 +147/)
  })

  test.each([
    ['a bad format', ['--format', 'xml'], /choices are text, json, svg/],
    ['no such image', ['--vdso-image', '/nonexistent'], /the vDSO image cannot be read/],
    ['an image that is none', ['--vdso-image', FAULT], /the vDSO image (must|has)/],
    ['a place without an image', ['--vdso-fixup', '7'], /--vdso-fixup needs --vdso-image/],
    ['an argument', ['x'], /too many arguments/],
  ])('%s: 2', async (_, args, says) => {
    const { code, stderr } = await enclu(['abi', ...args])
    expect(stderr).toMatch(says)
    expect(code).toBe(2)
  })
})

describe('enclu run', () => {
  test('--vdso help lists the shapes', async () => {
    const { code, stdout } = await enclu(['run', '--vdso', 'help'])
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['mainline', 'v28', 'v29', 'v29-misc', ''])
  })

  test('--vdso-image runs a program on another image', async () => {
    const image = scratch.file('again.so', buildVdso().bytes)
    const { code, stdout } = await enclu(['run', '--vdso-image', image, FAULT])
    expect(code).toBe(0)
    expect(stdout).toMatch(/the page holds 42\n$/)
  })

  test.each([
    [
      'an unknown shape',
      ['--vdso', 'v30'],
      /there is no vDSO 'v30' for --vdso; there are: mainline, v28, v29, v29-misc/,
    ],
    ['two choices', ['--vdso', 'v28', '--vdso-image', 'x'], /exclude each other/],
    ['a bad place', ['--vdso-fixup', '-1'], /must be a number of bytes/],
    ['an image that is none', ['--vdso-image', FAULT], /the vDSO image (must|has)/],
    ['an image that cannot be found', ['--vdso-image', '/nonexistent'], /cannot be read/],
  ])('%s: 2', async (_, args, says) => {
    const { code, stderr } = await enclu(['run', ...args, FAULT])
    expect(stderr).toMatch(says)
    expect(code).toBe(2)
  })
})
