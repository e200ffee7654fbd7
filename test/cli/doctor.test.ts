/** `enclu doctor`: what it says of the host and of each processor. */
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { MachineReport } from '../../src/api/index.ts'
import type { HostReport } from '../../src/cli/host-report.ts'
import { command } from '../support/command.ts'
import { cleanEnvironment, enclu } from './enclu.ts'

interface Doctor {
  readonly schemaVersion: number
  readonly ready: boolean
  readonly host: HostReport
  readonly machine?: MachineReport
}

async function json(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Required<Doctor>> {
  const { code, stdout, stderr } = await enclu(['doctor', '--format', 'json', ...args], { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Required<Doctor>
}

const availableLeaves = ({ machine }: Doctor): string =>
  [...(machine?.sgx?.enclu ?? []), ...(machine?.sgx?.encls ?? [])]
    .filter(({ available }) => available)
    .map(({ name }) => name)
    .join(' ')

const SGX1_ENCLU = 'EREPORT EGETKEY EENTER ERESUME EEXIT'
const SGX2_ENCLU = `${SGX1_ENCLU} EACCEPT EMODPE EACCEPTCOPY`
const SGX1_ENCLS = 'ECREATE EADD EINIT EREMOVE EDBGRD EDBGWR EEXTEND ELDB ELDU EBLOCK EPA EWB ETRACK'
const SGX2_ENCLS = `${SGX1_ENCLS} EAUG EMODPR EMODT`

describe('the machine', () => {
  // prettier-ignore
  test.each([
    ['sgx1',            `${SGX1_ENCLU} ${SGX1_ENCLS}`,          { kss: false, aexNotify: false, exinfo: false, maxSize64: 36 }],
    ['sgx2',            `${SGX2_ENCLU} EDECCSSA ${SGX2_ENCLS}`, { kss: true,  aexNotify: true,  exinfo: true,  maxSize64: 47 }],
    ['icelake',         `${SGX2_ENCLU} ${SGX2_ENCLS}`,          { kss: true,  aexNotify: false, exinfo: true,  maxSize64: 56 }],
    ['sapphire-rapids', `${SGX2_ENCLU} EDECCSSA ${SGX2_ENCLS}`, { kss: true,  aexNotify: true,  exinfo: true,  maxSize64: 56 }],
  ])('--cpu %s', async (cpu, leaves, facts) => {
    const report = await json(['--cpu', cpu])
    expect(availableLeaves(report)).toBe(leaves)
    expect(report.machine.processor.name).toBe(cpu)
    expect(report.machine.sgx).toMatchObject(facts)
    expect(report.machine.sgx?.requests.filter(({ available }) => available)).toHaveLength(cpu === 'sgx1' ? 4 : 7)
  })

  test('CPUID is told as it answers, and in words', async () => {
    const { machine } = await json(['--cpu', 'icelake'])
    const answer = (leaf: number, subleaf = 0) => machine.cpuid.find((c) => c.leaf === leaf && c.subleaf === subleaf)
    expect(answer(1)?.says).toEqual(['family 6, model 106, stepping 6'])
    expect(answer(7)?.says).toEqual(['SGX', 'launch control: the kernel may take any signer'])
    expect(answer(0x12)?.registers).toEqual([3, 1, 0, 0x381f])
    expect(answer(0x12, 1)?.registers[0]).toBe(0xb6)
    expect(answer(0x12, 2)?.says).toEqual(['EPC section of 512 MiB at 70000000H, confidentiality only'])
    expect(answer(0x12, 3)?.says).toEqual(['no further section'])
  })

  test('takes the options of run that change it, and their variables', async () => {
    const { machine } = await json(['--epc', '1MiB'], { ENCLU_CPU: 'sgx1', ENCLU_MACHINE_SEED: '0xffffffffffffffff' })
    expect(machine.processor.name).toBe('sgx1')
    expect(machine.sgx?.epc).toEqual([
      { base: 0x7000_0000, size: 0x10_0000, protection: 'confidentiality and integrity' },
    ])
    expect(machine.sgx?.keys.machineSeed).toBe('18446744073709551615')
    expect((await json(['--vdso', 'v28'])).machine.vdso.abi).toBe('v28')
  })

  test('--no-sgx: no leaf 12H, no device', async () => {
    const { machine } = await json(['--no-sgx'])
    expect(machine.sgx).toBeUndefined()
    expect(machine.cpuid.map(({ leaf }) => leaf)).toEqual([0, 1, 7, 0xd])
    expect(machine.cpuid[2]?.says).toEqual(['no SGX', 'no launch control'])
    expect((await enclu(['doctor', '--no-sgx'])).stdout).toMatch(
      /none: ENCLU is #UD, and there is no \/dev\/sgx_enclave/,
    )
  })
})

describe('the host', () => {
  test('text: what it provides, what is needed, and the verdict', async () => {
    const { code, stdout, stderr } = await enclu(['doctor'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Host\n/)
    expect(stdout).toMatch(/^ {2}SHA-256 +the host's own$/m)
    expect(stdout).toMatch(/^ {2}ok +Node 20\.19 or later \(/m)
    expect(stdout).toMatch(/^ {2}ok +WebAssembly with SIMD \(yes\)$/m)
    expect(stdout).toMatch(/^ {2}\/dev\/sgx_provision +lets an enclave/m)
    expect(stdout).toMatch(/\nenclu can run SGX programs here\.\n$/)
    expect(stdout).not.toMatch(/undefined|NaN|\[object/)
  })

  test('a prerequisite that is not met: it is named, and the exit code is 1', async () => {
    const program = resolve('dist/cli/main.cjs')
    const few = await command(process.execPath, ['--wasm-max-mem-pages=30000', program, 'doctor'], {
      env: cleanEnvironment(),
    })
    expect({ code: few.code, stderr: few.stderr }).toEqual({ code: 1, stderr: '' })
    expect(few.stdout).toMatch(/^ {2}MISSING +shared WebAssembly memory of 4 GiB \(/m)
    expect(few.stdout).toMatch(/\nenclu cannot run here: it needs shared WebAssembly memory of 4 GiB\.\n$/)
  })
})

// prettier-ignore
test.each([
  [['--cpu', 'z80'],       /there is no processor 'z80' for --cpu; there are: sgx1/],
  [['--format', 'xml'],    /Allowed choices are text, json/],
  [['--vdso', 'v27'],      /there is no vDSO 'v27'/],
  [['--epc', '5000'],      /It must be a multiple of 4096 bytes/],
  [['--strace'],           /unknown option '--strace'/],
])('wrong use: %s', async (args, says) => {
  const { code, stdout, stderr } = await enclu(['doctor', ...args])
  expect(stderr).toMatch(says)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})
