import { setTimeout } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { Code, ModuleWriter } from '../../src/wasm/index.ts'
import { v8NativeCode } from '../../src/cli/native-code.ts'

/** sum(n): n + ... + 1. */
function sumModule(): Uint8Array<ArrayBuffer> {
  const m = new ModuleWriter()
  const code = new Code(1)
  const sum = code.local('i32')
  const loop = code.open('loop')
  code.get(0).get(sum).op('i32.add').set(sum)
  code.get(0).i32(1).op('i32.sub').tee(0).brIf(loop).close()
  m.addFunction(m.type(['i32'], ['i32']), code.get(sum), 'sum')
  return m.write()
}

const sumOf = (module: WebAssembly.Module) => new WebAssembly.Instance(module).exports['sum'] as (n: number) => number

test('what V8 has compiled makes the same module again, and nothing else does', async () => {
  const native = v8NativeCode()
  if (!native) throw new Error('this V8 offers nothing')
  const wasm = sumModule()
  const module = new WebAssembly.Module(wasm)
  const sum = sumOf(module)
  expect(native.isOptimized(sum)).toBe(false)
  for (let k = 0; !native.isOptimized(sum); k++) {
    sum(1_000_000)
    if (k % 10 === 9) await setTimeout(1)
  }
  const written = native.write(module)
  const again = native.restore(written, wasm)
  expect(again && [sumOf(again)(1000), native.isOptimized(sumOf(again))]).toEqual([500_500, true])
  // V8's version and the like are in front.
  for (let k = 0; k < 16; k++) {
    const changed = written.map((b, at) => (at === k ? b ^ 1 : b))
    expect(native.restore(changed, wasm), `byte ${k}`).toBeUndefined()
  }
})

test('nothing is kept where memories are guarded differently', () => {
  vi.stubEnv('NODE_OPTIONS', '--disable-wasm-trap-handler')
  expect(v8NativeCode()).toBeUndefined()
  vi.unstubAllEnvs()
})
