import { invariant } from '../base/index.ts'
import { Fault, PAGE_SIZE, STATE, type CpuState, type Exit, type View } from '../cpu/index.ts'
import { decode, type Decode, type Evaluator, type Insn } from '../isa/index.ts'
import { noStats } from '../translate/index.ts'

/** The processor just before an instruction. Valid during the call that it is given to. */
export interface Step {
  /** Address of the instruction. */
  readonly rip: number
  /** Whether the instruction belongs to an enclave. */
  readonly inEnclave: boolean
  /** Where the vDSO is, or 0. */
  readonly vdso: number
  readonly rflags: bigint
  /** A general register by the manual's number: RAX 0, RCX 1, RDX 2, RBX 3, RSP 4, RBP 5, RSI 6, RDI 7, R8 to R15. */
  gpr(number: number): bigint
  /** Memory as the instruction would read it; undefined where it cannot. */
  read(address: number, length: number): Uint8Array | undefined
}

const LONGEST_INSN = 15

/** Runs guest code one instruction at a time and shows each to an observer; what `Engine` is otherwise. */
export class Stepper {
  readonly stats = noStats()
  private readonly state: CpuState
  private readonly evaluator: Evaluator
  private readonly decode: Decode
  private readonly observe: () => void

  constructor(state: CpuState, evaluator: Evaluator, observe: () => void) {
    this.state = state
    this.evaluator = evaluator
    this.decode = evaluator.env.decode ?? decode
    this.observe = observe
  }

  setView(view: View): void {
    this.evaluator.view = view
  }

  /** Whether #DB would follow the last instruction. */
  get traps(): boolean {
    return !this.evaluator.inhibitsTrap
  }

  run(fuel: number): Exit {
    const { i32 } = this.state.ram
    for (let left = fuel; left > 0; left--) {
      i32[STATE.FUEL / 4] = left
      this.observe()
      const exit = this.step()
      if (!exit) continue
      // As the engine counts: a fault has not retired its instruction, nor has ENCLU, which the machine executes.
      i32[STATE.FUEL / 4] = exit.kind === 'syscall' || exit.kind === 'budget' ? left - 1 : left
      return exit
    }
    i32[STATE.FUEL / 4] = 0
    return { kind: 'budget' }
  }

  private step(): Exit | undefined {
    try {
      const insn = this.fetch(this.state.rip)
      this.stats.evaluated++
      return this.evaluator.step(insn)
    } catch (e) {
      if (e instanceof Fault) return { kind: 'fault', fault: e }
      throw e
    }
  }

  private fetch(address: number): Insn {
    const { view } = this.evaluator
    const { u8 } = this.state.ram
    const at = view.executable(address)
    const here = PAGE_SIZE - (at % PAGE_SIZE)
    const insn = this.decode(u8, at, address, at + here)
    if (insn) return insn
    const bytes = new Uint8Array(here + LONGEST_INSN)
    bytes.set(u8.subarray(at, at + here))
    const next = view.executable(address + here)
    bytes.set(u8.subarray(next, next + LONGEST_INSN), here)
    const crossing = this.decode(bytes, 0, address)
    invariant(crossing, 'fifteen bytes hold an instruction or are none')
    return crossing
  }
}
