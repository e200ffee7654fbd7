import type { IntWidth, SimdOp } from '../isa/index.ts'
import { CompileOps } from './compile-ops.ts'
import { local, node, type Node } from './node.ts'
import { NONE, union, type RegisterSet } from './register-flow.ts'
import { FIRST_GPR, FIRST_XMM, FIRST_YMM_HIGH, noneTouched } from './region-parts.ts'

/** The registers of the instruction being translated: reads see the values from before it, writes wait for its end. */
export abstract class RegisterTranslator extends CompileOps {
  readonly touched = noneTouched()
  /** Of the instruction: registers that it reads, those written in part included. */
  protected read = NONE
  /** By local. */
  protected readonly writes = new Map<number, Node>()
  /** XMM lanes that hold a normal number or zero, as 'width:lane' by local: the checks of the instruction that made them say so. */
  protected readonly soundLanes = new Map<number, ReadonlySet<string>>()

  protected gpr(n: number): Node {
    this.touched.gpr.add(n)
    this.read = union(this.read, { general: 1 << n, vectors: 0 })
    return local('i64', FIRST_GPR + n)
  }
  reg(w: IntWidth, n: number): Node {
    return this.trunc(64, w, this.gpr(n))
  }
  setReg(w: IntWidth, n: number, value: Node): void {
    if (w >= 32) this.write(n, this.zext(w, 64, value))
    else this.merge(n, w === 16 ? 0xffff_ffff_ffff_0000n : 0xffff_ffff_ffff_ff00n, this.zext(w, 64, value))
  }
  regHigh(n: number): Node {
    return this.trunc(64, 8, node('i64', 'i64.shr_u', [this.gpr(n), this.lit(64, 8)]))
  }
  setRegHigh(n: number, value: Node): void {
    this.merge(n, 0xffff_ffff_ffff_00ffn, node('i64', 'i64.shl', [this.zext(8, 64, value), this.lit(64, 8)]))
  }
  private merge(n: number, keep: bigint, value: Node): void {
    const old = this.writes.get(FIRST_GPR + n) ?? this.gpr(n)
    this.write(n, this.or(64, this.and(64, old, this.lit(64, keep)), value))
  }
  private write(n: number, value: Node): void {
    this.touched.gpr.add(n)
    this.touched.gprWritten.add(n)
    value.uses++
    this.writes.set(FIRST_GPR + n, value)
  }
  xmm(n: number): Node {
    this.touched.xmm.add(n)
    this.read = union(this.read, { general: 0, vectors: 1 << n })
    return local('v128', FIRST_XMM + n)
  }
  setXmm(n: number, value: Node): void {
    this.touched.xmm.add(n)
    this.touched.xmmWritten.add(n)
    value.uses++
    this.writes.set(FIRST_XMM + n, value)
  }
  ymmHigh(n: number): Node {
    this.touched.ymmHigh.add(n)
    this.read = union(this.read, { general: 0, vectors: 1 << (16 + n) })
    return local('v128', FIRST_YMM_HIGH + n)
  }
  setYmmHigh(n: number, value: Node): void {
    this.touched.ymmHigh.add(n)
    this.touched.ymmHighWritten.add(n)
    value.uses++
    this.writes.set(FIRST_YMM_HIGH + n, value)
  }

  /** The registers that the instruction writes. */
  protected written(): RegisterSet {
    let all = NONE
    for (const l of this.writes.keys())
      all = union(
        all,
        l < FIRST_XMM ? { general: 1 << (l - FIRST_GPR), vectors: 0 } : { general: 0, vectors: 1 << (l - FIRST_XMM) },
      )
    return all
  }

  override simd(op: SimdOp, args: readonly Node[], lane?: number): Node {
    const n = super.simd(op, args, lane)
    const of = laneOf(n)
    n.sound = of !== undefined && (this.soundLanes.get(of.from)?.has(of.lane) ?? false)
    return n
  }
  protected override foundSound(bits: Node): void {
    super.foundSound(bits)
    const of = laneOf(bits)
    if (of) this.soundLanes.set(of.from, new Set(this.soundLanes.get(of.from)).add(of.lane))
  }
  /** Lanes of `n` known to be sound. Writing one lane of one width makes the other width's knowledge of that half void. */
  protected lanesOf(n: Node): ReadonlySet<string> {
    if (n.op === 'local') return this.soundLanes.get(n.value as number) ?? new Set()
    const [base, value] = n.args
    if (!n.name.endsWith('.replace_lane') || !base || !value) return new Set()
    const width = n.name.slice(1, 3)
    const written = `${width}:${n.lanes[0] ?? 0}`
    const sound = new Set([...this.lanesOf(base)].filter((x) => x.startsWith(`${width}:`) && x !== written))
    if (value.sound) sound.add(written)
    return sound
  }
}

/** The lane of a local that `bits` are, as 'width:lane'. */
function laneOf(bits: Node): { readonly from: number; readonly lane: string } | undefined {
  if (bits.op !== 'i64.reinterpret_f64' && bits.op !== 'i32.reinterpret_f32') return undefined
  const [float] = bits.args
  const vector = float?.args[0]
  if (!float?.name.endsWith('.extract_lane') || vector?.op !== 'local') return undefined
  return { from: vector.value as number, lane: `${bits.type.slice(1)}:${float.lanes[0] ?? 0}` }
}
