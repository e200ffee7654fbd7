/** /proc/cpuinfo, made of what CPUID answers, in the shape of Linux 6.12 for a kernel of one processor (arch/x86/kernel/cpu/proc.c). */
import { FEATURE_BITS } from './instruction-levels.ts'
import type { CpuidAnswer } from './processor-profile.ts'

/** What Linux does not call as CPUID does, in more than the case. */
export const LINUX_NAMES: Readonly<Record<string, string>> = {
  CLFSH: 'clflush',
  SSE3: 'pni',
  LZCNT: 'abm',
  LAHF: 'lahf_lm',
  PREFETCHW: '3dnowprefetch',
  SHA: 'sha_ni',
}
/** It says that Linux has enabled XSAVE; Linux does not tell. */
const UNTOLD = 'OSXSAVE'
/** Leaf, subleaf and register (EAX 0 to EDX 3) in Linux's order; 'linux' stands for what the kernel itself finds of such a processor. */
// prettier-ignore
const WORDS = [
  [1, 0, 3], [0x8000_0001, 0, 3], 'linux', [1, 0, 2], [0x8000_0001, 0, 2], [7, 0, 1], [0xd, 1, 0], [7, 0, 2], [7, 0, 3],
] as const
const LINUX_WORD = ['constant_tsc', 'rep_good', 'nopl', 'cpuid']

type Cpuid = (leaf: number, subleaf: number) => CpuidAnswer

function flags(cpuid: Cpuid): string[] {
  return WORDS.flatMap((word) => {
    if (word === 'linux') return LINUX_WORD
    const [leaf, subleaf, register] = word
    const bits = cpuid(leaf, subleaf)[register]
    return FEATURE_BITS.filter(([l, s, r]) => l === leaf && s === subleaf && r === register)
      .flatMap(([, , , names]) => Object.entries(names))
      .filter(([name, bit]) => name !== UNTOLD && ((bits >>> bit) & 1) === 1)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => LINUX_NAMES[name] ?? name.toLowerCase())
  })
}

const text = (registers: readonly number[]): string =>
  new TextDecoder()
    .decode(new Uint8Array(Uint32Array.from(registers).buffer))
    .replaceAll('\0', '')
    .trim()

/** KiB of the largest cache: "ways, partitions, line size and sets, each minus one". */
function cacheSize(cpuid: Cpuid): number {
  let size = 0
  for (let n = 0; ; n++) {
    const [kind, ways, sets] = cpuid(4, n)
    if ((kind & 31) === 0) return size / 1024
    const [w, p, line] = [ways >>> 22, (ways >>> 12) & 0x3ff, ways & 0xfff]
    size = Math.max(size, (w + 1) * (p + 1) * (line + 1) * (sets + 1))
  }
}

/** `hertz`: of the time-stamp counter. */
export function cpuinfo(cpuid: Cpuid, hertz: number): string {
  const [signature, misc] = cpuid(1, 0)
  const [highest, b, c, d] = cpuid(0, 0)
  const family = (signature >>> 8) & 15
  const addresses = cpuid(0x8000_0008, 0)[0]
  const line = ((misc >>> 8) & 0xff) * 8
  const rows: readonly (readonly [name: string, value: string | number])[] = [
    ['processor\t', 0],
    ['vendor_id\t', text([b, d, c])],
    ['cpu family\t', family === 15 ? family + ((signature >>> 20) & 0xff) : family],
    ['model\t\t', ((signature >>> 4) & 15) | ((signature >>> 12) & 0xf0)],
    ['model name\t', text([2, 3, 4].flatMap((n) => cpuid(0x8000_0000 + n, 0)))],
    ['stepping\t', signature & 15],
    ['cpu MHz\t\t', (hertz / 1e6).toFixed(3)],
    ['cache size\t', `${cacheSize(cpuid)} KB`],
    ['fpu\t\t', 'yes'],
    ['fpu_exception\t', 'yes'],
    ['cpuid level\t', highest],
    ['wp\t\t', 'yes'],
    ['flags\t\t', flags(cpuid).join(' ')],
    ['bugs\t\t', ''],
    ['bogomips\t', ((hertz * 2) / 1e6).toFixed(2)],
    ['clflush size\t', line],
    ['cache_alignment\t', line],
    ['address sizes\t', `${addresses & 0xff} bits physical, ${(addresses >>> 8) & 0xff} bits virtual`],
  ]
  return `${rows.map(([name, value]) => `${name}: ${value}\n`).join('')}power management:\n\n`
}
