import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { buildVdso } from './index.ts'

/**
 * The image on this host's own processor: native-harness.c calls it, stands in for the enclave and the kernel at the
 * ENCLU, counts instructions with the trap flag, and prints what the caller and the handler see. It complains by itself
 * (BAD-...) when a register that passes through does not.
 */

const KEPT = 'rbx:kept rbp:kept rsp:kept'
const EINVAL = 'rax:ffffffea'
const ARGS = 'args:d1,51,d2,8,9,run'
const CALLED = `handler@14 ${ARGS} rsp:0 aligned:1 df:0`
const UNTOUCHED = 'function:77 vector:78 error_code:4f addr:50'

// prettier-ignore
const EXPECTED: readonly (readonly [scenario: string, seen: string])[] = [
  ['exit',                         `enclu@40 rax:2 return@8 rax:0 ${KEPT}`],
  ['exit.run',                     'function:4 vector:78 error_code:4f addr:50'],
  // The upper half of RCX is not looked at: `function` is an unsigned int.
  ['exit-odd-stack',               `enclu@40 rax:3 return@8 rax:0 ${KEPT}`],
  ['exception',                    `enclu@40 rax:2 return@12 rax:0 ${KEPT}`],
  ['exception.run',                'function:3 vector:14 error_code:8007 addr:7fff00001000'],
  ['exception-on-eenter',          `enclu@40 rax:2 return@12 rax:0 ${KEPT}`],
  ['exception-on-eenter.run',      'function:2 vector:6 error_code:0 addr:0'],
  // As on Linux: RBP anchors the frame, but RBX is popped from where the enclave left RSP.
  ['displaced',                    'enclu@40 rax:2 return@8 rax:0 rbx:CHANGED rbp:kept rsp:kept'],
  ...Array.from({ length: 216 }, (_, i) => [`reserved-${40 + i}`, `return@43 ${EINVAL} ${KEPT}`] as const),
  ['reserved-255.run',             UNTOUCHED],
  // `run` is not an address here: it must not be touched.
  ...['0', '1', '4', '5', '80000002', 'ffffffff', '102'].map((n) => [`function-${n}`, `return@11 ${EINVAL} ${KEPT}`] as const),
  ['run-null',                     'signal:11 addr:28 in-image:1'],
  ['handler',                      `enclu@40 rax:2 ${CALLED} return@6 rax:0 ${KEPT}`],
  ['handler.run',                  'function:4 vector:78 error_code:4f addr:50'],
  ['handler-odd-stack',            `enclu@40 rax:3 ${CALLED} return@6 rax:fffffffb ${KEPT}`],
  ['handler-again',                `enclu@40 rax:2 ${CALLED} enclu@40 rax:2 ${CALLED} return@6 rax:0 ${KEPT}`],
  ['handler-resumes',              `enclu@40 rax:2 handler@18 args:e,abcd8007,7fff00001000,8000,8001,run rsp:0 aligned:1 df:0 ` +
                                   `enclu@40 rax:3 ${CALLED} return@6 rax:0 ${KEPT}`],
  ['handler-resumes.run',          'function:4 vector:14 error_code:8007 addr:7fff00001000'],
  ['handler-bad-function',         `enclu@40 rax:2 ${CALLED} return@11 ${EINVAL} ${KEPT}`],
  ['handler-displaced',            `enclu@40 rax:2 handler@14 ${ARGS} rsp:-40 aligned:1 df:0 return@6 rax:0 rbx:CHANGED rbp:kept rsp:kept`],
  ['handler-pops',                 `enclu@40 rax:2 handler@14 return@6 rax:0 ${KEPT}`],
  ['last-in-page',                 `enclu@40 rax:2 return@8 rax:0 ${KEPT}`],
  ['two-pages',                    `enclu@149 rax:2 return@8 rax:0 ${KEPT}`],
  ['two-pages-reserved',           `return@148 ${EINVAL} ${KEPT}`],
  ['second-page-missing',          'signal:11 addr:30 in-image:1'],
  ['second-page-missing-reserved', `return@18 ${EINVAL} ${KEPT}`],
]

const missing =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'not Linux on x86-64'
    : spawnSync('gcc', ['--version']).status !== 0
      ? 'no gcc here'
      : undefined

/** Compiles and runs the harness; its lines as a map. */
function runHarness(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'enclu-vdso-'))
  try {
    const { bytes, labels, text } = buildVdso()
    writeFileSync(join(folder, 'vdso.so'), bytes)
    const source = fileURLToPath(new URL('native-harness.c', import.meta.url))
    const gcc = spawnSync('gcc', ['-O1', '-Wall', '-o', join(folder, 'harness'), source], { encoding: 'utf8' })
    expect(gcc.stderr).toBe('')
    const offsets = ['__vdso_sgx_enter_enclave', 'enclu', 'exception'].map((label) => labels.get(label))
    const args = [join(folder, 'vdso.so'), ...[...offsets, text.start, text.end].map(String)]
    const { stdout, status } = spawnSync(join(folder, 'harness'), args, { encoding: 'utf8', timeout: 60_000 })
    expect(status).toBe(0)
    return new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.replace(/:.*/, ''), line.replace(/^.*?: */, '')]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.skipIf(missing !== undefined)(
  `on this processor${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('every path of the mainline ABI does what Linux does, in this many instructions', () => {
      const seen = runHarness()
      for (const [scenario, expected] of EXPECTED)
        expect(`${scenario}: ${seen.get(scenario)}`).toBe(`${scenario}: ${expected}`)
      expect([...seen.keys()]).toEqual(EXPECTED.map(([scenario]) => scenario))
    })
  },
)
