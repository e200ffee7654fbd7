/** C programs give the same output, errors and exit code here as on this machine's own Linux. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { compiled, compilerMissing } from '../support/c-program.ts'
import { command } from '../support/command.ts'
import { runGuest } from '../support/guest.ts'

const missing = await compilerMissing()
const scratch = mkdtempSync(join(tmpdir(), 'enclu-programs-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe.skipIf(missing !== undefined)(`as natively${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  // prettier-ignore
  test.for([
    ['processes',     0, []],
    ['signals',       139, []],
    ['selfmodifying', 0, []],
    ['compute',       0, []],
    ['memory',        0, [scratch]],
    ['threads',       0, []],
    ['debugger',      0, []],
    ['futexes',       0, []],
    ['trapflag',      133, []],
  ] as const)('%s', async ([name, code, args]) => {
    const program = await compiled(join(import.meta.dirname, 'c', `${name}.c`))
    // A shell, so that the signal which ended the program becomes a code.
    const native = await command('/bin/sh', ['-c', '"$@"; exit $?', 'sh', program, ...args], { cwd: scratch })
    expect(native.code).toBe(code)
    const guest = await runGuest(program, { args, cwd: scratch, allowRead: [dirname(program)], allowWrite: [scratch] })
    expect(guest.stdout).toBe(native.stdout)
    expect({ code: guest.code, stderr: guest.stderr, notices: guest.notices }).toEqual({ code, stderr: '', notices: [] })
  })

  test.for([
    ['static-pie', ['-O2', '-static-pie', '-fPIE']],
    ['not optimised', ['-O0', '-static']],
    ['position-independent, not optimised', ['-O0', '-static-pie', '-fPIE']],
  ] as const)('memory: %s', async ([, options]) => {
    const program = await compiled(join(import.meta.dirname, 'c/memory.c'), options)
    const guest = await runGuest(program)
    expect(guest.stdout).toBe((await command(program, [])).stdout)
    expect(guest.code).toBe(0)
  })
})
