/** Finds the place of every mutant in test/mutants, and what the file is with it. */
import { existsSync, readFileSync } from 'node:fs'
import { MUTANTS, SWEEPS, UNOBSERVABLE } from '../test/mutants/index.ts'
import type { Mutant, Sweep, Tests } from '../test/mutants/mutant.ts'
import { sweep } from './mutants-sweep.ts'

/** A mutant with its place found. */
export interface Break {
  readonly id: string
  readonly breaks: string
  readonly file: string
  readonly text: string
  readonly tests: readonly Tests[]
}
/** The data or the command line is wrong. */
export class Complaint extends Error {}

export function breakByHand({ id, breaks, file, find, replace, tests }: Mutant, text: string): Break {
  const at = text.indexOf(find)
  if (at < 0) throw new Complaint(`${id}: its text is not in ${file}.`)
  if (text.indexOf(find, at + 1) >= 0) throw new Complaint(`${id}: its text is in ${file} more than once.`)
  return { id, breaks, file, text: text.slice(0, at) + replace + text.slice(at + find.length), tests }
}

const nameOf = (file: string): string => file.replace(/^src\//, '').replace(/\.ts$/, '')

function breakBySyntax({ file, tests }: Sweep, text: string): Break[] {
  return sweep(file, text).map(({ what, start, end, text: replacement }) => ({
    id: `${nameOf(file)} ${what}`,
    breaks: what,
    file,
    text: text.slice(0, start) + replacement + text.slice(end),
    tests,
  }))
}

/** All that can be observed; `swept`: also what syntax finds. Throws a Complaint if the data is wrong. */
export function collect(swept: boolean): Break[] {
  const read = (file: string): string => {
    if (!existsSync(file)) throw new Complaint(`test/mutants names ${file}, which is not there.`)
    return readFileSync(file, 'utf8')
  }
  const all = [
    ...MUTANTS.map((mutant) => breakByHand(mutant, read(mutant.file))),
    ...(swept ? SWEEPS.flatMap((one) => breakBySyntax(one, read(one.file))) : []),
  ]
  const ids = new Set(all.map(({ id }) => id))
  if (ids.size !== all.length) throw new Complaint('Two mutants have the same id.')
  const stale = swept ? Object.keys(UNOBSERVABLE).find((id) => !ids.has(id)) : undefined
  if (stale !== undefined) throw new Complaint(`UNOBSERVABLE explains a mutant that there is not: ${stale}`)
  return all.filter(({ id }) => !(id in UNOBSERVABLE))
}
