/** Which instructions the processor of this machine has: rows of other features cannot be judged by it. */
import { existsSync, readFileSync } from 'node:fs'
import { LINUX_NAMES } from '../../src/machine/cpuinfo.ts'

/** CPUID's names to those of /proc/cpuinfo. Linux enables XSAVE where there is one. */
const NAMES: Readonly<Record<string, string>> = { ...LINUX_NAMES, OSXSAVE: 'xsave' }

function readFlags(): ReadonlySet<string> {
  const text = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'latin1') : ''
  return new Set(/^flags\s*:(?<flags>.*)$/m.exec(text)?.groups?.['flags']?.trim().split(' '))
}
const flags = readFlags()

/** `feature` as in `Row.feature`. */
export const hostHas = (feature: string | undefined): boolean =>
  feature === undefined || feature.split('+').every((f) => flags.has(NAMES[f] ?? f.toLowerCase().replace('.', '_')))
