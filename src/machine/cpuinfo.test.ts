import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cpuinfo } from './cpuinfo.ts'
import { cpuid, PROCESSORS, type ProcessorName } from './processor-profile.ts'

const textOf = (name: ProcessorName): string =>
  cpuinfo((leaf, subleaf) => cpuid(leaf, subleaf, { processor: PROCESSORS[name], sgx: undefined }), 1e9)
const flagsOf = (text: string): string[] => /^flags\t\t: (?<flags>.*)$/m.exec(text)?.groups?.['flags']?.split(' ') ?? []

describe('/proc/cpuinfo', () => {
  test('of a processor without SGX', () => {
    expect(textOf('sgx2')).toBe(`processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 158
model name\t: enclu emulated x86-64 processor with SGX
stepping\t: 10
cpu MHz\t\t: 1000.000
cache size\t: 2048 KB
fpu\t\t: yes
fpu_exception\t: yes
cpuid level\t: 13
wp\t\t: yes
flags\t\t: fpu de pse tsc msr pae cx8 sep pge cmov pat pse36 clflush mmx fxsr sse sse2 syscall nx rdtscp lm constant_tsc rep_good \
nopl cpuid pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 popcnt aes rdrand lahf_lm 3dnowprefetch fsgsbase erms rdseed clflushopt clwb sha_ni
bugs\t\t: 
bogomips\t: 2000.00
clflush size\t: 64
cache_alignment\t: 64
address sizes\t: 39 bits physical, 48 bits virtual
power management:

`)
  })

  test('flags follow the level', () => {
    const v1 = flagsOf(textOf('x86-64-v1'))
    const v3 = flagsOf(textOf('x86-64-v3'))
    const gained =
      'pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c lahf_lm abm bmi1 avx2 bmi2 adx sha_ni'
    expect(v3.filter((f) => !v1.includes(f))).toEqual([...gained.split(' '), 'xsaveopt', 'xsavec', 'xgetbv1'])
    expect(v1.filter((f) => !v3.includes(f))).toEqual([])
  })

  const host = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'latin1') : ''
  test.skipIf(!/^vendor_id\t: GenuineIntel$/m.test(host))(
    "lines and flags are in the order of this machine's Linux",
    () => {
      const names = (text: string): string[] =>
        (text.split('\n\n')[0] ?? '').split('\n').map((line) => line.replace(/:.*/, ':'))
      const inOrderOf = (ours: string[], theirs: string[]): string[] => theirs.filter((x) => ours.includes(x))
      const ours = textOf('x86-64-v3')
      expect(inOrderOf(names(ours), names(host))).toEqual(names(ours))
      const known = flagsOf(ours).filter((f) => flagsOf(host).includes(f))
      expect(known.length).toBeGreaterThan(20)
      expect(inOrderOf(known, flagsOf(host))).toEqual(known)
    },
  )
})
