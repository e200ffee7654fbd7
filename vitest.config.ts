import { defineConfig } from 'vitest/config'
import { relaxedSimd } from './test/relaxed-simd.ts'

/** What `npm test` runs, within two minutes on two cores; what takes longer is in vitest.slow.config.ts. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/slow/**', '**/*.slow.test.ts'],
    testTimeout: 60_000,
    maxWorkers: '100%',
    execArgv: relaxedSimd,
  },
})
