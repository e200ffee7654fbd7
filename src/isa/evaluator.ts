import {
  ARITHMETIC_FLAGS,
  ARITHMETIC_MASK,
  ARITHMETIC_PLACES,
  FSW,
  MXCSR_MASK,
  RFLAGS,
  type ArithmeticFlag,
} from '../spec/x86/index.ts'
import { controlWord, fault, PAGE_SIZE, STATE, USER_END, type CpuState, type Exit, type View } from '../cpu/index.ts'
import { EvalOps, type Value } from './eval-ops.ts'
import { conditionText, CONDITION_NAMES, fopOf, fopRecipe, recipeOf, RECIPES, type FlagRecipe } from './flags.ts'
import type { Insn, MemoryOperand } from './insn.ts'
import { Fpu } from './x87-state.ts'
import type { Decode } from './decode.ts'
import type { AccessAttributes, Cpu, IntWidth, JumpKind, Width } from './ops.ts'

/** What instructions ask of the machine beyond registers and memory. */
export interface Environment {
  /** EAX, EBX, ECX, EDX. */
  cpuid(leaf: number, subleaf: number): readonly [number, number, number, number]
  /** Value of the time-stamp counter. */
  timestamp(): bigint
  /** 64 random bits, from the run's seed. */
  random(): bigint
  /** Which instructions the processor has; those of SSE2 when absent. */
  readonly decode?: Decode
  /** The processor has SGX2: RDTSC and RDTSCP are legal inside enclaves. */
  readonly sgx2?: boolean
}

const pure = new EvalOps()

/** Installed as CpuState.materializeFlags: the six flags from the recipe that was left. */
export function materializeFlags(state: CpuState): number {
  const { u32, u64 } = state.ram
  const fop = u32[STATE.FOP / 4] ?? 0
  if (fop < 4) return Number(u64[STATE.FA / 8]) & ARITHMETIC_MASK
  const { recipe, w } = fopRecipe(fop)
  const input = (at: number): Value => pure.lit(w, u64[at / 8] ?? 0n)
  const [a, b, c] = [input(STATE.FA), input(STATE.FB), input(STATE.FC)]
  let out = 0
  const flags = RECIPES[recipe]
  for (const f of ARITHMETIC_FLAGS) out |= Number(flags[f](pure, w, a, b, c)) << ARITHMETIC_PLACES[f]
  return out
}

function checkAligned(address: Value, attributes: AccessAttributes | undefined): void {
  if (attributes?.aligned && (address as bigint) % BigInt(attributes.aligned) !== 0n) fault.GP(0)
}

/**
 * Executes one instruction exactly: the judge of translated code, and what it hands over to. Register writes are kept back until
 * the instruction ends, so that a fault leaves the state untouched.
 */
export class Evaluator extends EvalOps implements Cpu<Value> {
  readonly state: CpuState
  readonly env: Environment
  /** Set by whoever switches address space or enters an enclave. */
  view: View
  /** The exit that the current instruction asked for (SYSCALL, ENCLU). */
  exit: Exit | undefined
  /** The last instruction was a MOV to SS, which inhibits a trap behind it. [SDM-3 "Masking Exceptions and Interrupts When Switching Stacks"] */
  inhibitsTrap = false
  private insn!: Insn
  private nextRip = 0
  /** Where a branch into the kernel's half goes. */
  private kernelTarget: bigint | undefined
  /** Register writes to do at the end: width, number, value, three slots each. */
  private readonly writes: (number | Value)[] = []
  private writeCount = 0
  private flagWrite = false
  private fop = 0
  private fa = 0n
  private fb = 0n
  private fc = 0n
  /** The instruction's memory operands and where they are. */
  private known: MemoryOperand | undefined
  private knownAddress: Value = 0n

  constructor(state: CpuState, view: View, env: Environment) {
    super()
    this.state = state
    this.view = view
    this.env = env
    state.materializeFlags = materializeFlags
  }

  /** Runs `i`, which was decoded at the current RIP. Throws a Fault with the state as before it. */
  step(i: Insn): Exit | undefined {
    const { state } = this
    this.insn = i
    this.nextRip = i.address + i.length
    this.writeCount = 0
    this.flagWrite = false
    this.exit = undefined
    this.inhibitsTrap = false
    this.known = undefined
    this.kernelTarget = undefined
    this.fpEnv.start(state.mxcsr)
    if (i.row.enclave && state.inEnclave && (i.row.enclave === 'UD' || !this.env.sgx2)) fault.UD()
    if (i.vex !== 0 && !state.hasAvxState) fault.UD()
    if (i.row.op && !i.row.isSlow?.(i)) i.row.op(this, i)
    else i.row.slow?.(this, i)
    this.commit()
    return this.exit
  }

  private commit(): void {
    const { state } = this
    if (!this.fpEnv.isQuiet) this.reportFp()
    const { u8, u16, u64 } = state.ram
    for (let k = 0; k < this.writeCount; k += 3) {
      const w = this.writes[k] as number
      const n = this.writes[k + 1] as number
      const v = this.writes[k + 2] as Value
      if (w === 64) u64[n] = v as bigint
      else if (w === 32) u64[n] = BigInt(v)
      else if (w === 16) u16[n * 4] = v as number
      else if (w === 8) u8[n * 8] = v as number
      else if (w === 9) u8[n * 8 + 1] = v as number
      else {
        const at = (w === 128 ? STATE.XMM : STATE.YMM_HIGH) / 8 + 2 * n
        u64[at] = BigInt.asUintN(64, v as bigint)
        u64[at + 1] = (v as bigint) >> 64n
      }
    }
    if (this.flagWrite) {
      state.ram.u32[STATE.FOP / 4] = this.fop
      u64[STATE.FA / 8] = this.fa
      u64[STATE.FB / 8] = this.fb
      u64[STATE.FC / 8] = this.fc
    }
    state.rip = this.nextRip
    if (this.kernelTarget !== undefined) this.fetchFromKernel(this.kernelTarget)
  }

  /** The manual: status flags are set even when an unmasked exception keeps the result from being written. */
  private reportFp(): void {
    const { flags, traps } = this.fpEnv.outcome()
    this.state.mxcsr |= flags
    if (traps) fault.XM()
  }
  override fpSettle(): void {
    this.reportFp()
    super.fpSettle()
  }

  /** The branch is done and RIP is its target, which a number does not hold exactly; it is the fetch that faults. */
  private fetchFromKernel(target: bigint): never {
    this.state.ram.u64[STATE.RIP / 8] = target
    this.kernelTarget = undefined
    return fault.PF(target, 0x15)
  }

  reg(w: IntWidth, n: number): Value {
    const { ram } = this.state
    if (w === 64) return ram.u64[n] ?? 0n
    if (w === 32) return ram.u32[n * 2] ?? 0
    return (w === 16 ? ram.u16[n * 4] : ram.u8[n * 8]) ?? 0
  }
  private write(w: number, n: number, value: Value): void {
    const k = this.writeCount
    this.writes[k] = w
    this.writes[k + 1] = n
    this.writes[k + 2] = value
    this.writeCount = k + 3
  }
  setReg(w: IntWidth, n: number, value: Value): void {
    this.write(w, n, value)
  }
  regHigh(n: number): Value {
    return this.state.ram.u8[n * 8 + 1] ?? 0
  }
  /** Width code 9: bits 8 to 15. */
  setRegHigh(n: number, value: Value): void {
    this.write(9, n, value)
  }
  xmm(n: number): Value {
    return this.vector(STATE.XMM / 8 + 2 * n)
  }
  setXmm(n: number, value: Value): void {
    this.write(128, n, value)
  }
  ymmHigh(n: number): Value {
    return this.vector(STATE.YMM_HIGH / 8 + 2 * n)
  }
  /** Width code 256: the upper half of as many bits. */
  setYmmHigh(n: number, value: Value): void {
    this.write(256, n, value)
  }
  private vector(at: number): bigint {
    const { u64 } = this.state.ram
    return ((u64[at + 1] ?? 0n) << 64n) | (u64[at] ?? 0n)
  }

  effectiveAddress(m: MemoryOperand): Value {
    let a = m.disp
    if (m.base >= 0) a += this.reg(64, m.base) as bigint
    if (m.index >= 0) a += (this.reg(64, m.index) as bigint) << BigInt(m.scale)
    return BigInt.asUintN(m.a32 ? 32 : 64, a)
  }
  address(m: MemoryOperand): Value {
    if (this.known === m) return this.knownAddress
    let a = this.effectiveAddress(m) as bigint
    if (m.seg !== 'none') a = BigInt.asUintN(64, a + (m.seg === 'FS' ? this.state.fsBase : this.state.gsBase))
    this.known = m
    this.knownAddress = a
    return a
  }

  /** Checks that `size` bytes at a linear address are canonical and of the user; gives the address as a number. */
  linear(address: Value, size: number, access: 'R' | 'W', stack = false): number {
    const a = address as bigint
    if (a <= BigInt(USER_END - size)) return Number(a)
    return this.notUser(a, size, access, stack)
  }

  private notUser(a: bigint, size: number, access: 'R' | 'W', stack: boolean): number {
    const last = BigInt.asUintN(64, a + BigInt(size - 1))
    const isCanonical = (x: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(48, x)) === x
    if (!isCanonical(a) || !isCanonical(last)) {
      if (stack || this.usesStack()) fault.SS(0)
      fault.GP(0)
    }
    // The kernel's half: present or not, Linux reports it as a protection violation.
    return fault.PF(a, (access === 'W' ? 2 : 0) | 5)
  }

  /** Whether a non-canonical address is #SS: the operand has RSP or RBP as base, and no FS or GS. */
  private usesStack(): boolean {
    const m = this.known
    return m !== undefined && m.seg === 'none' && (m.base === 4 || m.base === 5)
  }

  load(w: Width, address: Value, attributes?: AccessAttributes): Value {
    const size = w / 8
    checkAligned(address, attributes)
    const a = this.linear(address, size, attributes?.willWrite ? 'W' : 'R', attributes?.stack)
    if (attributes?.willWrite) this.demandWrite(a, size)
    if ((a % PAGE_SIZE) + size > PAGE_SIZE) return this.loadCrossing(w, a, size)
    const at = this.view.readable(a)
    const { dv } = this.state.ram
    if (w === 64) return dv.getBigUint64(at, true)
    if (w === 32) return dv.getUint32(at, true)
    if (w === 16) return dv.getUint16(at, true)
    if (w === 8) return dv.getUint8(at)
    return (dv.getBigUint64(at + 8, true) << 64n) | dv.getBigUint64(at, true)
  }
  private loadCrossing(w: Width, a: number, size: number): Value {
    const bytes = this.view.read(a, size)
    let v = 0n
    for (let k = size - 1; k >= 0; k--) v = (v << 8n) | BigInt(bytes[k] ?? 0)
    return w >= 64 ? v : Number(v)
  }
  private demandWrite(a: number, size: number): void {
    this.view.writable(a)
    if ((a % PAGE_SIZE) + size > PAGE_SIZE) this.view.writable(a - (a % PAGE_SIZE) + PAGE_SIZE)
  }

  store(w: Width, address: Value, value: Value, attributes?: AccessAttributes): void {
    const size = w / 8
    checkAligned(address, attributes)
    const a = this.linear(address, size, 'W', attributes?.stack)
    if ((a % PAGE_SIZE) + size > PAGE_SIZE) {
      const bytes = new Uint8Array(size)
      let v = BigInt(value)
      for (let k = 0; k < size; k++, v >>= 8n) bytes[k] = Number(v & 0xffn)
      this.view.write(a, bytes)
      return
    }
    const at = this.view.writable(a)
    if (at < 0) return
    const { dv } = this.state.ram
    if (w === 64) dv.setBigUint64(at, value as bigint, true)
    else if (w === 32) dv.setUint32(at, value as number, true)
    else if (w === 16) dv.setUint16(at, value as number, true)
    else if (w === 8) dv.setUint8(at, value as number)
    else {
      dv.setBigUint64(at, BigInt.asUintN(64, value as bigint), true)
      dv.setBigUint64(at + 8, (value as bigint) >> 64n, true)
    }
  }

  loadAlone(w: 32 | 64, address: Value): Value {
    return BigInt(this.load(w, address))
  }

  load256(address: Value, attributes?: AccessAttributes): readonly [Value, Value] {
    checkAligned(address, attributes)
    const a = BigInt(this.linear(address, 32, 'R', attributes?.stack))
    return [this.load(128, a), this.load(128, a + 16n)]
  }
  store256(address: Value, low: Value, high: Value, attributes?: AccessAttributes): void {
    checkAligned(address, attributes)
    const a = this.linear(address, 32, 'W', attributes?.stack)
    this.demandWrite(a, 32)
    this.store(128, BigInt(a), low)
    this.store(128, BigInt(a + 16), high)
  }

  flag(f: ArithmeticFlag): Value {
    const { recipe, w, a, b, c } = this.flagInputs()
    return RECIPES[recipe][f](this, w, a, b, c)
  }
  condition(cc: number): Value {
    const { recipe, w, a, b, c } = this.flagInputs()
    const name = CONDITION_NAMES[cc >> 1] as keyof NonNullable<ReturnType<typeof recipeOf>['conditions']>
    const short = recipeOf(recipe).conditions?.[name]
    if (short) return Number(short(this, w, a, b, c)) ^ (cc & 1)
    return conditionText<Value>(this, cc, (f) => RECIPES[recipe][f](this, w, a, b, c))
  }
  private flagInputs(): { recipe: FlagRecipe; w: IntWidth; a: Value; b: Value; c: Value } {
    const { u32, u64 } = this.state.ram
    const { recipe, w } = fopRecipe(u32[STATE.FOP / 4] ?? 0)
    // PACKED in zeroed state has width code 0: read it as wide as it is.
    const width = recipe === 'PACKED' ? 32 : w
    const input = (at: number): Value => this.lit(width, u64[at / 8] ?? 0n)
    return { recipe, w: width, a: input(STATE.FA), b: input(STATE.FB), c: input(STATE.FC) }
  }
  setFlags(recipe: FlagRecipe, w: IntWidth, a: Value, b: Value = 0, c: Value = 0): void {
    this.flagWrite = true
    this.fop = fopOf(recipe, w)
    this.fa = BigInt(a)
    this.fb = BigInt(b)
    this.fc = BigInt(c)
  }
  setFlagsIf(condition: Value, recipe: FlagRecipe, w: IntWidth, a: Value, b?: Value, c?: Value): void {
    if (condition) this.setFlags(recipe, w, a, b, c)
  }
  setDirection(down: boolean): void {
    const { u32 } = this.state.ram
    const rest = u32[STATE.RFLAGS_REST / 4] ?? 0
    u32[STATE.RFLAGS_REST / 4] = down ? rest | RFLAGS.DF : rest & ~RFLAGS.DF
  }
  stringStep(size: number): Value {
    return BigInt.asUintN(64, BigInt(this.directionFlag ? -size : size))
  }

  mxcsr(): Value {
    return this.state.mxcsr
  }
  setMxcsr(value: Value): void {
    if (Number(value) & ~MXCSR_MASK) fault.GP(0)
    this.state.mxcsr = Number(value)
  }
  waitX87(): void {
    if (new Fpu(this.state).status & FSW.ES) fault.MF()
  }
  setX87Control(value: Value): void {
    const f = new Fpu(this.state)
    f.control = controlWord(Number(value))
    f.commit()
  }
  x87Control(): Value {
    return controlWord(this.state.ram.u16[STATE.X87 / 2] ?? 0)
  }

  jump(_kind: JumpKind, target: Value, first?: () => void): void {
    first?.()
    const t = target as bigint
    if (t >= BigInt(USER_END)) {
      // A canonical kernel address faults when it is fetched, a non-canonical one at the branch.
      if (BigInt.asUintN(64, BigInt.asIntN(48, t)) !== t) fault.GP(0)
      this.kernelTarget = t
    }
    this.nextRip = Number(t)
  }
  branch(_kind: JumpKind, target: number, condition?: Value): void {
    if (condition === undefined || condition) this.jump(_kind, BigInt.asUintN(64, BigInt(target)))
  }

  // What only `slow` rows use.

  /** RIP to continue at, for instructions that repeat themselves (REP). */
  stay(): void {
    this.nextRip = this.insn.address
  }
  get directionFlag(): boolean {
    return ((this.state.ram.u32[STATE.RFLAGS_REST / 4] ?? 0) & RFLAGS.DF) !== 0
  }
  /** Ends the instruction with an exit to the run loop, RIP at the next instruction unless `stay` was called. */
  leave(exit: Exit): void {
    this.exit = exit
  }
}
