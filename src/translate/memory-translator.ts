import { invariant } from '../base/index.ts'
import { VIEW } from '../cpu/index.ts'
import type { AccessAttributes, Insn, MemoryOperand, Width } from '../isa/index.ts'
import { Origins, type CheckGroup, type SteadyCheck } from './affine.ts'
import { constant, emit, local, node, type Node, type Temporaries } from './node.ts'
import { SPECIAL, union } from './register-flow.ts'
import { FIRST_GPR, FIRST_XMM, type InsnFacts, type RegionContext } from './region-parts.ts'
import { RegisterTranslator } from './register-translator.ts'
import { ENTRIES, isElsewhere, PLACES, toEntry, type ViewTable } from './view-entry.ts'
import { emitWideQuotient } from './wide-division.ts'

/** Memory accesses of the instruction being translated, and the ways out of the region that these and other checks take. */
export abstract class MemoryTranslator extends RegisterTranslator {
  /** undefined while analyzing. */
  protected region: RegionContext | undefined
  protected temporaries: Temporaries | undefined
  /** Locals for the places that checks found, free again in the next block. */
  protected hosts: Temporaries | undefined
  protected insn!: Insn
  protected facts!: InsnFacts
  protected origins = new Origins()
  private nextAccess = 0
  private exitNumber = -1
  private fpChecked = false
  private known: { operand: MemoryOperand; address: Node } | undefined

  protected beginAccesses(insn: Insn, facts: InsnFacts): void {
    this.insn = insn
    this.facts = facts
    this.nextAccess = 0
    this.exitNumber = -1
    this.fpChecked = false
    this.known = undefined
  }

  protected registerOf(l: number): number | 'FS' | 'GS' | undefined {
    if (l >= FIRST_GPR && l < FIRST_XMM) return l - FIRST_GPR
    return l === this.region?.locals.fs || l === FS_PLACEHOLDER
      ? 'FS'
      : l === this.region?.locals.gs || l === GS_PLACEHOLDER
        ? 'GS'
        : undefined
  }

  /** Puts a node's value on the stack. */
  emit(n: Node, withoutTemporaries = false): void {
    const { region, temporaries } = this
    invariant(region && temporaries, 'emission outside a region')
    emit(region.code, withoutTemporaries ? undefined : temporaries, n)
  }

  protected held(n: Node): Node {
    if (n.op === 'const' || !this.region) return n
    const l = this.temporaries?.take(n.type) ?? -1
    this.emit(n)
    this.region?.code.set(l)
    return local(n.type, l)
  }

  // Leaving before the instruction has done anything.

  protected exitIf(condition: Node): void {
    this.facts.mayExit = true
    if (!this.region || (condition.op === 'const' && condition.value === 0)) return
    const { code } = this.region
    const tests = alternatives(condition)
    if (tests.length === 1) {
      this.emit(condition)
      return this.leaveIf()
    }
    const fine = code.open('block')
    const bad = code.open('block')
    this.branchIfNone(tests, fine, bad)
    code.close()
    this.leaveNow()
    code.close()
  }
  protected exitIfBoth(guard: Node, condition: Node): void {
    this.facts.mayExit = true
    if (!this.region || (guard.op === 'const' && guard.value === 0)) return
    const { code } = this.region
    const tests = alternatives(guard)
    // Not all tests are computed on every way on from here: what others share with them is.
    for (const n of tests.slice(1)) this.keepShared(n)
    const fine = code.open('block')
    const unusual = code.open('block')
    this.branchIfNone(tests, fine, unusual)
    code.close()
    // What is computed in here must not be taken for computed outside.
    this.emit(condition, true)
    this.leaveIf()
    code.close()
  }
  /** To `none` if no test holds, else to the end of the block at `some`, which is the innermost. V8 joins tests at a greater cost. */
  private branchIfNone(tests: readonly Node[], none: number, some: number): void {
    const { code } = this.region ?? {}
    tests.forEach((n, k) => {
      this.emit(n)
      if (k < tests.length - 1) code?.brIf(some)
      else code?.op('i32.eqz').brIf(none)
    })
  }
  private keepShared(n: Node): void {
    if (n.uses < 2 || n.op === 'const' || n.op === 'local') return n.args.forEach((a) => this.keepShared(a))
    this.emit(n)
    this.region?.code.op('drop')
  }
  private leaveNow(): void {
    const { region } = this
    invariant(region, 'emission outside a region')
    if (this.exitNumber < 0) this.exitNumber = region.exitFor(this.insn)
    region.code.i32(this.exitNumber).set(region.locals.exit).br(region.exitLevel)
  }
  private leaveIf(): void {
    this.region?.code.open('if')
    this.leaveNow()
    this.region?.code.close()
  }
  protected wideQuotient(high: Node, low: Node, divisor: Node): Node {
    for (const n of [high, low, divisor]) n.uses++
    const { region, temporaries } = this
    if (!region || !temporaries) return local('i64', OPAQUE)
    const take = (): number => temporaries.take('i64')
    const [h, l, d, into] = [take(), take(), take(), take()]
    const { code } = region
    for (const [n, at] of [
      [divisor, d],
      [low, l],
      [high, h],
    ] as const) {
      this.emit(n)
      code.set(at)
    }
    code.get(h).op('i64.eqz').open('if')
    code.get(l).get(d).op('i64.div_u').set(into)
    code.otherwise()
    emitWideQuotient(code, { high: h, low: l, divisor: d }, take)
    code.set(into).close()
    return local('i64', into)
  }
  private reads(special: keyof typeof SPECIAL): void {
    this.read = union(this.read, { general: SPECIAL[special], vectors: 0 })
  }
  protected requireFastFp(): void {
    this.touched.fpFast = true
    this.reads('FP_FAST')
    if (this.fpChecked) return
    this.fpChecked = true
    this.exitIf(node('i32', 'i32.eqz', [local('i32', this.region?.locals.fpFast ?? 0)]))
  }

  // Memory.

  effectiveAddress(m: MemoryOperand): Node {
    let a: Node | undefined = m.base >= 0 ? this.reg(64, m.base) : undefined
    if (m.index >= 0) {
      const scaled =
        m.scale === 0 ? this.reg(64, m.index) : this.shl(64, this.reg(64, m.index), constant('i32', m.scale))
      a = a ? this.add(64, a, scaled) : scaled
    }
    a = a ? this.add(64, a, this.lit(64, m.disp)) : this.lit(64, m.disp)
    return m.a32 ? this.zext(32, 64, this.trunc(64, 32, a)) : a
  }
  address(m: MemoryOperand): Node {
    if (this.known?.operand === m) return this.known.address
    let a = this.effectiveAddress(m)
    if (m.seg !== 'none') {
      this.touched[m.seg === 'FS' ? 'fs' : 'gs'] = true
      this.reads(m.seg)
      const base =
        m.seg === 'FS' ? (this.region?.locals.fs ?? FS_PLACEHOLDER) : (this.region?.locals.gs ?? GS_PLACEHOLDER)
      a = this.add(64, local('i64', base), a)
    }
    this.known = { operand: m, address: a }
    return a
  }

  load(w: Width, address: Node, attributes?: AccessAttributes): Node {
    const type = w === 128 ? 'v128' : w === 64 ? 'i64' : 'i32'
    const where = this.access(w / 8, address, attributes?.willWrite === true, attributes)
    if (!where || !this.region) return local(type, OPAQUE)
    const { code } = this.region
    const into = this.temporaries?.take(type) ?? -1
    code.get(where.host)
    if (w === 128) code.simdMemory('v128.load', where.offset)
    else
      code.memory(
        w === 64 ? 'i64.load' : w === 32 ? 'i32.load' : w === 16 ? 'i32.load16_u' : 'i32.load8_u',
        where.offset,
      )
    code.set(into)
    return local(type, into)
  }
  loadAlone(w: 32 | 64, address: Node): Node {
    const where = this.access(w / 8, address, false)
    if (!where || !this.region) return local('v128', OPAQUE)
    const into = this.temporaries?.take('v128') ?? -1
    this.region.code
      .get(where.host)
      .simdMemory(w === 64 ? 'v128.load64_zero' : 'v128.load32_zero', where.offset)
      .set(into)
    return local('v128', into)
  }
  store(w: Width, address: Node, value: Node, attributes?: AccessAttributes): void {
    const where = this.access(w / 8, address, true, attributes)
    if (!where || !this.region) return
    const { code } = this.region
    code.get(where.host)
    const [float] = value.op === 'i64.reinterpret_f64' || value.op === 'i32.reinterpret_f32' ? value.args : []
    if (float && w === (float.type === 'f64' ? 64 : 32)) {
      this.emit(float)
      code.memory(w === 64 ? 'f64.store' : 'f32.store', where.offset)
      return
    }
    this.emit(value)
    if (w === 128) code.simdMemory('v128.store', where.offset)
    else
      code.memory(
        w === 64 ? 'i64.store' : w === 32 ? 'i32.store' : w === 16 ? 'i32.store16' : 'i32.store8',
        where.offset,
      )
  }

  load256(address: Node, attributes?: AccessAttributes): readonly [Node, Node] {
    const where = this.access(32, address, attributes?.willWrite === true, attributes)
    if (!where || !this.region) return [local('v128', OPAQUE), local('v128', OPAQUE)]
    const { code } = this.region
    const half = (offset: number): Node => {
      const into = this.temporaries?.take('v128') ?? -1
      code
        .get(where.host)
        .simdMemory('v128.load', where.offset + offset)
        .set(into)
      return local('v128', into)
    }
    return [half(0), half(16)]
  }
  store256(address: Node, low: Node, high: Node, attributes?: AccessAttributes): void {
    const where = this.access(32, address, true, attributes)
    if (!where || !this.region) return
    const { code } = this.region
    for (const [value, offset] of [
      [low, 0],
      [high, 16],
    ] as const) {
      code.get(where.host)
      this.emit(value)
      code.simdMemory('v128.store', where.offset + offset)
    }
  }

  /** Makes sure the access is allowed (or leaves), and says where in linear memory it is. */
  private access(
    size: number,
    address: Node,
    write: boolean,
    attributes?: AccessAttributes,
  ): { host: number; offset: number } | undefined {
    address.uses++
    this.facts.mayExit = true
    if (!this.region) {
      this.facts.accesses.push({
        address: this.origins.of(address, (l) => this.registerOf(l)),
        size,
        write,
        group: undefined,
      })
      return undefined
    }
    const a = this.facts.accesses[this.nextAccess++]
    invariant(a?.group, 'the analysis and the emission saw different accesses')
    if (attributes?.aligned) {
      this.exitIf(node('i32', 'i32.and', [this.trunc(64, 32, address), constant('i32', attributes.aligned - 1)]))
    }
    if (a.group.host < 0)
      this.check(a.group, this.add(64, address, this.lit(64, BigInt.asUintN(64, a.group.low - a.address.offset))))
    return { host: a.group.host, offset: Number(a.address.offset - a.group.low) }
  }

  /** That the last byte is in the page that the view's entry for the first byte names: see VIEW. */
  private check(g: CheckGroup, low: Node): void {
    const { region } = this
    invariant(region, 'emission outside a region')
    const { code } = region
    const address = this.held(low)
    g.host = this.hosts?.take('i32') ?? -1
    const last = this.add(64, address, this.lit(64, g.high - g.low - 1n))
    if (g.steady) this.checkSteady(g, g.steady, address, last)
    else this.checkEntry(g, address, last)
    this.emit(address)
    code.op('i32.wrap_i64')
    if (!region.atHome) {
      this.entryOf(address, PLACES)
      code.memory('i32.load', VIEW.PLACES).op('i32.xor')
    }
    code.set(g.host)
  }

  /**
   * The byte that goes ahead is in the page that was found last: then so are the others, which were there before and have not been left
   * behind.
   */
  private checkSteady(g: CheckGroup, { up, page }: SteadyCheck, address: Node, last: Node): void {
    const { code } = this.region ?? {}
    const ahead = this.held(node('i64', 'i64.or', [up ? last : address, this.lit(64, 0xfffn)]))
    const known = code?.open('block') ?? 0
    this.emit(ahead)
    code?.i32(0).memory('i64.load', page).op('i64.eq').brIf(known)
    this.checkEntry(g, address, last)
    code?.i32(0)
    this.emit(ahead)
    code?.memory('i64.store', page).close()
  }

  /** Puts the place of the view's entry for an address on the stack. */
  private entryOf(address: Node, table: ViewTable): void {
    const { region } = this
    invariant(region, 'emission outside a region')
    this.emit(address)
    toEntry(region.code, table, () => region.code.get(region.locals.view))
  }

  private checkEntry(g: CheckGroup, address: Node, last: Node): void {
    const { region } = this
    invariant(region, 'emission outside a region')
    const { code } = region
    this.entryOf(address, ENTRIES)
    code.memory('i64.load', g.write ? VIEW.WRITE : VIEW.READ)
    isElsewhere(code, region.atHome, () => this.emit(last))
    this.leaveIf()
  }
}

/** Nodes of which one is not zero exactly if `n` is not. */
function alternatives(n: Node): readonly Node[] {
  return n.op === 'i32.or' && n.temporary < 0 ? n.args.flatMap(alternatives) : [n]
}

/** Locals that only the analysis sees. */
export const OPAQUE = -1
const FS_PLACEHOLDER = -2
const GS_PLACEHOLDER = -3
