/** A machine for tests: a few pages, a processor state and the evaluator, and a deterministic environment. */
import { CpuState, fault, PAGE_SIZE, Ram, View, type Access, type Mapping, type PageSource } from '../cpu/index.ts'
import type { Decode } from './decode.ts'
import { Evaluator, type Environment } from './evaluator.ts'

export type Protection = 'none' | 'r' | 'rw' | 'rx' | 'rwx'

const LAST_PAGE = 0x7fff_ffff_f000

/** Pages that are there, by page number. */
export class TestPages implements PageSource {
  readonly pages = new Map<number, { frame: number; protection: Protection }>()

  resolve(address: number, access: Access): Mapping {
    const page = this.pages.get(Math.floor(address / PAGE_SIZE))
    const error = access === 'W' ? 6 : access === 'X' ? 0x14 : 4
    // Linux keeps the last page of the user half free and reports it as protected.
    if (address >= LAST_PAGE) return fault.PF(address, error | 1)
    if (!page || page.protection === 'none') return fault.PF(address, error)
    if (access !== 'R' && !page.protection.includes(access.toLowerCase())) return fault.PF(address, error | 1)
    return { frame: page.frame, writable: page.protection.includes('w') }
  }
}

const ENVIRONMENT: Environment = {
  cpuid: (leaf, subleaf) => [leaf, 0x1111_1111, subleaf, 0xffff_ffff],
  timestamp: () => 0x1_2345_6789n,
  random: () => 0x0123_4567_89ab_cdefn,
  sgx2: true,
}

export class TestMachine {
  /** Large enough for the homes of the pages that the tests map. */
  readonly ram = new Ram(320 * 1024 * 1024)
  readonly source = new TestPages()
  readonly view = new View(this.ram, this.source)
  readonly state = new CpuState(this.ram)
  readonly evaluator: Evaluator

  /** `decode`: which instructions the processor has, as in Environment. */
  constructor(decode?: Decode) {
    this.evaluator = new Evaluator(this.state, this.view, { ...ENVIRONMENT, ...(decode && { decode }) })
  }

  /** Maps `count` zeroed pages in place of what is there, at home if that is free, or elsewhere. */
  map(address: number, count: number, protection: Protection = 'rw', away = false): void {
    for (let k = 0; k < count; k++) {
      const old = this.source.pages.get(address / PAGE_SIZE + k)
      if (old) this.ram.releaseFrame(old.frame)
      const frame = this.ram.allocateFrame(away ? undefined : address + k * PAGE_SIZE)
      this.source.pages.set(address / PAGE_SIZE + k, { frame, protection })
    }
    this.view.invalidate(address, count)
  }

  protect(address: number, protection: Protection): void {
    const page = this.source.pages.get(address / PAGE_SIZE)
    if (page) page.protection = protection
    this.view.invalidate(address, 1)
  }

  /** The bytes of a mapped page, whatever its protection. */
  page(address: number): Uint8Array {
    const page = this.source.pages.get(Math.floor(address / PAGE_SIZE))
    return this.ram.u8.subarray(page?.frame ?? 0, (page?.frame ?? 0) + PAGE_SIZE)
  }
}
