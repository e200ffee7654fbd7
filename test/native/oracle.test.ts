import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isSkip } from '../support/cache.ts'
import { CODE_BASE, DATA_BASE, Oracle, oracleUnavailable, WINDOW_OFFSET, type NativeState } from './oracle.ts'

const reason = await oracleUnavailable()
const WINDOW = BigInt(DATA_BASE + WINDOW_OFFSET)
const CODE = BigInt(CODE_BASE)
const CF = 1
const ZF = 0x40
const AF = 0x10
const PF = 4
const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7]
const SIGILL = 4
const SIGTRAP = 5
const SIGFPE = 8
const SIGSEGV = 11
const SIGSYS = 31

type Setup = Partial<Omit<NativeState, 'gpr'>> & { gpr?: Record<number, bigint> }

function state(code: readonly number[], { gpr = {}, ...rest }: Setup = {}): NativeState {
  const all = new BigUint64Array(16)
  for (const [i, v] of Object.entries(gpr)) all[Number(i)] = v
  return {
    code: Uint8Array.from(code),
    gpr: all,
    rflags: 2,
    mxcsr: 0x1f80,
    xmm: new Uint8Array(256),
    mem: new Uint8Array(256),
    prot: ['rw', 'rw'],
    ...rest,
  }
}

const doubles = (...values: number[]): Uint8Array => {
  const xmm = new Uint8Array(256)
  values.forEach((v, i) => new DataView(xmm.buffer).setFloat64(16 * i, v, true))
  return xmm
}

describe.skipIf(reason !== undefined)(`native oracle${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let oracle: Oracle
  const one = async (s: NativeState) => {
    const [r] = await oracle.run([s])
    if (!r) throw new Error('no answer')
    return r
  }
  beforeAll(async () => {
    const o = await Oracle.open()
    if (isSkip(o)) throw new Error(o.skip)
    oracle = o
  })
  afterAll(() => oracle?.close())

  test('add rax, rbx sets result and flags', async () => {
    const r = await one(state([0x48, 0x01, 0xd8], { gpr: { [RAX]: 2n ** 64n - 1n, [RBX]: 1n } }))
    expect(r.fault).toBeUndefined()
    expect(r.gpr[RAX]).toBe(0n)
    expect(r.rip).toBe(CODE + 3n)
    expect(r.rflags & 0x8d5).toBe(CF | ZF | AF | PF)
  })

  test('adc takes the carry of the record', async () => {
    const r = await one(state([0x48, 0x11, 0xd8], { gpr: { [RAX]: 5n, [RBX]: 7n }, rflags: CF }))
    expect(r.gpr[RAX]).toBe(13n)
    expect(r.rflags & CF).toBe(0)
  })

  test('every register arrives and is reported, also a wild RSP', async () => {
    const gpr = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, 0xdead_0000_0000_0000n + BigInt(i)]))
    const s = state([0x90], { gpr, rflags: 0xcd5, xmm: Uint8Array.from({ length: 256 }, (_, i) => i) })
    const r = await one(s)
    expect(r.gpr).toEqual(s.gpr)
    expect(r.xmm).toEqual(s.xmm)
    expect(r.rflags).toBe(0xcd5 | 0x202)
  })

  test('a store reaches the window, one elsewhere in the pages is stray', async () => {
    const store = [0x88, 0x07] // mov [rdi], al
    const inside = await one(state(store, { gpr: { [RAX]: 0x5an, [RDI]: WINDOW + 3n } }))
    expect(inside.mem[3]).toBe(0x5a)
    expect(inside.stray).toBeUndefined()
    const outside = await one(state(store, { gpr: { [RAX]: 0x5an, [RDI]: BigInt(DATA_BASE + 0x1fff) } }))
    expect(outside.stray).toEqual({ start: 0x1fff, bytes: Uint8Array.of(0x5a) })
  })

  test('a store across the boundary into a read-only page: error code 7, CR2 is the page', async () => {
    const s = state([0x48, 0x89, 0x07], { gpr: { [RAX]: ~0n, [RDI]: BigInt(DATA_BASE + 0xffc) }, prot: ['rw', 'r'] })
    const r = await one(s)
    expect(r.fault).toEqual({ signal: SIGSEGV, vector: 14, errorCode: 7, cr2: BigInt(DATA_BASE + 0x1000) })
    expect(r.rip).toBe(CODE)
    expect(r.mem).toEqual(s.mem)
  })

  test('a load from an absent page: error code 4', async () => {
    const r = await one(state([0x8b, 0x06], { gpr: { [RSI]: BigInt(DATA_BASE + 8) }, prot: ['none', 'rw'] }))
    expect(r.fault).toEqual({ signal: SIGSEGV, vector: 14, errorCode: 4, cr2: BigInt(DATA_BASE + 8) })
  })

  test('division by zero, invalid opcode, breakpoint', async () => {
    const results = await oracle.run([state([0x48, 0xf7, 0xf1]), state([0x0f, 0x0b]), state([0xcc])])
    expect(results.map((r) => [r.fault?.signal, r.fault?.vector])).toEqual([
      [SIGFPE, 0],
      [SIGILL, 6],
      [SIGTRAP, 3],
    ])
  })

  test('no way into the kernel: syscall, sysenter, int 0x80', async () => {
    // getpid in both numberings: if it got through, nothing would be harmed.
    const ways = [
      state([0x0f, 0x05], { gpr: { [RAX]: 39n } }),
      state([0x0f, 0x34], { gpr: { [RAX]: 20n, [RBP]: WINDOW } }),
    ]
    const results = await oracle.run([...ways, state([0xcd, 0x80], { gpr: { [RAX]: 20n } })])
    // Intel has SYSENTER in 64-bit mode, AMD says #UD; a kernel without 32-bit calls says #GP to INT 0x80.
    const [syscall, sysenter, int80] = results.map((r) => r.fault?.signal)
    expect(syscall).toBe(SIGSYS)
    expect([SIGSYS, SIGILL, SIGSEGV]).toContain(sysenter)
    expect([SIGSYS, SIGSEGV]).toContain(int80)
  })

  test('movaps wants alignment: #GP(0)', async () => {
    const r = await one(state([0x0f, 0x28, 0x07], { gpr: { [RDI]: WINDOW + 1n } }))
    expect(r.fault).toEqual({ signal: SIGSEGV, vector: 13, errorCode: 0, cr2: 0n })
  })

  test('jumps are followed to their target, mapped or not', async () => {
    const near = await one(state([0xeb, 0x10]))
    expect(near).toMatchObject({ rip: CODE + 0x12n })
    const self = await one(state([0xeb, 0xfe]))
    expect(self).toMatchObject({ rip: CODE })
    const wild = await one(state([0xff, 0xe0], { gpr: { [RAX]: 0x1234_5678n } }))
    expect(wild).toMatchObject({ rip: 0x1234_5678n })
    const zero = await one(state([0xff, 0xe0]))
    expect(zero).toMatchObject({ rip: 0n })
    const notTaken = await one(state([0x0f, 0x84, 0, 1, 0, 0]))
    expect(notTaken).toMatchObject({ rip: CODE + 6n })
    for (const r of [near, self, wild, zero, notTaken]) expect(r.fault).toBeUndefined()
  })

  test('call pushes the return address', async () => {
    const r = await one(state([0xe8, 0, 1, 0, 0], { gpr: { [RSP]: WINDOW + 128n } }))
    expect(r.rip).toBe(CODE + 0x105n)
    expect(r.gpr[RSP]).toBe(WINDOW + 120n)
    expect(new DataView(r.mem.buffer, r.mem.byteOffset).getBigUint64(120, true)).toBe(CODE + 5n)
  })

  test('mulsd follows the rounding mode and sets PE', async () => {
    const mulsd = [0xf2, 0x0f, 0x59, 0xc1]
    const xmm = doubles(1 / 3, 1 / 3)
    const modes = [0, 1, 2, 3].map((rc) => state(mulsd, { xmm, mxcsr: 0x1f80 | (rc << 13) }))
    const results = await oracle.run(modes)
    const low = results.map((r) => new DataView(r.xmm.buffer, r.xmm.byteOffset).getBigUint64(0, true))
    const [nearest = 0n, down = 0n, up = 0n, zero = 0n] = low
    expect(nearest).toBe(new DataView(doubles((1 / 3) * (1 / 3)).buffer).getBigUint64(0, true))
    expect([up, zero]).toEqual([down + 1n, down])
    expect([down, up]).toContain(nearest)
    expect(results.map((r) => r.mxcsr & 0x3f)).toEqual([0x20, 0x20, 0x20, 0x20])
  })

  test('an unmasked SIMD exception is #XM with the flag set', async () => {
    const r = await one(state([0xf2, 0x0f, 0x5e, 0xc1], { xmm: doubles(1, 0), mxcsr: 0x1f80 & ~0x200 }))
    expect(r.fault).toMatchObject({ signal: SIGFPE, vector: 19 })
    expect(r.mxcsr & 0x3f).toBe(4)
  })

  test('an instruction across the code boundary: fetch fault, or completion at the very end of the page', async () => {
    const mov = [0xb8, 1, 2, 3, 4]
    const across = await one(state(mov, { codeOffset: 0xffd, codePage1: false }))
    expect(across.fault).toMatchObject({ signal: SIGSEGV, vector: 14, cr2: CODE + 0x1000n })
    expect(across.rip).toBe(CODE + 0xffdn)
    const end = await one(state(mov, { codeOffset: 0xffb, codePage1: false }))
    expect(end).toMatchObject({ rip: CODE + 0x1000n })
    expect(end.fault).toBeUndefined()
    expect(end.gpr[RAX]).toBe(0x04030201n)
    const both = await one(state(mov, { codeOffset: 0xffd }))
    expect(both.gpr[RAX]).toBe(0x04030201n)
  })

  test('rep movsb that runs into the guard stops with exact counters', async () => {
    const start = BigInt(DATA_BASE + 0x1ff0)
    const r = await one(state([0xf3, 0xa4], { gpr: { [RCX]: 100n, [RSI]: WINDOW, [RDI]: start } }))
    expect(r.fault).toMatchObject({ vector: 14, errorCode: 6, cr2: start + 16n })
    expect([r.gpr[RCX], r.gpr[RSI], r.gpr[RDI]]).toEqual([84n, WINDOW + 16n, start + 16n])
  })

  test('x87 state in and out', async () => {
    const x87 = new Uint8Array(160)
    new DataView(x87.buffer).setUint16(0, 0x37f, true)
    const r = await one(state([0xd9, 0xe8], { x87 })) // fld1
    expect(r.x87?.[4]).toBe(0x80)
    expect(r.x87?.slice(32, 42)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f))
  })

  test('FS base, where the kernel allows it', async (t) => {
    if (!oracle.hasSegmentBases) return t.skip('the kernel does not let programs set FS base')
    const mem = Uint8Array.from({ length: 256 }, (_, i) => i)
    const s = state([0x64, 0x8a, 0x00], { fsBase: WINDOW, gsBase: 0n, gpr: { [RAX]: 9n }, mem }) // mov al, fs:[rax]
    const r = await one(s)
    expect(r.gpr[RAX]).toBe(9n)
    expect(r.fsBase).toBe(WINDOW)
  })

  test('changing FS does not disturb the helper', async () => {
    const results = await oracle.run([state([0x8e, 0xe0]), state([0x90])]) // mov fs, ax
    expect(results.map((r) => [r.fault, r.died, r.rip])).toEqual([
      [undefined, undefined, CODE + 2n],
      [undefined, undefined, CODE + 1n],
    ])
  })

  test('the alignment-check flag of the guest harms nobody', async () => {
    const r = await one(state([0x48, 0x8b, 0x17], { gpr: { [RDI]: WINDOW + 1n }, rflags: 0x40000 }))
    expect(r.fault).toMatchObject({ signal: 7, vector: 17 })
    expect((await one(state([0x90], { rflags: 0x40000 }))).rflags & 0x40000).toBe(0x40000)
  })

  test('an instruction that ends the helper is found in its batch', async () => {
    // Unlocks nothing by itself: with all access rights taken away the helper cannot even handle the fault.
    const nop = state([0x90])
    const results = await oracle.run([nop, nop, state([0x0f, 0x01, 0xef], { gpr: { [RAX]: 0xffff_ffffn } }), nop])
    expect(results).toHaveLength(4)
    expect(results.filter((r) => r.rip === CODE + 1n)).toHaveLength(3)
    expect(results[2]?.died !== undefined || results[2]?.fault !== undefined).toBe(true)
    expect(results[2]?.gpr[RDX]).toBe(0n)
  })
})
