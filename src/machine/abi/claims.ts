import { invariant } from '../../base/index.ts'
import type { VdsoAbi } from '../../vdso/index.ts'
import type { CallerReport, ImageReport, KeptReport } from './measure.ts'
import { LINUX_COUNTS, type PathName } from './paths.ts'
import type { Style } from './wrappers.ts'

/** What was said in the thread, each with what is measured. */

export interface Claim {
  /** Day of the mail, in 2020. */
  readonly date: string
  readonly claim: string
  readonly measured: string
  readonly verdict: 'true' | 'false' | 'in part'
}

const signed = (n: number): string => (n > 0 ? `+${n}` : String(n))
const list = (names: readonly string[]): string => names.join(', ') || 'nothing'

/** Questions to the reports. */
class Numbers {
  private readonly images: readonly ImageReport[]
  constructor(images: readonly ImageReport[]) {
    this.images = images
  }
  image(abi: VdsoAbi): ImageReport {
    const found = this.images.find(({ name }) => name === abi)
    invariant(found, `no report of ${abi}`)
    return found
  }
  path(abi: VdsoAbi, name: PathName): number {
    return this.image(abi).paths[name] ?? 0
  }
  difference(name: PathName, abi: VdsoAbi, from: VdsoAbi): number {
    return this.path(abi, name) - this.path(from, name)
  }
  caller(abi: VdsoAbi, style: Style): CallerReport {
    const found = this.image(abi).callers.find((c) => c.style === style)
    invariant(found, `no report of ${abi}, ${style}`)
    return found
  }
  wrapper(abi: VdsoAbi, style: Style): number {
    const { before, after } = this.caller(abi, style)
    return before + after
  }
  lost(abi: VdsoAbi, style: Style, enclave: KeptReport['enclave'], exit: KeptReport['exit']): readonly string[] {
    return this.image(abi).kept.find((k) => k.style === style && k.enclave === enclave && k.exit === exit)?.lost ?? []
  }
}

const verdict = (claim: boolean, otherwise: Claim['verdict'] = 'false'): Claim['verdict'] =>
  claim ? 'true' : otherwise

function costs(n: Numbers): Claim[] {
  const plain = n.difference('roundTrip', 'v29', 'v28')
  const misc = n.difference('roundTrip', 'v29-misc', 'v28')
  const miscHandler = n.difference('roundTripHandler', 'v29-misc', 'v28')
  const kept = n.caller('v29', 'all').roundTrip - n.caller('v28', 'all').roundTrip
  const relative = n.difference('exitToHandler', 'v29', 'v28')
  const pointer = n.difference('roundTripHandler', 'v29-misc', 'v29')
  const wholeV28 = n.caller('v28', 'minimal').roundTrip
  const wholeV29 = n.caller('v29', 'direct').roundTrip
  const handler = n.difference('roundTripHandler', 'v29', 'v28')
  return [
    {
      date: '03-16',
      claim: 'Keeping RBX and taking the leaf in RCX costs "the extra MOV, PUSH and POP".',
      measured: `${signed(plain)} instructions without a handler (${n.path('v28', 'roundTrip')} → ${n.path('v29', 'roundTrip')})`,
      verdict: verdict(plain === 3),
    },
    {
      date: '03-16',
      claim: 'With everything proposed, misc included: "net 2 additional instructions" ("+4,-2").',
      measured: `${signed(misc)} without a handler, ${signed(miscHandler)} with one`,
      verdict: verdict(misc === 2 && miscHandler === 2),
    },
    {
      date: '03-16',
      claim: 'A runtime that keeps its wrapper pays "at worst an extra MOV".',
      measured: `${signed(kept)}: the vDSO ${signed(plain)}, the wrapper ${signed(kept - plain)}`,
      verdict: verdict(kept <= 1),
    },
    {
      date: '03-13',
      claim: 'The wrapper shrinks from ten instructions to two.',
      measured: `${n.wrapper('v28', 'minimal')} for v28; for v29 a jump (${n.wrapper('v29', 'minimal')}), or none at all`,
      verdict: verdict(n.wrapper('v28', 'minimal') === 10 && n.wrapper('v29', 'minimal') <= 2),
    },
    {
      date: '03-16',
      claim: 'Wrapper and vDSO together get simpler, and nothing is lost.',
      measured: `${wholeV28} instructions for v28 with its least wrapper, ${wholeV29} for v29 called from C (${signed(wholeV29 - wholeV28)})`,
      verdict: verdict(wholeV29 < wholeV28),
    },
    {
      date: '03-13',
      claim: 'Giving the stack back relative to RSP is a small change: three lines.',
      measured: `${signed(relative)} instruction on the way to the handler, ${signed(handler)} on the round trip with all the rest`,
      verdict: verdict(relative === 1),
    },
    {
      date: '08-10',
      claim: 'Handing a pointer to the handler is one more line and one more push.',
      measured: `${signed(pointer)} with a handler, as it takes the place of a push for alignment; ${signed(n.difference('roundTrip', 'v29-misc', 'v29'))} without`,
      verdict: verdict(pointer <= 1),
    },
    mainlineCost(n),
  ]
}

function mainlineCost(n: Numbers): Claim {
  const [linux = 0, ours] = [LINUX_COUNTS.callToEnclu, n.path('mainline', 'callToEnclu')]
  const dispute = n.difference('roundTrip', 'v29', 'v28')
  return {
    date: '03-11',
    claim: 'The call is a critical path, where fewer instructions count.',
    measured: `Linux spends ${linux} on the way to ENCLU since it checks the reserved area, ${Math.round((linux - n.path('v29', 'callToEnclu')) / dispute)} times the ${dispute} in dispute; ours does the same in ${ours}`,
    verdict: 'in part',
  }
}

function registers(n: Numbers): Claim[] {
  const v28 = n.lost('v28', 'direct', 'keeps', 'EEXIT')
  const exit = n.lost('v29', 'direct', 'keeps', 'EEXIT')
  const aex = n.lost('v29', 'direct', 'keeps', 'AEX')
  const wrapped = n.lost('v29', 'all', 'keeps', 'AEX')
  const resumed = n.lost('v29', 'direct', 'keeps', 'AEX, ERESUME, EEXIT')
  const { displaced } = n.image('v29')
  return [
    {
      date: '03-15',
      claim: 'Saving RBX can be left out without losing anything.',
      measured: `a caller of v28 without a wrapper loses ${list(v28)}; v29 keeps all, and C can call it (${n.image('v28').fromC ? 'so can it v28' : 'it cannot call v28'})`,
      verdict: verdict(v28.length === 0),
    },
    {
      date: '03-11',
      claim: 'The enclave can keep the callee-saved registers, and the wrapper need not.',
      measured: `after EEXIT from an enclave that keeps them, a direct C caller of v29 loses ${list(exit)}, and saves the ${n.wrapper('v29', 'all')} instructions of the wrapper`,
      verdict: verdict(exit.length === 0),
    },
    {
      date: '03-17',
      claim: 'A C caller must save them anyway: after an exception the enclave cannot.',
      measured: `after an exception that is reported, a direct caller loses ${list(aex)}, with a wrapper that saves all ${list(wrapped)}; if a handler resumes the enclave: ${list(resumed)}`,
      verdict: verdict(aex.length > 0 && resumed.length > 0, 'in part'),
    },
    {
      date: '03-18',
      claim: 'LEAVE gives RSP back by itself; but RBX is popped before.',
      measured: `an enclave that leaves RSP displaced costs the caller ${list(displaced.lost)}; if the handler takes the data off the stack: ${list(displaced.lostWithHandler)}`,
      verdict: verdict(displaced.lost.join() === 'RBX' && displaced.lostWithHandler.length === 0),
    },
  ]
}

export function judgeClaims(images: readonly ImageReport[]): Claim[] {
  const numbers = new Numbers(images)
  return [...costs(numbers), ...registers(numbers)]
}
