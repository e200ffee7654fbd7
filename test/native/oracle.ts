/**
 * The processor of this machine as the judge of single instructions: the driver of oracle.c.
 *
 * What a record can see, all addresses fixed:
 *
 *   0x10000000  data page 0   protection `prot[0]`; nothing is mapped in the page below it
 *   0x10001000  data page 1   protection `prot[1]`; nothing is mapped behind it
 *   0x10000f80  the window    256 bytes, half in each page: `mem` before and after the instruction
 *   0x23456000  code page 0   the instruction is at CODE_BASE + codeOffset (default 0); the rest is INT3
 *   0x23457000  code page 1   absent when `codePage1` is false, so that a fetch across the boundary faults
 *
 * Data bytes outside the window start as `initialData()`; what the instruction changed there comes back as `stray`.
 *
 * `code` holds one instruction. Straight-line code runs to its end without a signal; control flow is single-stepped, so
 * that `rip` is the target even when nothing is mapped there. Faults give the kernel's view: signal, vector (trapno),
 * error code, CR2 (0 unless #PF), and the registers as the handler's context shows them. SYSCALL, SYSENTER and INT 0x80
 * give SIGSYS (31) and never reach the kernel: the helper runs behind a seccomp filter, as nobody when started as root,
 * and refuses to work without that filter.
 * TF and RF never show in `rflags`; IF (0x200) and bit 1 are always set.
 *
 * One record is 704 bytes, 160 more with x87, 256 with ymmHigh, an answer 720 and as many, and the stray bytes; the structs are in oracle.c.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { cached, type Skip } from '../support/cache.ts'
import { mustRun, works } from '../support/command.ts'

export const DATA_BASE = 0x10000000
export const DATA_SIZE = 0x2000
export const WINDOW_OFFSET = 0xf80
export const WINDOW_SIZE = 256
export const CODE_BASE = 0x23456000
/** The last place where an instruction may start, relative to CODE_BASE. */
export const LAST_CODE_OFFSET = 0x2000 - 32
/** Status flags, DF, NT, AC, ID: what a record may set and what an answer shows. */
export const RFLAGS_MASK = 0x244cd5

export type Protection = 'none' | 'r' | 'rw'

export interface NativeState {
  /** One instruction, at most 15 bytes. */
  code: Uint8Array
  /** RAX RCX RDX RBX RSP RBP RSI RDI R8..R15. */
  gpr: BigUint64Array
  rflags: bigint | number
  mxcsr: number
  /** XMM0..XMM15, 16 bytes each. */
  xmm: Uint8Array
  /** The 256 bytes of the window. */
  mem: Uint8Array
  prot: readonly [Protection, Protection]
  codeOffset?: number
  /** False: the second code page is absent. */
  codePage1?: boolean
  /** Single-step; by default only what `isControlFlow` names. */
  step?: boolean
  /** The first 160 bytes of an FXSAVE64 image (bytes 24-31 are ignored). Without it x87 and MMX state is not observed. */
  x87?: Uint8Array
  /** Bits 255:128 of YMM0..YMM15, 16 bytes each; ignored on a processor without AVX (`Oracle.hasAvx`). Without it they are not observed. */
  ymmHigh?: Uint8Array
  /** Both or none; ignored when the kernel has no FSGSBASE (`Oracle.hasSegmentBases`). */
  fsBase?: bigint
  gsBase?: bigint
}

export interface NativeFault {
  signal: number
  /** 0 #DE, 1 #DB, 3 #BP, 6 #UD, 12 #SS, 13 #GP, 14 #PF, 16 #MF, 17 #AC, 19 #XM, 255 refused syscall. */
  vector: number
  errorCode: number
  cr2: bigint
}

export interface NativeResult {
  gpr: BigUint64Array
  rip: bigint
  rflags: number
  mxcsr: number
  xmm: Uint8Array
  mem: Uint8Array
  /** Present when the state had `x87`. */
  x87?: Uint8Array
  /** Present when the state had `ymmHigh` and the processor has AVX. */
  ymmHigh?: Uint8Array
  /** Present when the state had `fsBase` and the kernel can show it. */
  fsBase?: bigint
  gsBase?: bigint
  /** First to last byte changed outside the window; `start` is relative to DATA_BASE. */
  stray?: { start: number; bytes: Uint8Array }
  fault?: NativeFault
  /** The instruction ended the helper process itself; nothing else in this result is valid. */
  died?: string
}

const REQUEST_SIZE = 704
const ANSWER_SIZE = 720
const X87_SIZE = 160
const YMM_SIZE = 256
const GREETING_SIZE = 16
const FLAG_STEP = 1
const FLAG_X87 = 2
const FLAG_BASES = 4
const FLAG_YMM = 8
const PROTECTIONS = { none: 0, r: 1, rw: 2 } as const
const SILENCE_MS = 20_000

const INITIAL = Uint8Array.from({ length: DATA_SIZE }, (_, i) => i * 167 + (i >> 8) * 13 + 1)

/** What both data pages hold outside the window before every instruction. */
export const initialData = (): Uint8Array => INITIAL.slice()

/** Both data pages as they are before the instruction. */
export function dataPages(s: NativeState): Uint8Array {
  const pages = initialData()
  pages.set(s.mem, WINDOW_OFFSET)
  return pages
}

/** The `mem` and `stray` parts of a result, for engines that have whole pages. */
export function memoryResult(pages: Uint8Array): Pick<NativeResult, 'mem' | 'stray'> {
  const end = WINDOW_OFFSET + WINDOW_SIZE
  const mem = pages.slice(WINDOW_OFFSET, end)
  const same = (from: number, to: number): boolean =>
    Buffer.compare(pages.subarray(from, to), INITIAL.subarray(from, to)) === 0
  if (same(0, WINDOW_OFFSET) && same(end, DATA_SIZE)) return { mem }
  const changed = (i: number): boolean => pages[i] !== INITIAL[i] && (i < WINDOW_OFFSET || i >= end)
  let first = 0
  let last = DATA_SIZE - 1
  while (!changed(first)) first++
  while (!changed(last)) last--
  return { mem, stray: { start: first, bytes: pages.slice(first, last + 1) } }
}

/** Jumps, calls, returns, loops: what the jump behind the instruction cannot catch. Unsure cases may say true. */
export function isControlFlow(code: Uint8Array): boolean {
  let i = 0
  while (isPrefix(code[i] ?? 0)) i++
  const op = code[i] ?? 0
  const next = code[i + 1] ?? 0
  if (op === 0x0f) return next >= 0x80 && next <= 0x8f
  if (op === 0xff) return [2, 3, 4, 5].includes((next >> 3) & 7)
  return (
    (op >= 0x70 && op <= 0x7f) || [0xc2, 0xc3, 0xca, 0xcb, 0xcf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe8, 0xe9, 0xeb].includes(op)
  )
}

const isPrefix = (b: number): boolean =>
  (b & 0xf0) === 0x40 || [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(b)

const sizeOf = (s: NativeState): number => REQUEST_SIZE + (s.x87 ? X87_SIZE : 0) + (s.ymmHigh ? YMM_SIZE : 0)

function encode(batch: readonly NativeState[]): Uint8Array {
  const out = new Uint8Array(batch.reduce((n, s) => n + sizeOf(s), 0))
  const view = new DataView(out.buffer)
  let at = 0
  for (const s of batch) {
    const bases = s.fsBase !== undefined && s.gsBase !== undefined
    const step = s.step ?? isControlFlow(s.code)
    const flags = (s.x87 ? FLAG_X87 : 0) | (s.ymmHigh ? FLAG_YMM : 0)
    view.setUint32(at, flags | (step ? FLAG_STEP : 0) | (bases ? FLAG_BASES : 0), true)
    out[at + 4] = s.code.length
    out[at + 5] = PROTECTIONS[s.prot[0]]
    out[at + 6] = PROTECTIONS[s.prot[1]]
    out[at + 7] = s.codePage1 === false ? 0 : 1
    view.setUint16(at + 8, s.codeOffset ?? 0, true)
    out.set(new Uint8Array(s.gpr.buffer, s.gpr.byteOffset, 128), at + 16)
    view.setUint32(at + 144, Number(s.rflags), true)
    if (bases) {
      view.setBigUint64(at + 152, s.fsBase ?? 0n, true)
      view.setBigUint64(at + 160, s.gsBase ?? 0n, true)
    }
    view.setUint32(at + 168, s.mxcsr, true)
    out.set(s.code, at + 176)
    out.set(s.xmm, at + 192)
    out.set(s.mem, at + 448)
    if (s.x87) out.set(s.x87, at + REQUEST_SIZE)
    if (s.ymmHigh) out.set(s.ymmHigh, at + sizeOf(s) - YMM_SIZE)
    at += sizeOf(s)
  }
  return out
}

/** The result is a set of views on `data`. */
function decode(data: Uint8Array, view: DataView, at: number): NativeResult {
  const flags = view.getUint32(at + 4, true)
  const result: NativeResult = {
    gpr: new BigUint64Array(data.buffer, data.byteOffset + at + 32, 16),
    rip: view.getBigUint64(at + 160, true),
    rflags: view.getUint32(at + 168, true),
    mxcsr: view.getUint32(at + 192, true),
    xmm: data.subarray(at + 208, at + 464),
    mem: data.subarray(at + 464, at + ANSWER_SIZE),
  }
  const ymmAt = ANSWER_SIZE + (flags & FLAG_X87 ? X87_SIZE : 0)
  if (flags & FLAG_X87) result.x87 = data.subarray(at + ANSWER_SIZE, at + ymmAt)
  if (flags & FLAG_YMM) result.ymmHigh = data.subarray(at + ymmAt, at + ymmAt + YMM_SIZE)
  if (flags & FLAG_BASES) {
    result.fsBase = view.getBigUint64(at + 176, true)
    result.gsBase = view.getBigUint64(at + 184, true)
  }
  const strayLength = view.getUint32(at + 200, true)
  if (strayLength > 0) {
    const from = at + ymmAt + (flags & FLAG_YMM ? YMM_SIZE : 0)
    result.stray = { start: view.getUint32(at + 196, true), bytes: data.subarray(from, from + strayLength) }
  }
  const signal = view.getUint32(at + 8, true)
  if (signal !== 0) {
    const errorCode = Number(view.getBigUint64(at + 16, true))
    result.fault = { signal, vector: view.getUint32(at + 12, true), errorCode, cr2: view.getBigUint64(at + 24, true) }
  }
  return result
}

/** Collects the answers to one batch. */
class Answers {
  readonly results: NativeResult[] = []
  readonly wanted: number
  #data: Uint8Array
  #filled = 0
  #parsed = 0

  constructor(wanted: number) {
    this.wanted = wanted
    this.#data = new Uint8Array(wanted * (ANSWER_SIZE + X87_SIZE + YMM_SIZE))
  }

  add(chunk: Uint8Array): void {
    if (this.#filled + chunk.length > this.#data.length) {
      // Results handed out before keep their views on the old block.
      const rest = this.#data.subarray(this.#parsed, this.#filled)
      this.#data = new Uint8Array(Math.max(this.#data.length, rest.length + chunk.length))
      this.#data.set(rest)
      this.#filled = rest.length
      this.#parsed = 0
    }
    this.#data.set(chunk, this.#filled)
    this.#filled += chunk.length
    const view = new DataView(this.#data.buffer)
    while (this.#filled - this.#parsed >= 4) {
      const size = view.getUint32(this.#parsed, true)
      if (this.#filled - this.#parsed < size) break
      this.results.push(decode(this.#data, view, this.#parsed))
      this.#parsed += size
    }
  }

  get complete(): boolean {
    return this.results.length >= this.wanted
  }
}

const COMPILE = ['-O2', '-static', '-no-pie', '-fno-pie', '-fno-stack-protector', '-mfsgsbase']
const LINK = ['-Wl,-Ttext-segment=0x6b3d5000', '-Wl,-z,noexecstack']

let compiler: Promise<boolean> | undefined

/** Why there is no oracle here; undefined when there is one. */
export async function oracleUnavailable(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `the native oracle needs Linux on x86-64`
  compiler ??= works('gcc')
  return (await compiler) ? undefined : 'the native oracle needs gcc'
}

/** The compiled helper, built once per version of its source. */
async function helper(): Promise<string> {
  const source = join(import.meta.dirname, 'oracle.c')
  const key = [await readFile(source, 'utf8'), ...COMPILE, ...LINK].join('\n')
  const folder = await cached('oracle', key, async (draft) => {
    await mustRun('gcc', [...COMPILE, '-o', join(draft, 'oracle'), source, ...LINK], { timeoutMs: 120_000 })
  })
  return join(folder, 'oracle')
}

type Helper = ChildProcessByStdio<Writable, Readable, null>

export class Oracle {
  readonly #program: string
  #child: Helper
  #greeting = new Uint8Array(0)
  #answers: Answers | undefined
  #wake: (() => void) | undefined
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(program: string) {
    this.#program = program
    this.#child = this.#start()
  }

  static async open(): Promise<Oracle | Skip> {
    const reason = await oracleUnavailable()
    if (reason !== undefined) return { skip: reason }
    const oracle = new Oracle(await helper())
    // The greeting comes before the first answer, and shows that the address layout could be made.
    const probe = await oracle.run([NOP])
    if (probe[0]?.died === undefined) return oracle
    return { skip: `the native oracle cannot run here: ${probe[0].died}` }
  }

  /** The kernel lets programs read and write FS and GS base. */
  get hasSegmentBases(): boolean {
    return ((this.#greeting[8] ?? 0) & 1) !== 0
  }

  /** Answers in the order of the batch. Batches of a few thousand states are the fastest. */
  run(batch: readonly NativeState[]): Promise<NativeResult[]> {
    const mine = this.#queue.then(() => this.#runBatch(batch))
    this.#queue = mine.catch(() => undefined)
    return mine
  }

  close(): void {
    this.#child.stdin.end()
  }

  async #runBatch(batch: readonly NativeState[]): Promise<NativeResult[]> {
    const results: NativeResult[] = []
    while (results.length < batch.length) {
      const died = await this.#attempt(batch.slice(results.length), results)
      // Answers that were not flushed are lost with the process: go on one by one until the culprit is found.
      for (let found = died === undefined; !found && results.length < batch.length;) {
        const again = await this.#attempt(batch.slice(results.length, results.length + 1), results)
        found = again !== undefined
        if (again !== undefined) results.push({ ...EMPTY_RESULT, died: again })
      }
    }
    return results
  }

  /** Appends what was answered; the return value says how the process ended before it was complete. */
  async #attempt(batch: readonly NativeState[], results: NativeResult[]): Promise<string | undefined> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) this.#child = this.#start()
    const child = this.#child
    const answers = new Answers(batch.length)
    this.#answers = answers
    child.stdin.write(encode(batch))
    while (!answers.complete && child.exitCode === null && child.signalCode === null) await this.#progress(child)
    this.#answers = undefined
    for (const r of answers.results) results.push(r)
    return answers.complete ? undefined : `${child.signalCode ?? `exit ${child.exitCode}`}`
  }

  async #progress(child: Helper): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS)
    })
    clearTimeout(timer)
  }

  #start(): Helper {
    const child = spawn(this.#program, [], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#greeting = new Uint8Array(0)
    child.stdout.on('data', (chunk: Buffer) => {
      let rest: Uint8Array = chunk
      if (this.#greeting.length < GREETING_SIZE) {
        const missing = GREETING_SIZE - this.#greeting.length
        this.#greeting = Buffer.concat([this.#greeting, rest.subarray(0, missing)])
        rest = rest.subarray(missing)
      }
      this.#answers?.add(rest)
      if (this.#answers?.complete === true) this.#wake?.()
    })
    // `close`, not `exit`: by then everything that was flushed has been read.
    child.on('close', () => this.#wake?.())
    child.on('error', () => this.#wake?.())
    // The reader's end is closed when the process dies; `close` tells the story.
    child.stdin.on('error', () => undefined)
    return child
  }
}

const NOP: NativeState = {
  code: Uint8Array.of(0x90),
  gpr: new BigUint64Array(16),
  rflags: 2,
  mxcsr: 0x1f80,
  xmm: new Uint8Array(256),
  mem: new Uint8Array(WINDOW_SIZE),
  prot: ['rw', 'rw'],
}

const EMPTY_RESULT: NativeResult = {
  gpr: new BigUint64Array(16),
  rip: 0n,
  rflags: 0,
  mxcsr: 0,
  xmm: new Uint8Array(256),
  mem: new Uint8Array(WINDOW_SIZE),
}
