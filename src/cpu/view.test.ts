import { describe, expect, it } from 'vitest'
import { homeOf, JUMP, PAGE_SIZE, Ram, View, VIEW, type Mapping } from './index.ts'

const MIB = 2 ** 20
const HIGH = 0x7fff_0000_0000

/** A view of pages that are all writable, by address. */
function viewOf(ram: Ram, frames: ReadonlyMap<number, number>): View {
  return new View(ram, {
    resolve: (address): Mapping => ({ frame: frames.get(address - (address % PAGE_SIZE)) ?? 0, writable: true }),
  })
}

describe('frames', () => {
  it('are where the low half of the address says, if that is free', () => {
    const ram = new Ram(64 * MIB)
    const page = HIGH + 0x12_3000
    expect(ram.allocateFrame(page)).toBe(0x12_3000)
    const second = ram.allocateFrame(page)
    expect(second).not.toBe(0x12_3000)
    ram.u8[0x12_3000] = 1
    ram.releaseFrame(0x12_3000)
    // Nobody else gets the home, and who comes back finds it empty.
    expect(ram.allocateFrame()).not.toBe(0x12_3000)
    expect(ram.allocateFrame(page)).toBe(0x12_3000)
    expect(ram.u8[0x12_3000]).toBe(0)
  })

  it('never lie over the state block, a view, or the end of memory', () => {
    const ram = new Ram(64 * MIB)
    const { at } = viewOf(ram, new Map())
    for (const address of [HIGH, HIGH + 0xf000, HIGH + at, HIGH + at + VIEW.SIZE - PAGE_SIZE, HIGH + 64 * MIB]) {
      expect(ram.allocateFrame(address)).not.toBe(homeOf(address))
    }
  })

  it('can all be had, homes that are free again too', () => {
    const ram = new Ram(4 * MIB)
    const total = (4 * MIB) / PAGE_SIZE - 16
    const at = ram.allocateFrame(HIGH + 0x20_0000)
    ram.releaseFrame(at)
    const all = new Set(Array.from({ length: total }, () => ram.allocateFrame()))
    expect([all.size, all.has(at), ram.framesInUse()]).toEqual([total, true, total])
    expect(() => ram.allocateFrame()).toThrow('all the memory')
    ram.releaseFrame(at)
    expect(ram.allocateFrame()).toBe(at)
  })
})

describe('View', () => {
  it('finds pages at home and elsewhere, and counts what it finds elsewhere', () => {
    const ram = new Ram(64 * MIB)
    const [home, away] = [HIGH + 0x20_0000, HIGH + 0x20_1000]
    const frames = new Map([
      [home, ram.allocateFrame(home)],
      [away, ram.allocateFrame()],
    ])
    const view = viewOf(ram, frames)
    for (const access of [() => view.readable(home + 5), () => view.writable(home + 5)]) {
      expect([access(), access(), view.away]).toEqual([0x20_0005, 0x20_0005, 0])
    }
    const at = (frames.get(away) ?? 0) + 7
    // The first time nothing was known.
    expect([view.readable(away + 7), view.away]).toEqual([at, 0])
    expect([view.readable(away + 7), view.writable(away + 7), view.away]).toEqual([at, at, 2])
  })

  it('fetches from where a page is now', () => {
    const ram = new Ram(64 * MIB)
    const frames = new Map([[HIGH, ram.allocateFrame()]])
    const view = viewOf(ram, frames)
    const [first, second] = [frames.get(HIGH) ?? 0, ram.allocateFrame()]
    expect([view.executable(HIGH + 5), view.executable(HIGH + 7)]).toEqual([first + 5, first + 7])
    frames.set(HIGH, second)
    view.invalidate(HIGH, 1)
    expect(view.executable(HIGH + 7)).toBe(second + 7)
    frames.set(HIGH, first)
    view.invalidateAll()
    expect(view.executable(HIGH + 7)).toBe(first + 7)
  })

  it('keeps pages with the same low half apart: their tables share a place', () => {
    const ram = new Ram(64 * MIB)
    const [a, b] = [HIGH + 0x20_0000, 0x20_0000]
    const frames = new Map([
      [a, ram.allocateFrame(a)],
      [b, ram.allocateFrame(b)],
    ])
    const view = viewOf(ram, frames)
    for (let k = 0; k < 3; k++) {
      for (const page of [a, b]) {
        expect(view.readable(page)).toBe(frames.get(page))
        expect(view.writable(page === a ? b : a)).toBe(frames.get(page === a ? b : a))
        expect(view.readable(page)).toBe(frames.get(page))
      }
    }
  })

  it('has no entry for any address where nothing was looked up, and none after invalidate', () => {
    const ram = new Ram(64 * MIB)
    const page = HIGH + 0x20_0000
    const view = viewOf(ram, new Map([[page, ram.allocateFrame(page)]]))
    view.readable(0x1000)
    view.readable(page)
    const { fills } = view
    view.readable(0x2000)
    view.readable(page + 2 ** 32)
    expect(view.fills).toBeGreaterThan(fills)
    view.readable(page)
    view.invalidate(page, 1)
    const before = view.fills
    view.readable(page)
    expect(view.fills).toBeGreaterThan(before)
  })

  it('has nothing in its jump cache but what was entered, and after clearing nothing at all', () => {
    const ram = new Ram(64 * MIB)
    const view = viewOf(ram, new Map())
    const ripOf = (slot: number): bigint => ram.u64[(view.at + VIEW.JUMP_CACHE + slot * JUMP.SIZE + JUMP.RIP) / 8] ?? 0n
    const last = VIEW.JUMP_CACHE_ENTRIES - 1
    // Address 0 belongs into the first entry: there, 0 would be taken for it.
    expect(ripOf(0)).not.toBe(0n)
    for (const slot of [0, 1, last]) {
      expect(view.isFreeJump(slot)).toBe(true)
      view.enterJump(slot, HIGH + slot, 7, 9)
      expect(ripOf(slot)).toBe(BigInt(HIGH + slot))
      expect(view.isFreeJump(slot)).toBe(false)
    }
    view.forgetJump(HIGH + 5, 1)
    expect(view.isFreeJump(1)).toBe(false)
    view.forgetJump(HIGH, 0)
    view.forgetJump(HIGH + 1, 1)
    expect([0, 1, last].map((slot) => view.isFreeJump(slot))).toEqual([true, true, false])
    expect(ripOf(0)).not.toBe(0n)
    const { generation } = view
    view.invalidateJumps()
    expect(view.isFreeJump(last)).toBe(true)
    expect(ripOf(0)).not.toBe(0n)
    expect(view.generation).not.toBe(generation)
  })
})
