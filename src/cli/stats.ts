import type { MachineStats } from '../api/index.ts'

const count = (n: number): string => n.toLocaleString('en-US')

/** The lines of --stats. The JSON form has a version, which changes when a field changes its meaning or goes. */
export function formatStats(stats: MachineStats, milliseconds: number, format: 'text' | 'json'): string[] {
  const seconds = Math.round(milliseconds) / 1000
  if (format === 'json') return [JSON.stringify({ schemaVersion: 1, seconds, ...stats })]
  const { instructions, evaluated, regions, translatedInstructions, keptRegions, keptCompiled } = stats
  const { handovers, systemCalls, transitions, paging, epc } = stats
  const share = instructions === 0 ? 0 : (100 * evaluated) / instructions
  const rate = milliseconds === 0 ? 0 : instructions / milliseconds / 1000
  const crossings = Object.entries(transitions).map(([name, n]) => `${name} ${count(n)}`)
  return [
    `instructions     ${count(instructions)} in ${seconds.toFixed(3)} s (${rate.toFixed(1)} million per second)`,
    `in the evaluator ${count(evaluated)} (${share.toFixed(2)} %), handed over ${count(handovers)} times`,
    `translated       ${count(regions)} regions of ${count(translatedInstructions)} instructions, ${count(keptRegions)} kept from earlier runs, ${count(keptCompiled)} of them compiled`,
    `system calls     ${count(systemCalls)}`,
    `transitions      ${crossings.join(', ')}`,
    `EPC paging       ${count(paging.writtenOut)} pages written out, ${count(paging.loaded)} loaded`,
    `EPC pages        ${count(epc.inUse)} of ${count(epc.pages)} in use at the end`,
  ]
}
