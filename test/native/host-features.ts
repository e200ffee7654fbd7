/** Which instructions the processor of this machine has: rows of other features cannot be judged by it. */
import { existsSync, readFileSync } from 'node:fs'

/** CPUID's names to those of /proc/cpuinfo, where they differ in more than the case. */
const LINUX_NAMES: Readonly<Record<string, string>> = {
  SSE3: 'pni',
  LZCNT: 'abm',
  LAHF: 'lahf_lm',
  SHA: 'sha_ni',
  OSXSAVE: 'xsave',
}

function readFlags(): ReadonlySet<string> {
  const text = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'latin1') : ''
  return new Set(/^flags\s*:(?<flags>.*)$/m.exec(text)?.groups?.['flags']?.trim().split(' '))
}
const flags = readFlags()

/** `feature` as in `Row.feature`. */
export const hostHas = (feature: string | undefined): boolean =>
  feature === undefined ||
  feature.split('+').every((f) => flags.has(LINUX_NAMES[f] ?? f.toLowerCase().replace('.', '_')))
