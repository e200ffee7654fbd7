import { describe, expect, test } from 'vitest'
import { EACCES, ENODEV, MAP_PRIVATE, MAP_SHARED, O, PROT_READ, PROT_WRITE, SIGBUS } from '../../spec/linux/index.ts'
import { isDenial } from '../mm/address-space.ts'
import { FileCalls } from './file-calls.fixture.ts'

const PAGE = 4096
const TREE = { '/home/f': `${'a'.repeat(PAGE)}bcd` }
const mmap = (t: FileCalls, fd: number, flags: number, prot = PROT_READ | PROT_WRITE, length = 3 * PAGE): number =>
  t.call('mmap', { addr: 0, length, prot, flags, fd, offset: 0 })

describe('a mapped file', () => {
  test('is read when it is touched; the rest of its last page is zero, behind that is SIGBUS', () => {
    const t = new FileCalls(TREE)
    const at = mmap(t, t.open('f'), MAP_PRIVATE)
    expect(t.task.memory.string(at + PAGE - 1)).toBe('abcd')
    const answer = t.task.space.lookup(at + 2 * PAGE, 'R')
    expect(isDenial(answer) && answer.signal).toBe(SIGBUS)
  })
  test('private: writes stay in the process, files and others do not see them', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('f')
    const [a, b] = [mmap(t, fd, MAP_PRIVATE), mmap(t, fd, MAP_PRIVATE)]
    t.task.memory.read(b, 1)
    t.task.memory.write(a, new TextEncoder().encode('xyz'))
    expect(t.task.memory.string(a, 4)).toBe('xyza')
    expect(t.task.memory.string(b, 4)).toBe('aaaa')
    expect(t.host.text('/home/f')?.slice(0, 4)).toBe('aaaa')
  })
  test('readers share one frame, which goes with the last of them', () => {
    const t = new FileCalls(TREE)
    const [a, b] = [mmap(t, t.open('f'), MAP_PRIVATE), mmap(t, t.open('f'), MAP_PRIVATE)]
    const before = t.ram.framesInUse()
    t.task.memory.read(a, 1)
    t.task.memory.read(b, 1)
    expect(t.ram.framesInUse()).toBe(before + 1)
    t.call('munmap', { addr: a, length: 3 * PAGE })
    expect(t.ram.framesInUse()).toBe(before + 1)
    t.call('munmap', { addr: b, length: 3 * PAGE })
    expect(t.ram.framesInUse()).toBe(before)
  })
  test('shared: mappings, read and write agree at once, the file in the end', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('f', O.RDWR)
    const [a, b] = [mmap(t, fd, MAP_SHARED), mmap(t, fd, MAP_SHARED)]
    t.task.memory.write(a, new TextEncoder().encode('xyz'))
    expect(t.task.memory.string(b, 4)).toBe('xyza')
    expect(t.read(fd, 4)).toBe('xyza')
    t.call('pwrite64', { fd, buf: '123', count: 3, pos: 1 })
    expect(t.task.memory.string(a, 5)).toBe('x123a')
    t.call('close', { fd })
    t.call('munmap', { addr: a, length: 3 * PAGE })
    t.call('munmap', { addr: b, length: 3 * PAGE })
    expect(t.host.text('/home/f')?.slice(0, 5)).toBe('x123a')
    expect(t.host.text('/home/f')?.length).toBe(PAGE + 3)
  })
  test('truncate empties what mappings show', () => {
    const t = new FileCalls(TREE)
    const fd = t.open('f', O.RDWR)
    const a = mmap(t, fd, MAP_SHARED)
    t.task.memory.read(a, 1)
    t.call('ftruncate', { fd, length: 2 })
    expect(t.task.memory.string(a)).toBe('aa')
  })
  test('wants the file to be open in the right way', () => {
    const t = new FileCalls(TREE)
    expect(mmap(t, t.open('f', O.RDONLY), MAP_SHARED)).toBe(-EACCES)
    expect(mmap(t, t.open('f', O.WRONLY), MAP_PRIVATE)).toBe(-EACCES)
    expect(mmap(t, t.open('.', O.RDONLY), MAP_PRIVATE, PROT_READ)).toBe(-ENODEV)
    const at = mmap(t, t.open('f', O.RDONLY), MAP_SHARED, PROT_READ)
    expect(t.call('mprotect', { addr: at, start: at, len: PAGE, length: PAGE, prot: PROT_WRITE })).toBe(-EACCES)
  })
  test('memfd and /dev/zero', () => {
    const t = new FileCalls()
    const fd = t.call('memfd_create', { name: 'm', flags: 0 })
    t.call('ftruncate', { fd, length: PAGE })
    const a = mmap(t, fd, MAP_SHARED)
    t.task.memory.write(a, new TextEncoder().encode('seen'))
    expect(t.read(fd, 4)).toBe('seen')
    const zero = mmap(t, t.open('/dev/zero', O.RDWR), MAP_PRIVATE)
    expect(t.task.memory.u32(zero)).toBe(0)
    t.task.memory.setU32(zero, 5)
    expect(t.task.memory.u32(zero)).toBe(5)
    expect(t.task.memory.u32(zero + PAGE)).toBe(0)
  })
})
