import { describe, expect, test, vi } from 'vitest'
import { STATE } from '../cpu/index.ts'
import { TestMachine } from '../isa/test-machine.fixture.ts'
import { Engine } from './engine.ts'
import type { EngineOptions } from './engine-options.ts'

const CODE = 0x40_0000
const DATA = 0x60_0000
const STACK = 0x7fff_0000_0000
const [RAX, RCX, RSP, RSI, RDI] = [0, 1, 4, 6, 7]

/** A machine with code at CODE, two pages of data and a stack; `hlt` (#GP) ends every program. */
function machine(code: readonly number[], options: EngineOptions & { writableCode?: boolean } = {}) {
  const m = new TestMachine()
  m.map(CODE, 2, 'rwx')
  m.map(DATA, 2)
  m.map(STACK, 4)
  m.page(CODE).set(code)
  if (!options.writableCode) m.protect(CODE, 'rx')
  const engine = new Engine(m.state, m.evaluator, { hot: 2, ...options })
  m.state.rip = CODE
  m.state.setGpr(RSP, BigInt(STACK + 0x4000))
  const run = (fuel = 10_000_000): number => {
    const exit = engine.run(fuel)
    expect(exit.kind === 'fault' ? exit.fault.name : exit.kind).toBe('GP')
    return fuel - (m.ram.i32[STATE.FUEL / 4] ?? 0)
  }
  return { m, engine, run }
}

const i32 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24]
const HLT = 0xf4

// prettier-ignore
const PROGRAMS = {
  'a loop': [
    0xb9, ...i32(1000), // mov ecx, 1000
    0x48, 0x01, 0xc8, // add rax, rcx
    0xff, 0xc9, // dec ecx
    0x75, 0xf9, // jne -7
    HLT,
  ],
  'flags carried over a back edge': [
    0xb9, ...i32(500), // mov ecx, 500
    0xf9, // stc
    0x48, 0x15, ...i32(0x7fff_ffff), // adc rax, 7fffffff
    0x48, 0x8d, 0x3c, 0x47, // lea rdi, [rdi + rax*2]
    0xff, 0xc9, // dec ecx
    0x75, 0xf2, // jne -14
    HLT,
  ],
  'recursion deeper than nested calls go': [
    0xbf, ...i32(1000), // mov edi, 1000
    0xe8, ...i32(1), // call +1
    HLT,
    0x85, 0xff, // test edi, edi
    0x74, 0x0c, // je +12
    0x57, // push rdi
    0xff, 0xcf, // dec edi
    0xe8, ...i32(-12), // call -12
    0x5f, // pop rdi
    0x48, 0x01, 0xf8, // add rax, rdi
    0xc3, // ret
    0xc3,
  ],
  'flags, parts of registers and vectors through calls': [
    0xb9, ...i32(300), // mov ecx, 300
    0x51, // push rcx
    0xe8, ...i32(21), // call +21
    0x48, 0x83, 0xd2, 0x00, // adc rdx, 0
    0x59, // pop rcx
    0x0f, 0x9a, 0xc3, // setp bl
    0x48, 0x01, 0xde, // add rsi, rbx
    0xff, 0xc9, // dec ecx
    0x75, 0xeb, // jne -21
    0x66, 0x48, 0x0f, 0x7e, 0xc0, // movq rax, xmm0
    HLT,
    0x66, 0x0f, 0x6e, 0xc9, // movd xmm1, ecx
    0x66, 0x0f, 0xfe, 0xc1, // paddd xmm0, xmm1
    0xf6, 0xc1, 0x03, // test cl, 3
    0x75, 0x02, // jne +2
    0xf9, // stc
    0xc3, // ret
    0xb1, 0x07, // mov cl, 7
    0x48, 0x39, 0xf9, // cmp rcx, rdi
    0x48, 0x8d, 0x3c, 0x4f, // lea rdi, [rdi + rcx*2]
    0xc3, // ret
  ],
  'a jump to eight places': [
    0xb9, ...i32(400), // mov ecx, 400
    0x4c, 0x8d, 0x05, ...i32(14), // lea r8, [rip + 14]
    0x89, 0xc8, // mov eax, ecx
    0x83, 0xe0, 0x07, // and eax, 7
    0xc1, 0xe0, 0x03, // shl eax, 3
    0x49, 0x8d, 0x04, 0x00, // lea rax, [r8 + rax]
    0xff, 0xe0, // jmp rax
    // add rdx, 3 * k + 1; jmp to behind the table; nop; nop
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((k) => [0x48, 0x83, 0xc2, 3 * k + 1, 0xeb, 58 - 8 * k, 0x90, 0x90]),
    0xff, 0xc9, // dec ecx
    0x75, 0xae, // jne -82
    HLT,
  ],
} as const satisfies Record<string, readonly number[]>

describe('Engine', () => {
  for (const [name, code] of Object.entries(PROGRAMS)) {
    test(`${name}: translated and evaluated end alike, instruction for instruction`, () => {
      const exact = machine(code, { translate: false })
      const fast = machine(code)
      expect(fast.run()).toBe(exact.run())
      expect(fast.engine.stats.regions).toBeGreaterThan(0)
      expect(exact.engine.stats.regions).toBe(0)
      expect(fast.m.state.rflags).toBe(exact.m.state.rflags)
      for (let n = 0; n < 16; n++) expect(fast.m.state.gpr(n)).toBe(exact.m.state.gpr(n))
    })
  }

  test('memory that is not shared, where there are no shared ones', () => {
    const shared = machine(PROGRAMS['recursion deeper than nested calls go'])
    // Vitest puts back what was stubbed; in a browser the name itself is missing.
    vi.stubGlobal('SharedArrayBuffer', undefined)
    try {
      Reflect.deleteProperty(globalThis, 'SharedArrayBuffer')
      const fast = machine(PROGRAMS['recursion deeper than nested calls go'])
      expect([shared, fast].map(({ m }) => m.ram.memory.buffer instanceof ArrayBuffer)).toEqual([false, true])
      expect(fast.run()).toBe(shared.run())
      expect(fast.engine.stats.regions).toBeGreaterThan(0)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('a slice ends within its fuel, and what follows goes on exactly there', () => {
    const whole = machine(PROGRAMS['a loop'])
    const total = whole.run()
    const parts = machine(PROGRAMS['a loop'])
    let spent = 0
    for (;;) {
      const exit = parts.engine.run(100)
      spent += 100 - (parts.m.ram.i32[STATE.FUEL / 4] ?? 0)
      if (exit.kind !== 'budget') break
      // A loop is left at its back edge: never more than one round late.
      expect(parts.m.ram.i32[STATE.FUEL / 4]).toBeGreaterThan(-4)
    }
    expect(spent).toBe(total)
    expect(parts.m.state.gpr(RAX)).toBe(whole.m.state.gpr(RAX))
  })

  test('code that writes over itself runs what it wrote, in the same round', () => {
    // The add's immediate is the loop counter, written by the instruction before it.
    const code = [
      0xb9,
      ...i32(50), // mov ecx, 50
      0x88,
      0x0d,
      ...i32(3), // mov [rip + 3], cl
      0x48,
      0x83,
      0xc0,
      0x00, // add rax, imm8
      0xff,
      0xc9, // dec ecx
      0x75,
      0xf2, // jne -14
      HLT,
    ]
    const { m, run } = machine(code, { writableCode: true })
    run()
    expect(m.state.gpr(RAX)).toBe(BigInt((50 * 51) / 2))
  })

  test('a frame that lies across two pages is not handed over for ever', () => {
    // Two words, eight bytes apart, on either side of a page boundary: one check cannot cover both.
    const code = [
      0xb9,
      ...i32(2000), // mov ecx, 2000
      0x48,
      0xff,
      0x07, // inc qword [rdi]
      0x48,
      0xff,
      0x47,
      0x08, // inc qword [rdi + 8]
      0xff,
      0xc9, // dec ecx
      0x75,
      0xf5, // jne -11
      HLT,
    ]
    const { m, engine, run } = machine(code)
    m.state.setGpr(RDI, BigInt(DATA + 0xff8))
    run()
    expect(m.view.read(DATA + 0xff8, 16)).toEqual(
      Uint8Array.from([0xd0, 7, 0, 0, 0, 0, 0, 0, 0xd0, 7, 0, 0, 0, 0, 0, 0]),
    )
    expect(engine.stats.handovers).toBeLessThan(100)
  })

  test('nor is one that only a region of the same module uses, which calls it directly', () => {
    // prettier-ignore
    const code = [
      0xb9, ...i32(2000), // mov ecx, 2000
      0xba, ...i32(2), // mov edx, 2
      0xff, 0xca, // dec edx
      0x75, 0xfc, // jne -4
      0xe8, ...i32(5), // call +5
      0xff, 0xc9, // dec ecx
      0x75, 0xee, // jne -18
      HLT,
      0xe8, ...i32(1), // call +1
      0xc3, // ret
      0x48, 0xff, 0x07, // inc qword [rdi]
      0x48, 0xff, 0x47, 0x08, // inc qword [rdi + 8]
      0xc3, // ret
    ]
    // The inner loop is hot first, so that its module takes both functions along.
    const { m, engine, run } = machine(code, { hot: 20, kept: {} })
    m.state.setGpr(RDI, BigInt(DATA + 0xff8))
    run()
    expect(m.view.read(DATA + 0xff8, 1)).toEqual(Uint8Array.from([0xd0]))
    // A few times the 24 after which a region is made anew, of 2,000.
    expect(engine.stats.handovers).toBeLessThan(200)
    const later = machine(code, { hot: 20, kept: engine.keep() })
    later.m.state.setGpr(RDI, BigInt(DATA + 0xff8))
    later.run()
    expect(later.engine.stats.keptRegions).toBeGreaterThan(0)
    expect(later.engine.stats.handovers).toBeLessThan(200)
  })

  test('a page that becomes code between two loops over it is noticed by the second', () => {
    // The inner loop writes the operand of a function, which is called after it: fifty times, another value each time. In every
    // other round the page is found to be writable before the loop, so that the outer loop goes on as it is into the next round.
    const code = [
      ...[0xbb, ...i32(50)], // mov ebx, 50
      ...[0xf6, 0xc3, 0x01, 0x74, 0x03, 0x88, 0x5e, 0x02], // test bl, 1; je +3; mov [rsi + 2], bl
      ...[0x48, 0x89, 0xf7, 0xb9, ...i32(8)], // mov rdi, rsi; mov ecx, 8
      ...[0x88, 0x5f, 0x02, 0x48, 0xff, 0xc7, 0xff, 0xc9, 0x75, 0xf6], // mov [rdi + 2], bl; inc rdi; dec ecx; jne -10
      ...[0xff, 0xd6, 0xff, 0xcb, 0x75, 0xe0, HLT], // call rsi; dec ebx; jne -32; hlt
    ]
    const { m, run } = machine(code)
    m.map(DATA, 1, 'rwx')
    m.page(DATA).set([0x49, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0x4c, 0x01, 0xc0, 0xc3]) // mov r8, imm64; add rax, r8; ret
    m.state.setGpr(RSI, BigInt(DATA))
    const stack = 0x7fff_0080_0000
    m.map(stack, 1)
    m.view.writable(stack)
    m.state.setGpr(RSP, BigInt(stack + 0x1000))
    run()
    expect(m.state.gpr(RAX)).toBe(BigInt.asUintN(64, ((50n * 51n) / 2n) * 0x0101_0101_0101_0101n))
  })

  test('a loop that moves through pages stops exactly at the one that may not be written', () => {
    for (const step of [1, 3, 8, 0x400]) {
      // mov [rdi], rcx; inc rcx; add rdi, step; jmp -13
      const code = [...[0x48, 0x89, 0x0f, 0x48, 0xff, 0xc1, 0x48, 0x81, 0xc7], ...i32(step), 0xeb, 0xf1]
      const ends = [true, false].map((translate) => {
        const { m, engine } = machine(code, { translate })
        m.protect(DATA + 0x1000, 'r')
        m.view.readable(DATA + 0x1000)
        m.state.setGpr(RDI, BigInt(DATA))
        const exit = engine.run(100_000)
        return [exit, m.state.gpr(RCX), m.state.gpr(RDI), m.state.rip, m.page(DATA).slice()]
      })
      expect(ends[0]).toEqual(ends[1])
      expect(ends[0]?.[0]).toMatchObject({ kind: 'fault', fault: { errorCode: 7 } })
    }
  })

  test('a fault inside a region shows the registers of exactly that instruction', () => {
    const code = [
      0xb9,
      ...i32(10), // mov ecx, 10
      0x48,
      0xff,
      0xc0, // inc rax
      0x88,
      0x07, // mov [rdi], al
      0x48,
      0x81,
      0xc7,
      ...i32(0x400), // add rdi, 1024
      0xff,
      0xc9, // dec ecx
      0x75,
      0xf0, // jne -16
      HLT,
    ]
    const { m, engine } = machine(code)
    m.state.setGpr(RDI, BigInt(DATA))
    const exit = engine.run(1000)
    expect(exit).toMatchObject({ kind: 'fault', fault: { name: 'PF', errorCode: 6, address: BigInt(DATA + 0x2000) } })
    expect(m.state.rip).toBe(CODE + 8)
    expect(m.state.gpr(RAX)).toBe(9n)
    expect(m.state.gpr(RCX)).toBe(2n)
  })

  /** xor eax, eax; mov ecx, 3000; loop: add [rdi], rcx; add rax, [rsi]; dec ecx; jne; hlt */
  const TWO_PAGES = [
    ...[0x31, 0xc0, 0xb9, ...i32(3000)],
    ...[0x48, 0x01, 0x0f, 0x48, 0x03, 0x06, 0xff, 0xc9, 0x75, 0xf6, HLT],
  ]
  const twoPages = (away: boolean, rsi: number) => {
    const { m, engine, run } = machine(TWO_PAGES)
    m.map(DATA, 2, 'rw', away)
    m.state.setGpr(RDI, BigInt(DATA))
    m.state.setGpr(RSI, BigInt(rsi))
    run()
    return { m, handovers: engine.stats.handovers, rax: m.state.gpr(RAX) }
  }

  test('pages that are not at home: the region is made again for them, once', () => {
    const home = twoPages(false, DATA)
    const away = twoPages(true, DATA)
    expect(away.rax).toBe(home.rax)
    expect(away.m.page(DATA)).toEqual(home.m.page(DATA))
    expect(home.handovers).toBeLessThan(3)
    expect(away.handovers).toBeGreaterThan(home.handovers)
    expect(away.handovers).toBeLessThan(100)
  })

  test('one frame at two addresses: what is written at one is read at the other', () => {
    const ALIAS = 0x7ffe_0070_0000
    const { m, run } = machine(TWO_PAGES)
    const page = m.source.pages.get(DATA / 4096)
    if (page) m.source.pages.set(ALIAS / 4096, page)
    m.state.setGpr(RDI, BigInt(DATA))
    m.state.setGpr(RSI, BigInt(ALIAS))
    run()
    expect(m.state.gpr(RAX)).toBe(twoPages(false, DATA).rax)
  })

  test('a page that moves while its region is in use is found where it is', () => {
    for (const [from, to] of [
      [false, true],
      [true, false],
    ] as const) {
      const { m, engine } = machine(TWO_PAGES)
      m.map(DATA, 2, 'rw', from)
      m.state.setGpr(RDI, BigInt(DATA))
      m.state.setGpr(RSI, BigInt(DATA))
      expect(engine.run(6000).kind).toBe('budget')
      const bytes = m.page(DATA).slice()
      m.page(DATA).fill(0xee)
      m.map(DATA, 1, 'rw', to)
      m.page(DATA).set(bytes)
      expect(engine.run(100_000).kind).toBe('fault')
      expect(m.state.gpr(RAX)).toBe(twoPages(false, DATA).rax)
    }
  })

  test('a load behind a branch to the next instruction is checked', () => {
    // jc +0; mov rcx, [rax]; hlt
    const { m, engine } = machine([0x72, 0x00, 0x48, 0x8b, 0x08, HLT], { hot: 1 })
    for (let k = 0; k < 3; k++) {
      m.state.setGpr(RAX, 0x50_0000n)
      m.state.rip = CODE
      const exit = engine.run(100)
      expect(exit.kind === 'fault' ? exit.fault.name : exit.kind).toBe('PF')
    }
  })

  test('no address beyond the user half passes a check', () => {
    // Addresses whose bits could be taken for the mark of a valid entry, or for the inverse of an empty one.
    for (const bad of [
      0x8000_0000_0000n,
      0xffff_ffff_0000_0000n,
      0x8000_0000_0000_0000n,
      0xffff_ffff_ffff_fff8n,
      0x1_0000_0060_0000n,
    ]) {
      const code = [
        0xb9,
        ...i32(10), // mov ecx, 10
        0x48,
        0x8b,
        0x07, // mov rax, [rdi]
        0x83,
        0xf9,
        0x02, // cmp ecx, 2
        0x48,
        0x0f,
        0x44,
        0xfe, // cmove rdi, rsi
        0xff,
        0xc9, // dec ecx
        0x75,
        0xf2, // jne -14
        HLT,
      ]
      const { m, engine } = machine(code)
      m.state.setGpr(RDI, BigInt(DATA))
      m.state.setGpr(6, bad)
      const exit = engine.run(1000)
      expect(exit.kind).toBe('fault')
      expect(m.state.gpr(RCX)).toBe(1n)
    }
  })
})
