import { defineConfig } from 'vitest/config'
import { relaxedSimd } from './test/relaxed-simd.ts'

/** The suites that take minutes: millions of random cases against the host's processor, whole programs. */
export default defineConfig({
  test: {
    include: ['test/slow/**/*.test.ts', 'test/**/*.slow.test.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
    // Vitest would keep one core for itself; here the files are what takes the time.
    maxWorkers: '100%',
    execArgv: relaxedSimd,
  },
})
