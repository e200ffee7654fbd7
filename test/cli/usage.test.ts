/** The command line itself: what enclu says before there is a machine. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EXIT_CODES, RUN_OPTIONS } from '../../src/cli/index.ts'
import { enclu } from './enclu.ts'

interface Refusal {
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly says: RegExp
}

// prettier-ignore
const REFUSALS: readonly Refusal[] = [
  { args: ['rnu', './host'],                         says: /unknown command 'rnu'\n\(Did you mean run\?\)/ },
  { args: ['./host'],                                says: /unknown command '\.\/host'\nTo run a program: enclu run PROGRAM/ },
  { args: ['run'],                                   says: /no program was named/ },
  { args: ['run', '--strce', './host'],              says: /unknown option '--strce'\n\(Did you mean --strace\?\)/ },
  { args: ['run', '--epc', '64MB', './host'],        says: /'64MB' is invalid\. It must be a number of bytes, or of KiB, MiB or GiB/ },
  { args: ['run', '--epc', '5000', './host'],        says: /'5000' is invalid\. It must be a multiple of 4096 bytes/ },
  { args: ['run', '--epc', '0', './host'],           says: /'0' is invalid/ },
  { args: ['run', '--epc=-4096', './host'],          says: /'-4096' is invalid/ },
  { args: ['run', '--epc', '64GiB', './host'],       says: /The largest size is 2GiB/ },
  { args: ['run', '--epc'],                          says: /option '--epc <size>' argument missing/ },
  { args: ['run', '--seed', 'x', './host'],          says: /'x' is invalid\. It must be a number from 0 to 2\^64 - 1/ },
  { args: ['run', '-E', '=x', './host'],             says: /'=x' is invalid\. It must be NAME=VALUE, or NAME/ },
  { args: ['run', '--stats-format', 'xml', './host'], says: /It must be text or json/ },
  { args: ['run', './host'], env: { ENCLU_EPC: '7' },        says: /'7' is invalid[^]*--epc=7 comes from ENCLU_EPC/ },
  { args: ['run', './host'], env: { ENCLU_STRACE: 'maybe' }, says: /ENCLU_STRACE must be 1 or 0, not 'maybe'/ },
  // These are looked at by the emulator, which is loaded for them.
  { args: ['run', '--cpu', 'z80', './host'],         says: /there is no processor 'z80' for --cpu; there are: sgx1/ },
  { args: ['run', '-D', '/nonexistent/log', './host'], says: /the log file \/nonexistent\/log cannot be written \(ENOENT\)/ },
]

describe('wrong use ends with 2 and one clear message', () => {
  test.each(REFUSALS)('enclu $args $env', async ({ args, env, says }) => {
    const { code, stdout, stderr } = await enclu(args, env ? { env } : {})
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('help', () => {
  test('without a command: the commands, on stderr, with 2', async () => {
    const { code, stdout, stderr } = await enclu([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/run \[options\] \[program\] \[args\.\.\.\]/)
  })
  test.each([[['help', 'run']], [['run', '--help']], [['run', '-h', './host']]])(
    'enclu %s lists every option',
    async (args) => {
      const { code, stdout, stderr } = await enclu(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const words = stdout.replaceAll(/\s+/g, ' ')
      for (const { flags, env, help } of RUN_OPTIONS) expect(words).toContain(`${flags} ${help} [${env}]`)
      for (const [code, meaning] of EXIT_CODES) expect(words).toContain(`${code} ${meaning}`)
    },
  )
  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await enclu(['--version'])).toEqual({ code: 0, stdout: `enclu ${version}\n`, stderr: '' })
  })
  test('--cpu help lists the processors', async () => {
    const { code, stdout } = await enclu(['run', '--cpu', 'help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^sgx1 +SGX1/m)
    expect(stdout).toMatch(/^sapphire-rapids  the SGX of/m)
  })
})
