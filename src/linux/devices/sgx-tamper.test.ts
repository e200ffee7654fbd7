import { describe, expect, test } from 'vitest'
import type { SgxEvent } from '../../sgx/index.ts'
import { SGX_ERROR } from '../../spec/sgx/index.ts'
import { BASE, Driver, PAGE, RW } from './sgx-driver.fixture.ts'
import type { DriverEnclave } from './sgx-encl.ts'
import type { EnclavePage } from './sgx-page.ts'

/**
 * Somebody has changed the memory of the kernel that holds pages which EWB wrote out: ELDU refuses them. source: 'manual' (ELDU), 'kernel'
 * (a page that cannot be loaded is SIGBUS).
 */

/** What sgx-page.ts keeps of a page that is out. */
interface Stored {
  SRCPGE: Uint8Array
  PCMD: Uint8Array
  LINADDR: bigint
}

const COUNT = 80

class Tampered extends Driver {
  readonly events: SgxEvent[] = []
  constructor() {
    super({ epc: { size: 64 * PAGE } })
    this.sgx.onEvent = (e) => this.events.push(e)
    expect(this.create((s) => (s.SIZE = 0x10_0000n))).toBe(0)
    for (let i = 0; i < COUNT; i++) expect(this.add(i * PAGE, RW)).toEqual([0, PAGE])
    expect(this.init()).toBe(0)
    this.mmap(BASE, COUNT * PAGE, 3)
  }
  page(n: number): EnclavePage {
    const backing = this.task.space.vmas.find(BASE)?.backing as unknown as { enclave: DriverEnclave }
    const page = backing.enclave.pageAt(BASE + n * PAGE)
    if (!page) throw new Error(`no page ${n}`)
    return page
  }
  /** Pages that are out. */
  out(): number[] {
    return [...Array(COUNT).keys()].filter((n) => this.page(n).epc === undefined)
  }
  stored(n: number): Stored {
    return (this.page(n) as unknown as { writtenOut: Stored }).writtenOut
  }
  /** Touches other pages until `n` is out. */
  push(n: number): void {
    for (let i = 0; this.page(n).epc; i = (i + 1) % COUNT) if (i !== n) this.touch(BASE + i * PAGE)
  }
  /** What an access to the page gives, and the codes of ELDU on the way. */
  load(n: number): [string, readonly number[]] {
    this.events.length = 0
    const seen = this.touch(BASE + n * PAGE)
    const codes = this.events.flatMap((e) =>
      e.kind === 'leaf' && e.leaf === 'ELDU' && e.outcome.is === 'code' ? [e.outcome.code] : [],
    )
    return [seen, codes]
  }
}

const REFUSED = ['SIGBUS 4', [SGX_ERROR.SGX_MAC_COMPARE_FAIL]]
const LOADED = ['EPC', []]
const copy = ({ SRCPGE, PCMD, LINADDR }: Stored): Stored => ({ SRCPGE: SRCPGE.slice(), PCMD: PCMD.slice(), LINADDR })

describe('a page that was written out', () => {
  test('comes back as it was', () => {
    const t = new Tampered()
    const [n = 0] = t.out()
    expect(t.load(n)).toEqual(LOADED)
  })

  test.each([
    ['its first byte', (s: Stored) => s.SRCPGE, 0],
    ['its last byte', (s: Stored) => s.SRCPGE, 4095],
    ['SECINFO.FLAGS in the PCMD', (s: Stored) => s.PCMD, 0],
    ['the MAC in the PCMD', (s: Stored) => s.PCMD, 127],
  ])('one bit flipped in %s', (_where, of, at) => {
    const t = new Tampered()
    const [n = 0, other = 0] = t.out()
    const bytes = of(t.stored(n))
    bytes[at] = (bytes[at] ?? 0) ^ 1
    expect(t.load(n)).toEqual(REFUSED)
    expect(t.load(n)).toEqual(REFUSED)
    expect(t.load(other)).toEqual(LOADED)
    // Nothing is lost: with the right bytes it is there again.
    bytes[at] ^= 1
    expect(t.load(n)).toEqual(LOADED)
  })

  test('an old version of it', () => {
    const t = new Tampered()
    const [n = 0] = t.out()
    const old = copy(t.stored(n))
    expect(t.load(n)).toEqual(LOADED)
    t.push(n)
    const current = copy(t.stored(n))
    expect(current.SRCPGE).not.toEqual(old.SRCPGE)
    Object.assign(t.stored(n), old)
    expect(t.load(n)).toEqual(REFUSED)
    Object.assign(t.stored(n), current)
    expect(t.load(n)).toEqual(LOADED)
  })

  test('two of them exchanged, with and without their addresses', () => {
    const t = new Tampered()
    const [a = 0, b = 0] = t.out()
    const [first, second] = [copy(t.stored(a)), copy(t.stored(b))]
    Object.assign(t.stored(a), second)
    Object.assign(t.stored(b), first)
    expect([t.load(a), t.load(b)]).toEqual([REFUSED, REFUSED])
    Object.assign(t.stored(a), { ...second, LINADDR: first.LINADDR })
    Object.assign(t.stored(b), { ...first, LINADDR: second.LINADDR })
    expect([t.load(a), t.load(b)]).toEqual([REFUSED, REFUSED])
    Object.assign(t.stored(a), first)
    Object.assign(t.stored(b), second)
    expect([t.load(a), t.load(b)]).toEqual([LOADED, LOADED])
  })

  test('no EPC page is lost by refusals', () => {
    const t = new Tampered()
    const [n = 0] = t.out()
    const { SRCPGE } = t.stored(n)
    SRCPGE[5] = (SRCPGE[5] ?? 0) ^ 4
    // The first refusal may write others out to make room; the next ones find that room again.
    expect(t.load(n)).toEqual(REFUSED)
    const free = t.sgx.epc.freeCount
    for (let i = 0; i < 100; i++) expect(t.load(n)).toEqual(REFUSED)
    expect(t.sgx.epc.freeCount).toBe(free)
  })
})
