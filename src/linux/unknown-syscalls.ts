import { EncluError } from '../base/index.ts'
import { ENOSYS, UNIMPLEMENTED_BY_LINUX, syscallName } from '../spec/linux/index.ts'

/**
 * System calls without a row. One that Linux has is our gap: it ends the run under its name, or is counted and answered as a
 * kernel without it would. One that Linux does not serve either is the guest's own mistake.
 */
export class UnknownSyscalls {
  private readonly policy: 'stop' | 'enosys'
  /** How often each was called, by name. */
  readonly counts = new Map<string, number>()

  constructor(policy: 'stop' | 'enosys') {
    this.policy = policy
  }

  answer(number: number, rip: number): number {
    const name = syscallName(number)
    if (name === undefined || UNIMPLEMENTED_BY_LINUX.includes(name)) return -ENOSYS
    return this.gap(name, -ENOSYS, `The program made the system call ${name} (${number})`, { number, rip })
  }

  /** A part of a system call that Linux has and enclu has not: stops the run under its name, or is counted and answered so. */
  gap(name: string, answer: number, what: string, details: Readonly<Record<string, unknown>> = {}): number {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    if (this.policy === 'enosys') return answer
    throw new EncluError('ERR_UNIMPLEMENTED', `${what}, which enclu does not have yet.`, { syscall: name, ...details })
  }
}
