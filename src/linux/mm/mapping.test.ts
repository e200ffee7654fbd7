import { beforeEach, describe, expect, it } from 'vitest'
import { Ram } from '../../cpu/index.ts'
import * as linux from '../../spec/linux/index.ts'
import { AddressSpace } from './address-space.ts'
import { SharedAnonymous } from './anonymous.ts'
import type { Backing } from './backing.ts'
import { MMAP_BASE } from './layout.ts'
import { advise, map, protect, remap, setBrk, unmap, type MapRequest } from './mapping.ts'

const { EACCES, EEXIST, EFAULT, EINVAL, ENOMEM, EPERM, MADV, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } = linux
const RW = linux.PROT_READ | linux.PROT_WRITE
const PAGE = 4096
const GIB = 2 ** 30

let ram: Ram
let space: AddressSpace
beforeEach(() => {
  ram = new Ram(64 * 1024 * 1024)
  space = new AddressSpace(ram)
})
const mapRw = (length: number, rest: Partial<MapRequest> = {}): number => map(space, { length, prot: RW, ...rest })
const ranges = (): [number, number, number][] => [...space.vmas].map((v) => [v.start, v.end, v.prot])
const poke = (address: number, byte: number): void => space.view.write(address, Uint8Array.of(byte))
const peek = (address: number): number => space.view.read(address, 1)[0] ?? -1

/** Counts how many mappings show it. */
class Counted implements Backing {
  mappings = 1
  readonly name = 'counted'
  readonly shared = true
  readonly device?: true
  refuses = 0
  constructor(device?: true) {
    if (device) this.device = device
  }
  page(): 'SIGBUS' {
    return 'SIGBUS'
  }
  mayMap(): number {
    return this.refuses
  }
  retain(): void {
    this.mappings++
  }
  release(): void {
    this.mappings--
  }
}

describe('placement', () => {
  it('goes down from MMAP_BASE, and fills the highest gap', () => {
    const a = mapRw(PAGE)
    const b = mapRw(3 * PAGE)
    const c = mapRw(PAGE)
    expect([a, b, c]).toEqual([MMAP_BASE - PAGE, MMAP_BASE - 4 * PAGE, MMAP_BASE - 5 * PAGE])
    unmap(space, b, 3 * PAGE)
    expect(mapRw(2 * PAGE)).toBe(MMAP_BASE - 3 * PAGE)
  })

  it('takes a free hint, rounds it down, and looks elsewhere when something is there', () => {
    expect(mapRw(PAGE, { address: 0x1234_5678 })).toBe(0x1234_5000)
    expect(mapRw(PAGE, { address: 0x1234_5000 })).toBe(MMAP_BASE - PAGE)
    // Below vm.mmap_min_addr a hint is raised.
    expect(mapRw(PAGE, { address: 0x1000 })).toBe(0x1_0000)
  })

  it('keeps the low 32 bits of addresses unique', () => {
    const low = 0x7fff_f7ff_0000 % 2 ** 32
    mapRw(16 * PAGE, { address: low, fixed: 'free' })
    for (let i = 0; i < 40; i++) {
      const at = mapRw(PAGE)
      expect(at % 2 ** 32 < low || at % 2 ** 32 >= low + 16 * PAGE).toBe(true)
    }
  })

  it('falls back to any gap for what is too large for that', () => {
    const at = mapRw(16 * GIB)
    expect(at).toBe(MMAP_BASE - 16 * GIB)
    expect(mapRw(PAGE)).toBe(at - PAGE)
    expect(mapRw(2 ** 47)).toBe(-ENOMEM)
  })

  it('MAP_FIXED replaces, MAP_FIXED_NOREPLACE does not', () => {
    const at = mapRw(4 * PAGE)
    poke(at + PAGE, 5)
    expect(map(space, { address: at + PAGE, length: PAGE, prot: linux.PROT_READ, fixed: 'replace' })).toBe(at + PAGE)
    expect(peek(at + PAGE)).toBe(0)
    expect(ranges()).toEqual([
      [at, at + PAGE, RW],
      [at + PAGE, at + 2 * PAGE, linux.PROT_READ],
      [at + 2 * PAGE, at + 4 * PAGE, RW],
    ])
    expect(mapRw(PAGE, { address: at + 3 * PAGE, fixed: 'free' })).toBe(-EEXIST)
    expect(mapRw(PAGE, { address: at + 1, fixed: 'replace' })).toBe(-EINVAL)
    expect(mapRw(PAGE, { address: 0, fixed: 'replace' })).toBe(-EPERM)
  })
})

describe('split and merge', () => {
  it('mprotect splits, and merges when protections are equal again', () => {
    const at = mapRw(4 * PAGE)
    expect(protect(space, at + PAGE, PAGE, linux.PROT_READ)).toBe(0)
    expect(ranges()).toHaveLength(3)
    expect(protect(space, at, 4 * PAGE, linux.PROT_READ)).toBe(0)
    expect(ranges()).toEqual([[at, at + 4 * PAGE, linux.PROT_READ]])
  })

  it('neighbouring anonymous mappings become one', () => {
    const at = mapRw(PAGE)
    mapRw(PAGE)
    mapRw(PAGE)
    expect(ranges()).toEqual([[at - 2 * PAGE, at + PAGE, RW]])
  })

  it('an object is released with the last piece of its mapping', () => {
    const backing = new Counted()
    const at = mapRw(4 * PAGE, { backing })
    expect(backing.mappings).toBe(1)
    unmap(space, at + PAGE, PAGE)
    expect(backing.mappings).toBe(2)
    unmap(space, at, PAGE)
    expect(backing.mappings).toBe(1)
    unmap(space, at, 4 * PAGE)
    expect(backing.mappings).toBe(0)
  })

  it('an object is released when the mapping fails', () => {
    const backing = new Counted()
    backing.refuses = -EACCES
    expect(mapRw(PAGE, { backing })).toBe(-EACCES)
    expect(backing.mappings).toBe(0)
    expect(ranges()).toEqual([])
  })
})

describe('mprotect(2)', () => {
  it('checks in the order of Linux', () => {
    const at = mapRw(2 * PAGE)
    expect(protect(space, at + 1, 0, 0)).toBe(-EINVAL)
    expect(protect(space, at, 0, 0x1000)).toBe(0)
    expect(protect(space, at, PAGE, 0x1000)).toBe(-EINVAL)
    expect(protect(space, at - PAGE, 2 * PAGE, 0)).toBe(-ENOMEM)
    expect(protect(space, at + PAGE, 2 * PAGE, linux.PROT_READ)).toBe(-ENOMEM)
    // What came before the hole has changed.
    expect(ranges().at(-1)).toEqual([at + PAGE, at + 2 * PAGE, linux.PROT_READ])
    expect(protect(space, at, PAGE, linux.PROT_GROWSDOWN | linux.PROT_GROWSUP)).toBe(-EINVAL)
  })

  it('asks the object', () => {
    const backing = new Counted()
    const at = mapRw(PAGE, { backing })
    backing.refuses = -EACCES
    expect(protect(space, at, PAGE, linux.PROT_EXEC)).toBe(-EACCES)
    expect(ranges()).toEqual([[at, at + PAGE, RW]])
  })
})

describe('munmap(2)', () => {
  it('wants a page and a length', () => {
    expect(unmap(space, 1, PAGE)).toBe(-EINVAL)
    expect(unmap(space, 0, 0)).toBe(-EINVAL)
    expect(unmap(space, 0x1000, 2 ** 48)).toBe(-EINVAL)
    expect(unmap(space, 0x1000, PAGE)).toBe(0)
  })
})

describe('brk(2)', () => {
  it('grows, shrinks and stays', () => {
    space.startBrk = space.brk = 0x60_0000
    expect(setBrk(space, 0, GIB)).toBe(0x60_0000)
    expect(setBrk(space, 0x60_1234, GIB)).toBe(0x60_1234)
    poke(0x60_1fff, 9)
    expect(setBrk(space, 0x60_5000, GIB)).toBe(0x60_5000)
    expect(ranges()).toEqual([[0x60_0000, 0x60_5000, RW]])
    expect(peek(0x60_1fff)).toBe(9)
    expect(setBrk(space, 0x60_0000, GIB)).toBe(0x60_0000)
    expect(ranges()).toEqual([])
    expect(setBrk(space, 0x60_3000, 0x1000)).toBe(0x60_0000)
    mapRw(PAGE, { address: 0x60_1000, fixed: 'free' })
    expect(setBrk(space, 0x60_2000, GIB)).toBe(0x60_0000)
  })
})

describe('mremap(2)', () => {
  const move = (address: number, oldLength: number, newLength: number, flags: number, newAddress = 0): number =>
    remap(space, { address, oldLength, newLength, flags, newAddress })

  it('shrinks, grows in place, and moves with its pages', () => {
    const at = mapRw(2 * PAGE, { address: 0x1000_0000 })
    poke(at, 1)
    expect(move(at, 2 * PAGE, PAGE, 0)).toBe(at)
    expect(move(at, PAGE, 4 * PAGE, 0)).toBe(at)
    mapRw(PAGE, { address: at + 4 * PAGE })
    poke(at + 3 * PAGE, 4)
    expect(move(at, 4 * PAGE, 8 * PAGE, 0)).toBe(-ENOMEM)
    const moved = move(at, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE)
    expect([peek(moved), peek(moved + 3 * PAGE), peek(moved + 7 * PAGE)]).toEqual([1, 4, 0])
    expect(space.vmas.find(at)).toBeUndefined()
  })

  it('moves to a given place, and leaves an empty mapping with DONTUNMAP', () => {
    const at = mapRw(PAGE)
    poke(at, 1)
    expect(move(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, 0x2000_0000)).toBe(0x2000_0000)
    const left = move(0x2000_0000, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
    expect([peek(0x2000_0000), peek(left)]).toEqual([0, 1])
  })

  it('refuses what Linux refuses', () => {
    const at = mapRw(PAGE)
    expect(move(at, PAGE, PAGE, 8)).toBe(-EINVAL)
    expect(move(at, PAGE, PAGE, MREMAP_FIXED, 0x1000_0000)).toBe(-EINVAL)
    expect(move(at + 1, PAGE, PAGE, 0)).toBe(-EINVAL)
    expect(move(at, PAGE, 0, 0)).toBe(-EINVAL)
    expect(move(0x1000, PAGE, PAGE, 0)).toBe(-EFAULT)
    const device = mapRw(PAGE, { backing: new Counted(true) })
    expect(move(device, PAGE, 2 * PAGE, MREMAP_MAYMOVE)).toBe(-EFAULT)
  })
})

describe('madvise(2)', () => {
  it('MADV_DONTNEED empties private memory, keeps shared memory and refuses devices', () => {
    const before = ram.framesInUse()
    const own = mapRw(PAGE)
    poke(own, 1)
    expect(advise(space, own, PAGE, MADV.DONTNEED)).toBe(0)
    expect(ram.framesInUse()).toBe(before)
    expect(peek(own)).toBe(0)
    const shared = mapRw(PAGE, { backing: new SharedAnonymous(ram) })
    poke(shared, 2)
    expect(advise(space, shared, PAGE, MADV.DONTNEED)).toBe(0)
    expect(peek(shared)).toBe(2)
    expect(advise(space, mapRw(PAGE, { backing: new Counted(true) }), PAGE, MADV.DONTNEED)).toBe(-EINVAL)
  })

  it('knows its advice, and reports holes', () => {
    const at = mapRw(PAGE, { address: 0x1000_0000 })
    expect(advise(space, at, PAGE, 77)).toBe(-EINVAL)
    expect(advise(space, at, 2 * PAGE, MADV.WILLNEED)).toBe(-ENOMEM)
    expect(advise(space, at + 1, PAGE, MADV.WILLNEED)).toBe(-EINVAL)
    expect(advise(space, at, PAGE, MADV.POPULATE_WRITE)).toBe(0)
    expect(space.isPresent(at)).toBe(true)
  })
})
