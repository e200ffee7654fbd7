import type { Clock } from '../linux/index.ts'

/** Virtual time: one nanosecond for each instruction retired, and whatever was skipped while all tasks waited. */
export class VirtualClock implements Clock {
  /** Of the time-stamp counter, which counts these nanoseconds. */
  readonly hertz = 1e9
  /** Instructions retired so far, without those of a slice that is running. */
  retired = 0
  private skipped = 0n
  private fuel: number | undefined
  private readonly fuelLeft: () => number

  constructor(fuelLeft: () => number) {
    this.fuelLeft = fuelLeft
  }

  now(): bigint {
    return BigInt(this.retired + this.spent()) + this.skipped
  }
  skipTo(time: bigint): void {
    const now = this.now()
    if (time > now) this.skipped += time - now
  }

  /** A slice begins with this many instructions to spend. */
  start(fuel: number): void {
    this.fuel = fuel
  }
  stop(): void {
    this.retired += this.spent()
    this.fuel = undefined
  }
  /** Instructions done outside a slice: ENCLU. */
  retire(count: number): void {
    this.retired += count
  }
  private spent(): number {
    return this.fuel === undefined ? 0 : this.fuel - this.fuelLeft()
  }
}
