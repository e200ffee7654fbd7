/** Rows whose translation uses relaxed vector operations, where the host has none (readers.fixture.ts). */
import { expect, test, vi } from 'vitest'
import { FAMILIES } from '../isa/index.ts'
import { hasRelaxedSimd } from '../wasm/index.ts'
import { askedOf, compareReaders } from './readers.fixture.ts'

vi.mock(import('../wasm/index.ts'), async (original) => ({ ...(await original()), hasRelaxedSimd: () => false }))

const RELAXED = /^V?(AES|PSHUFB|PERMILPS|FN?M(ADD|SUB))/

test('translated code = evaluator', () => {
  expect(hasRelaxedSimd()).toBe(false)
  const asked = askedOf(Object.values(FAMILIES).flat()).filter((row) => RELAXED.test(row.mnemonic))
  if (asked.length > 0) compareReaders(asked)
})
