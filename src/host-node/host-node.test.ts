import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { isHostError, type HostOpenMode } from '../port/index.ts'
import { nodeHost } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'enclu-host-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { files } = nodeHost()
const at = (name: string): string => join(folder, name)
const mode = (more: Partial<HostOpenMode>): HostOpenMode => ({
  read: true,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  permissions: 0o644,
  ...more,
})

describe('the files of Node', () => {
  test('are read and written at positions', () => {
    const file = files.open(at('a'), mode({ write: true, create: true }))
    if (isHostError(file)) throw new Error(file.error)
    expect(file.write(new TextEncoder().encode('hello'), 2)).toBe(5)
    const into = new Uint8Array(3)
    expect(file.read(into, 4)).toBe(3)
    expect(new TextDecoder().decode(into)).toBe('llo')
    expect(file.read(into, 100)).toBe(0)
    expect(file.truncate(4)).toBeUndefined()
    expect(file.stat()).toMatchObject({ kind: 'file', size: 4 })
    expect(file.sync(true)).toBeUndefined()
    file.close()
    expect(readFileSync(at('a'), 'latin1')).toBe('\0\0he')
  })
  test('errors are names', () => {
    expect(files.open(at('nothing'), mode({}))).toEqual({ error: 'ENOENT' })
    expect(files.open(at('a'), mode({ write: true, create: true, exclusive: true }))).toEqual({ error: 'EEXIST' })
    expect(files.stat(at('nothing'), true)).toEqual({ error: 'ENOENT' })
    expect(files.list(at('a'))).toEqual({ error: 'ENOTDIR' })
    expect(files.readLink(at('a'))).toEqual({ error: 'EINVAL' })
    expect(files.remove(at('nothing'), false)).toEqual({ error: 'ENOENT' })
    expect(files.access(at('nothing'), { read: true, write: false, execute: false })).toEqual({ error: 'ENOENT' })
  })
  test('a link in the last place is never followed', () => {
    writeFileSync(at('target'), 'x')
    symlinkSync('target', at('link'))
    expect(files.open(at('link'), mode({}))).toEqual({ error: 'ELOOP' })
    expect(files.readLink(at('link'))).toBe('target')
    expect(files.stat(at('link'), false)).toMatchObject({ kind: 'symlink' })
    expect(files.stat(at('link'), true)).toMatchObject({ kind: 'file', size: 1 })
    expect(files.realPath(at('link'))).toBe(files.realPath(at('target')))
  })
  test('names and attributes change', () => {
    expect(files.makeDirectory(at('d'), 0o700)).toBeUndefined()
    expect(files.rename(at('target'), at('d/moved'))).toBeUndefined()
    expect(files.link(at('d/moved'), at('d/second'))).toBeUndefined()
    expect(files.symlink('x', at('d/third'))).toBeUndefined()
    expect(files.list(at('d'))).toEqual(expect.arrayContaining(['moved', 'second', 'third']))
    expect(files.setMode(at('d/moved'), 0o600)).toBeUndefined()
    expect(files.setTimes(at('d/moved'), 1_000_000_000n, 2_500_000_000n)).toBeUndefined()
    expect(files.stat(at('d/moved'), false)).toMatchObject({ mode: 0o600, mtimeNs: 2_500_000_000n, nlink: 2 })
    expect(files.remove(at('d'), true)).toEqual({ error: 'ENOTEMPTY' })
    expect(files.space(at('d'))).toMatchObject({ blockSize: expect.any(Number) as number })
  })
})
