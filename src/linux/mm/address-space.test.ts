import { describe, expect, it } from 'vitest'
import { Fault, homeOf, Ram, type Access } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { AddressSpace, isDenial } from './address-space.ts'
import { SharedAnonymous } from './anonymous.ts'
import type { Backing } from './backing.ts'
import { MMAP_BASE, STACK_TOP } from './layout.ts'
import { map, protect, unmap } from './mapping.ts'

const { PROT_READ, PROT_WRITE, PROT_EXEC, PROT_NONE } = linux
const RW = PROT_READ | PROT_WRITE
const PAGE = 4096
const createRam = (): Ram => new Ram(128 * 1024 * 1024)
const createSpace = (ram = createRam()): AddressSpace => new AddressSpace(ram)

/** The error code of a denied access, or 'ok'. */
const attempt = (space: AddressSpace, address: number, access: Access): number | 'ok' => {
  try {
    space.resolve(address, access)
    return 'ok'
  } catch (e) {
    if (!(e instanceof Fault)) throw e
    expect(e.address).toBe(BigInt(address))
    return e.errorCode ?? -1
  }
}
const reason = (space: AddressSpace, address: number, access: Access = 'R'): [number, number] | undefined => {
  const answer = space.lookup(address, access)
  return isDenial(answer) ? [answer.signal, answer.si_code] : undefined
}
const write = (space: AddressSpace, address: number, byte: number): void =>
  space.view.write(address, Uint8Array.of(byte))
const read = (space: AddressSpace, address: number): number => space.view.read(address, 1)[0] ?? -1

describe('page faults of the address space', () => {
  it('error codes tell absent from present, and the kind of access', () => {
    const space = createSpace()
    const page = map(space, { length: PAGE, prot: PROT_READ })
    expect(attempt(space, 0x1000, 'R')).toBe(4)
    expect(attempt(space, 0x1000, 'W')).toBe(6)
    expect(attempt(space, 0x1000, 'X')).toBe(0x14)
    expect(attempt(space, page, 'W')).toBe(6)
    expect(attempt(space, page + 5, 'R')).toBe('ok')
    expect(attempt(space, page, 'W')).toBe(7)
    expect(attempt(space, page, 'X')).toBe(0x15)
  })

  it('mprotect leaves pages present, except that PROT_NONE hides them', () => {
    const space = createSpace()
    const page = map(space, { length: PAGE, prot: RW })
    write(space, page, 7)
    protect(space, page, PAGE, PROT_READ)
    expect(attempt(space, page, 'W')).toBe(7)
    protect(space, page, PAGE, PROT_NONE)
    expect(attempt(space, page, 'R')).toBe(4)
    protect(space, page, PAGE, RW)
    expect(read(space, page)).toBe(7)
  })

  it('writable and executable pages can be read, as on x86', () => {
    const space = createSpace()
    expect(attempt(space, map(space, { length: PAGE, prot: PROT_WRITE }), 'R')).toBe('ok')
    expect(attempt(space, map(space, { length: PAGE, prot: PROT_EXEC }), 'R')).toBe('ok')
  })

  it('says which signal it would be', () => {
    const space = createSpace()
    const page = map(space, { length: PAGE, prot: PROT_READ })
    expect(reason(space, 0x5000)).toEqual([linux.SIGSEGV, linux.SEGV_MAPERR])
    expect(reason(space, page, 'W')).toEqual([linux.SIGSEGV, linux.SEGV_ACCERR])
    const short: Backing = { page: () => 'SIGBUS', retain() {}, release() {}, name: 'short', shared: true }
    expect(reason(space, map(space, { length: PAGE, prot: PROT_READ, backing: short }))).toEqual([
      linux.SIGBUS,
      linux.BUS_ADRERR,
    ])
  })

  it('the stack grows on demand down to its limit', () => {
    const space = createSpace()
    space.stackLimit = 64 * PAGE
    map(space, {
      address: STACK_TOP - 2 * PAGE,
      length: 2 * PAGE,
      prot: RW,
      fixed: 'free',
      growsDown: true,
      name: '[stack]',
    })
    expect(attempt(space, STACK_TOP - 10 * PAGE, 'W')).toBe('ok')
    expect(attempt(space, STACK_TOP - 64 * PAGE, 'W')).toBe('ok')
    expect(attempt(space, STACK_TOP - 65 * PAGE, 'W')).toBe(6)
    expect([...space.vmas].map((v) => v.end - v.start)).toEqual([64 * PAGE])
  })
})

describe('fork of an address space', () => {
  it('shares private pages until one side writes', () => {
    const ram = createRam()
    const parent = createSpace(ram)
    const page = map(parent, { length: 2 * PAGE, prot: RW })
    write(parent, page, 1)
    const before = ram.framesInUse()
    const child = parent.fork()
    expect(ram.framesInUse()).toBe(before)
    write(parent, page, 2)
    expect(ram.framesInUse()).toBe(before + 1)
    expect([read(parent, page), read(child, page)]).toEqual([2, 1])
    write(child, page, 3)
    expect(ram.framesInUse()).toBe(before + 1)
    expect([read(parent, page), read(child, page)]).toEqual([2, 3])
  })

  it('leaves the home of a page to one side, and both find their own', () => {
    const parent = createSpace(new Ram())
    const page = map(parent, { length: PAGE, prot: RW })
    write(parent, page, 1)
    const inHome = (space: AddressSpace): boolean => space.resolve(page, 'R').frame === homeOf(page)
    expect(inHome(parent)).toBe(true)
    const child = parent.fork()
    expect(inHome(child)).toBe(true)
    write(child, page, 2)
    write(parent, page, 3)
    expect([read(parent, page), read(child, page)]).toEqual([3, 2])
    expect(inHome(parent) && inHome(child)).toBe(false)
  })

  it('keeps shared anonymous memory shared, also pages touched only later', () => {
    const ram = createRam()
    const parent = createSpace(ram)
    const page = map(parent, { length: 2 * PAGE, prot: RW, backing: new SharedAnonymous(ram) })
    write(parent, page, 1)
    const child = parent.fork()
    write(child, page, 5)
    write(child, page + PAGE, 6)
    expect([read(parent, page), read(parent, page + PAGE)]).toEqual([5, 6])
  })

  it('gives every frame back when the last space ends', () => {
    const ram = createRam()
    const start = ram.framesInUse()
    const parent = createSpace(ram)
    const page = map(parent, { length: 8 * PAGE, prot: RW })
    const shared = map(parent, { length: PAGE, prot: RW, backing: new SharedAnonymous(ram) })
    for (let i = 0; i < 8; i++) write(parent, page + i * PAGE, i)
    write(parent, shared, 9)
    const child = parent.fork()
    write(child, page, 50)
    unmap(parent, page + 2 * PAGE, 2 * PAGE)
    parent.release()
    expect(read(child, shared)).toBe(9)
    child.release()
    expect(ram.framesInUse()).toBe(start)
  })

  it('a page that only one space still has is written in place', () => {
    const ram = createRam()
    const parent = createSpace(ram)
    const page = map(parent, { length: PAGE, prot: RW })
    write(parent, page, 1)
    parent.fork().release()
    const before = ram.framesInUse()
    write(parent, page, 2)
    expect(ram.framesInUse()).toBe(before)
  })

  it('MADV_WIPEONFORK and MADV_DONTFORK are obeyed', async () => {
    const { advise } = await import('./mapping.ts')
    const parent = createSpace()
    const page = map(parent, { length: 2 * PAGE, prot: RW })
    write(parent, page, 1)
    write(parent, page + PAGE, 1)
    expect(advise(parent, page, PAGE, linux.MADV.WIPEONFORK)).toBe(0)
    expect(advise(parent, page + PAGE, PAGE, linux.MADV.DONTFORK)).toBe(0)
    const child = parent.fork()
    expect(read(child, page)).toBe(0)
    expect(attempt(child, page + PAGE, 'R')).toBe(4)
  })
})

describe('views of an address space', () => {
  it('all of them forget what munmap and mprotect took away', () => {
    const space = createSpace()
    const page = map(space, { length: PAGE, prot: RW })
    write(space, page, 1)
    expect(space.view.readable(page)).toBeGreaterThan(0)
    protect(space, page, PAGE, PROT_READ)
    expect(() => space.view.writable(page)).toThrow(Fault)
    unmap(space, page, PAGE)
    expect(() => space.view.readable(page)).toThrow(Fault)
  })

  it('EPC pages are shown through hostMapping, and raw by translate', () => {
    const ram = createRam()
    const abort = ram.allocateFrame()
    ram.u8.fill(0xff, abort, abort + PAGE)
    const epc = ram.allocateFrame()
    const space = new AddressSpace(ram, () => ({ frame: abort, writable: false, discardsWrites: true }))
    const backing: Backing = {
      page: () => ({ frame: epc, writable: true, epc: true }),
      retain() {},
      release() {},
      name: 'sgx',
      shared: true,
      device: true,
    }
    const page = map(space, { address: MMAP_BASE - 0x10000, length: PAGE, prot: RW, backing })
    write(space, page, 1)
    expect(read(space, page)).toBe(0xff)
    expect(space.translate(page, 'R')).toMatchObject({ frame: epc, epc: true, writable: true })
    expect(ram.referencesTo(epc)).toBe(1)
  })
})
