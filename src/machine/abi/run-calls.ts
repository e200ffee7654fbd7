import { InternalError } from '../../base/index.ts'
import { ENTER_ENCLAVE, type VdsoAbi, type VdsoImage } from '../../vdso/index.ts'
import type { MachineOptions } from '../options.ts'
import type { Step } from '../stepper.ts'
import { Machine } from '../machine.ts'
import { programPort, PROGRAM_PATH } from '../program-port.ts'
import type { Call, CallRecord, Mark, Place, Point } from './call.ts'
import { STACK } from './layout.ts'
import { buildProgram, type Program } from './program.ts'

/** Makes calls in a machine of their own, one instruction at a time, and notes the points that each comes to. */

const GPR_COUNT = 16

/** Which image is called, and which prototype it has. */
export interface Subject {
  readonly name: string
  readonly abi: VdsoAbi
  readonly image: VdsoImage
  readonly options: Pick<MachineOptions, 'vdso' | 'vdsoImage' | 'vdsoFixup'>
}

class Observer {
  readonly records: CallRecord[] = []
  /** Of the vDSO, for whoever compares addresses in it. */
  base = 0
  private readonly program: Program
  private readonly image: VdsoImage
  private readonly onStep: ((step: Step, place: Place) => void) | undefined
  private marks: Mark[] = []
  private vdso = 0
  private wrapper = 0
  private before: Place = 'driver'
  private lastInVdso: number | undefined

  constructor(program: Program, image: VdsoImage, onStep: ((step: Step, place: Place) => void) | undefined) {
    this.program = program
    this.image = image
    this.onStep = onStep
  }

  see(step: Step): void {
    this.base = step.vdso
    const place = this.placeOf(step)
    const offset = step.rip - step.vdso
    const { ip, fixup } = this.image.exceptionTable[0] ?? { ip: -1, fixup: -1 }
    const point = pointBetween(this.before, place, offset === fixup)
    if (point !== undefined) this.mark(point, step)
    // An ENCLU that faults stays where it is, and an interrupted enclave comes back to it.
    if (place === 'vdso' && offset === ip) this.mark('enclu', step)
    else if (place === 'vdso' && this.lastInVdso === ip && point === undefined && offset === fixup)
      this.mark('exception', step)
    if (place === 'vdso' && offset !== ip) this.vdso++
    if (place === 'wrapper') this.wrapper++
    this.lastInVdso = place === 'vdso' ? offset : undefined
    this.before = place
    this.onStep?.(step, place)
    if (step.rip === this.program.returned) this.finish(step)
  }

  /** The program was killed in the middle of a call. */
  killed(signal: number): void {
    const next = this.program.calls[this.records.length]
    if (!next) return
    const empty = new Uint8Array(0)
    const at = this.lastInVdso
    const { call, registers } = next
    this.records.push({
      call,
      before: registers,
      marks: this.marks,
      structure: empty,
      stack: empty,
      killed: { signal, at },
    })
  }

  private placeOf(step: Step): Place {
    const { driver, handler, wrappers } = this.program
    const within = ({ code, at }: Program['driver']): boolean => step.rip >= at && step.rip < at + code.bytes.length
    if (step.inEnclave) return 'enclave'
    if (within(driver)) return 'driver'
    if (within(handler)) return 'handler'
    return wrappers.some(within) ? 'wrapper' : 'vdso'
  }

  private mark(point: Point, step: Step): void {
    const registers = Array.from({ length: GPR_COUNT }, (_, n) => step.gpr(n))
    this.marks.push({ point, vdso: this.vdso, wrapper: this.wrapper, registers, rflags: step.rflags })
    this.vdso = this.wrapper = 0
  }

  private finish(step: Step): void {
    this.mark('done', step)
    const next = this.program.calls[this.records.length]
    if (!next) throw new InternalError('the measuring program made a call that was not asked for')
    const { call, registers, structure } = next
    this.records.push({
      call,
      before: registers,
      marks: this.marks,
      // A caller may have put it where nothing can be.
      structure: (Number.isSafeInteger(structure.at) && step.read(structure.at, structure.size)) || new Uint8Array(0),
      stack: step.read(STACK.start, STACK.size) ?? new Uint8Array(0),
    })
    this.marks = []
  }
}

/** The point that lies between an instruction at `from` and one at `to`. */
function pointBetween(from: Place, to: Place, atFixup: boolean): Point | undefined {
  if (from === to) return undefined
  if (to === 'enclave') return 'enclave'
  if (to === 'handler') return 'handler'
  if (to === 'vdso') {
    if (from === 'enclave') return atFixup ? 'exception' : 'exit'
    return from === 'handler' ? 'handler-return' : 'call'
  }
  return from === 'vdso' ? 'return' : undefined
}

export interface CallRecords {
  readonly records: readonly CallRecord[]
  /** Where the vDSO was. */
  readonly base: number
}

/** Makes the calls one after the other; ends early where one of them kills the program. */
export async function runCalls(
  subject: Subject,
  calls: readonly Call[],
  onStep?: (step: Step, place: Place) => void,
): Promise<CallRecords> {
  const { abi, image, options } = subject
  const offset = image.symbols.get(ENTER_ENCLAVE)?.offset ?? 0
  const program = buildProgram(abi, offset, calls)
  const observer = new Observer(program, image, onStep)
  const machine = new Machine({ port: programPort(program.file), ...options, onStep: (step) => observer.see(step) })
  const status = await machine.run(PROGRAM_PATH, [PROGRAM_PATH], [])
  if (status.kind === 'killed') observer.killed(status.signal)
  else if (status.code !== 0) throw new InternalError('the measuring program could not build its enclave')
  return { records: observer.records, base: observer.base }
}
