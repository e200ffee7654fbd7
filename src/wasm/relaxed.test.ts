import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { hasRelaxedSimd } from './relaxed.ts'

const CPUINFO = '/proc/cpuinfo'

test.runIf(process.arch === 'x64' && existsSync(CPUINFO))('on x86-64, the processor has FMA or not', () => {
  expect(hasRelaxedSimd()).toBe(/^flags\b.* fma\b/m.test(readFileSync(CPUINFO, 'utf8')))
})
