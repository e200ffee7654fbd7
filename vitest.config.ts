import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], exclude: ['test/slow/**'], testTimeout: 60_000, maxWorkers: '100%' },
})
