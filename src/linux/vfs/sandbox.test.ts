import { describe, expect, test } from 'vitest'
import { AT, EACCES, ENOENT, O } from '../../spec/linux/index.ts'
import { FileCalls } from './file-calls.fixture.ts'

const TREE = {
  '/home/own': 'mine',
  '/home/sub/deep': 'deep',
  '/secret/key': 'hidden',
  '/home/escape': '-> /secret/key',
  '/home/up': '-> ../secret',
  '/home/chain': '-> up',
  '/real/lib/libc': 'code',
  '/lib': '-> real/lib',
}

describe('the sandbox', () => {
  test('shows what was granted, and refuses the rest without looking', () => {
    const t = new FileCalls(TREE, { write: [] })
    expect(t.read(t.open('own'))).toBe('mine')
    expect(t.read(t.open('/home/sub/deep'))).toBe('deep')
    expect(t.open('/secret/key')).toBe(-EACCES)
    // Whether a file exists is not told either.
    expect(t.open('/secret/nothing')).toBe(-EACCES)
    expect(t.call('stat', { path: '/secret/nothing', buf: t.room(144) })).toBe(-EACCES)
    expect(t.open('/home/nothing')).toBe(-ENOENT)
    expect(t.host.opened).toEqual(['/home/own', '/home/sub/deep'])
  })
  test.each([
    '/home/escape',
    '/home/../secret/key',
    '/home/up/key',
    '/home/chain/key',
    '../secret/key',
    '/home/sub/../../secret/key',
    '//secret/./key',
  ])('cannot be left through %s', (path) => {
    const t = new FileCalls(TREE, { write: [] })
    expect(t.open(path)).toBe(-EACCES)
    expect(t.call('access', { path, mode: 4 })).toBe(-EACCES)
    expect(t.host.opened).toEqual([])
  })
  test('names the flag that would allow it, once for each path', () => {
    const t = new FileCalls(TREE, { write: [] })
    t.open('/secret/key')
    t.open('/home/escape')
    t.open('/secret/key', O.RDONLY)
    expect(t.notices).toHaveLength(1)
    expect(t.notices[0]).toContain('--allow-read=/secret/key')
    t.open('own', O.WRONLY)
    expect(t.notices[1]).toContain('--allow-write=/home/own')
  })
  test('lets the way to a grant be walked, not listed', () => {
    const t = new FileCalls(TREE, { read: ['/home/sub'], write: [] })
    expect(t.call('stat', { path: '/home', buf: t.room(144) })).toBe(0)
    expect(t.open('/home', O.RDONLY | O.DIRECTORY)).toBe(-EACCES)
    expect(t.read(t.open('/home/sub/deep'))).toBe('deep')
    expect(t.open('/home/own')).toBe(-EACCES)
  })
  test('follows a grant that is a link itself', () => {
    const t = new FileCalls(TREE, { read: ['/lib'], write: [] })
    expect(t.read(t.open('/lib/libc'))).toBe('code')
    expect(t.read(t.open('/real/lib/libc'))).toBe('code')
    expect(t.call('readlink', { path: '/lib', buf: t.room(64), bufsiz: 64 })).toBe('real/lib'.length)
  })
  test('writes nowhere unless granted', () => {
    const t = new FileCalls(TREE, { write: ['/home/sub'] })
    expect(t.open('own', O.WRONLY)).toBe(-EACCES)
    expect(t.open('own', O.RDONLY | O.TRUNC)).toBe(-EACCES)
    expect(t.open('new', O.WRONLY | O.CREAT)).toBe(-EACCES)
    expect(t.call('mkdir', { path: 'new', mode: 0o777 })).toBe(-EACCES)
    expect(t.call('unlink', { path: 'own' })).toBe(-EACCES)
    expect(t.call('chmod', { path: 'own', mode: 0o777 })).toBe(-EACCES)
    expect(t.call('rename', { oldpath: 'own', newpath: 'sub/own' })).toBe(-EACCES)
    expect(t.call('symlink', { target: 'x', path: 'link' })).toBe(-EACCES)
    // A second name would make it writable.
    expect(t.call('link', { oldpath: 'own', newpath: 'sub/own' })).toBe(-EACCES)
    expect(t.host.text('/home/own')).toBe('mine')
    expect(t.write(t.open('sub/new', O.WRONLY | O.CREAT), 'text')).toBe(4)
    expect(t.host.text('/home/sub/new')).toBe('text')
  })
  test('a link inside a writable folder does not carry writes out of it', () => {
    const t = new FileCalls(TREE, { write: ['/home'] })
    expect(t.open('escape', O.WRONLY)).toBe(-EACCES)
    expect(t.open('up/new', O.WRONLY | O.CREAT)).toBe(-EACCES)
    expect(t.call('symlink', { target: '/secret/key', path: 'fresh' })).toBe(0)
    expect(t.open('fresh')).toBe(-EACCES)
  })
  test('a link that appears between the check and the opening is noticed', () => {
    const t = new FileCalls(TREE, { write: [] })
    t.host.beforeOpen = () => {
      t.host.entries.delete('/home/own')
      t.host.add('/home/own', '-> /secret/key')
    }
    expect(t.open('own')).toBe(-EACCES)
  })
  test('has places that no grant opens, and that cannot be replaced', () => {
    const t = new FileCalls(
      { ...TREE, '/home/cache/enclu/code': 'trusted' },
      { write: ['/'], never: ['/home/cache/enclu'] },
    )
    expect(t.write(t.open('cache/other', O.WRONLY | O.CREAT), 'text')).toBe(4)
    for (const flags of [O.RDONLY, O.WRONLY, O.WRONLY | O.CREAT])
      expect(t.open('cache/enclu/code', flags)).toBe(-EACCES)
    expect(t.open('cache/enclu/new', O.WRONLY | O.CREAT)).toBe(-EACCES)
    expect(t.call('unlink', { path: 'cache/enclu/code' })).toBe(-EACCES)
    expect(t.call('link', { oldpath: 'cache/enclu/code', newpath: 'code' })).toBe(-EACCES)
    expect(t.call('rename', { oldpath: 'sub', newpath: 'cache/enclu' })).toBe(-EACCES)
    for (const path of ['cache/enclu', 'cache'])
      expect(t.call('rename', { oldpath: path, newpath: 'sub/moved' }), path).toBe(-EACCES)
    expect(t.notices.at(-1)).toContain('enclu keeps its own files there')
    expect(t.host.text('/home/cache/enclu/code')).toBe('trusted')
  })
  test('has places that do not exist yet, which no link can lead away', () => {
    const t = new FileCalls(TREE, { write: ['/'], never: ['/home/cache/enclu'] })
    expect(t.call('symlink', { target: '/home/sub', path: 'cache' })).toBe(-EACCES)
    expect(t.call('mkdir', { path: 'cache', mode: 0o777 })).toBe(-EACCES)
  })
  test('holds for descriptors of folders', () => {
    const t = new FileCalls(TREE, { write: [] })
    const dirfd = t.open('sub', O.RDONLY | O.DIRECTORY)
    expect(t.call('openat', { dirfd, path: '../../secret/key', flags: 0 })).toBe(-EACCES)
    expect(t.call('openat', { dirfd, path: 'deep', flags: 0 })).toBeGreaterThan(dirfd)
    expect(t.call('openat', { dirfd: AT.FDCWD, path: '/proc/self/root/secret/key', flags: 0 })).toBe(-EACCES)
    expect(t.call('openat', { dirfd: AT.FDCWD, path: '/proc/self/cwd/own', flags: 0 })).toBeGreaterThan(dirfd)
  })
})
