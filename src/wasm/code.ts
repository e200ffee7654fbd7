import { OP, SIMD, TYPE, type OpName, type ValueType } from './opcodes.ts'
import { invariant } from '../base/index.ts'

/** A growing byte buffer with WebAssembly's integer encodings. */
export class ByteWriter {
  bytes = new Uint8Array(256)
  length = 0

  byte(b: number): this {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = b
    return this
  }
  append(b: Uint8Array): this {
    if (this.length + b.length > this.bytes.length) this.grow(b.length)
    this.bytes.set(b, this.length)
    this.length += b.length
    return this
  }
  private grow(by: number): void {
    const bigger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + by))
    bigger.set(this.bytes)
    this.bytes = bigger
  }
  /** Unsigned LEB128, up to 32 bits. */
  u32(n: number): this {
    n >>>= 0
    while (n >= 0x80) {
      this.byte((n & 0x7f) | 0x80)
      n >>>= 7
    }
    return this.byte(n)
  }
  /** Signed LEB128. */
  s32(n: number): this {
    n |= 0
    for (;;) {
      const b = n & 0x7f
      n >>= 7
      if ((n === 0 && !(b & 0x40)) || (n === -1 && b & 0x40)) return this.byte(b)
      this.byte(b | 0x80)
    }
  }
  s64(n: bigint): this {
    n = BigInt.asIntN(64, n)
    if (n >= -0x8000_0000n && n <= 0x7fff_ffffn) return this.s32(Number(n))
    for (;;) {
      const b = Number(n & 0x7fn)
      n >>= 7n
      if ((n === 0n && !(b & 0x40)) || (n === -1n && b & 0x40)) return this.byte(b)
      this.byte(b | 0x80)
    }
  }
  name(s: string): this {
    const b = new TextEncoder().encode(s)
    return this.u32(b.length).append(b)
  }
  /** A vector of bytes: its length, then itself. */
  sized(w: ByteWriter): this {
    return this.u32(w.length).append(w.bytes.subarray(0, w.length))
  }
  done(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }
}

/** The body of one function: locals and instructions. Counts open blocks, so that branches can be given as absolute levels. */
export class Code extends ByteWriter {
  private readonly locals: ValueType[] = []
  private readonly parameters: number
  /** Blocks open now: 0 is the function body. */
  level = 0

  constructor(parameters: number) {
    super()
    this.parameters = parameters
  }

  /** A new local; returns its index. */
  local(type: ValueType): number {
    this.locals.push(type)
    return this.parameters + this.locals.length - 1
  }

  op(name: OpName): this {
    return this.byte(OP[name])
  }
  get(local: number): this {
    return this.byte(0x20).u32(local)
  }
  set(local: number): this {
    return this.byte(0x21).u32(local)
  }
  tee(local: number): this {
    return this.byte(0x22).u32(local)
  }
  i32(n: number): this {
    return this.byte(0x41).s32(n)
  }
  i64(n: bigint): this {
    return this.byte(0x42).s64(n)
  }
  /** A load or store; `align` is only a hint, so 0 is always right. */
  memory(name: OpName, offset: number): this {
    return this.byte(OP[name]).u32(0).u32(offset)
  }
  simd(name: string): this {
    const code = SIMD[name]
    invariant(code !== undefined, `no SIMD opcode ${name}`)
    return this.byte(0xfd).u32(code)
  }
  v128(n: bigint): this {
    this.simd('v128.const')
    for (let k = 0n; k < 16n; k++) this.byte(Number((n >> (8n * k)) & 0xffn))
    return this
  }
  simdMemory(name: string, offset: number): this {
    return this.simd(name).u32(0).u32(offset)
  }

  /** Opens a block, loop or if without a result; returns its level, for `br`. */
  open(kind: 'block' | 'loop' | 'if', result?: ValueType): number {
    this.byte(OP[kind]).byte(result ? TYPE[result] : 0x40)
    return ++this.level
  }
  otherwise(): this {
    return this.byte(OP.else)
  }
  close(): this {
    this.level--
    return this.byte(OP.end)
  }
  /** Branches to the block opened at `level`. */
  br(level: number): this {
    return this.byte(OP.br).u32(this.level - level)
  }
  brIf(level: number): this {
    return this.byte(OP.br_if).u32(this.level - level)
  }
  /** Of the one memory, as memmove and memset: target, source or byte, and length are on the stack. */
  copyMemory(): this {
    return this.byte(0xfc).u32(10).byte(0).byte(0)
  }
  fillMemory(): this {
    return this.byte(0xfc).u32(11).byte(0)
  }
  call(index: number): this {
    return this.byte(OP.call).u32(index)
  }

  /** The function as the code section wants it. */
  body(): Uint8Array {
    const runs: [number, ValueType][] = []
    for (const t of this.locals) {
      const last = runs.at(-1)
      if (last && last[1] === t) last[0]++
      else runs.push([1, t])
    }
    const b = new ByteWriter().u32(runs.length)
    for (const [n, t] of runs) b.u32(n).byte(TYPE[t])
    b.append(this.bytes.subarray(0, this.length)).byte(OP.end)
    return b.done()
  }
}
