import { expect, test } from 'vitest'
import { formatStats } from './stats.ts'

const STATS = {
  instructions: 2_000_000,
  evaluated: 50_000,
  regions: 12,
  translatedInstructions: 3456,
  keptRegions: 2,
  keptCompiled: 1,
  handovers: 7,
  systemCalls: 40,
  transitions: { EENTER: 3, ERESUME: 1, EEXIT: 3, AEX: 1 },
  paging: { writtenOut: 1200, loaded: 3 },
  epc: { pages: 16_384, inUse: 25 },
}

test('statistics for people', () => {
  expect(formatStats(STATS, 500, 'text')).toEqual([
    'instructions     2,000,000 in 0.500 s (4.0 million per second)',
    'in the evaluator 50,000 (2.50 %), handed over 7 times',
    'translated       12 regions of 3,456 instructions, 2 kept from earlier runs, 1 of them compiled',
    'system calls     40',
    'transitions      EENTER 3, ERESUME 1, EEXIT 3, AEX 1',
    'EPC paging       1,200 pages written out, 3 loaded',
    'EPC pages        25 of 16,384 in use at the end',
  ])
})

test('statistics for programs', () => {
  expect(formatStats(STATS, 500, 'json').map((line) => JSON.parse(line) as unknown)).toEqual([
    { schemaVersion: 1, seconds: 0.5, ...STATS },
  ])
})
