/** The library where there is nothing of Node: bundled for a browser, run with what both have. */
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const WEB = {
  AbortSignal,
  atob,
  performance,
  queueMicrotask,
  setTimeout,
  TextDecoder,
  TextEncoder,
  WebAssembly,
}

// The enclave adds RDI and RSI; the same as in docs/api.md.
const PROGRAM = `
import { generateSigningKey, Machine, tcsPage } from './src/api/index.ts'
const code = Uint8Array.of(0x48, 0x8d, 0x34, 0x37, 0x48, 0x89, 0xcb, 0xb8, 4, 0, 0, 0, 0x0f, 0x01, 0xd7)
export async function main() {
  const enclave = new Machine().createEnclave({
    secs: { SIZE: 0x4000n },
    steps: [
      { leaf: 'EADD', offset: 0x0000n, secinfo: 'tcs', bytes: tcsPage({ OENTRY: 0x1000n, OSSA: 0x2000n }) },
      { leaf: 'EADD', offset: 0x1000n, secinfo: 'rx', bytes: code },
      { leaf: 'EADD', offset: 0x2000n, secinfo: 'rw', length: 4096 },
    ],
  }, { key: generateSigningKey(0n) })
  const { result, run, registers } = await enclave.enter({ rdi: 2n, rsi: 40n, handler: (_rdi, rsi) => -Number(rsi) })
  return [result, run.function, registers.rsi]
}`

test('builds an enclave and calls it', async () => {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: '.', loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'page',
    target: 'es2022',
  })
  const answer: unknown = await runInContext(`${outputFiles[0]?.text ?? ''}; page.main()`, createContext(WEB))
  expect(Array.from(answer as unknown[])).toEqual([-42, 4, 42n])
})
