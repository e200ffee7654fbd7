import { setFlagsFromString } from 'node:v8'
import type { NativeCode } from '../api/index.ts'

/** Functions of V8 for its own tests. Each ends the process when it is given something else. */
interface V8Natives {
  readonly IsTurboFanFunction: (f: WebAssembly.ExportValue) => boolean
  /** The module must have a function that TurboFan has compiled. */
  readonly SerializeWasmModule: (module: WebAssembly.Module) => ArrayBuffer
  /** undefined: of another version of V8, for another processor, or with other flags. */
  readonly DeserializeWasmModule: (native: ArrayBuffer, wasm: Uint8Array) => WebAssembly.Module | undefined
}
const PARAMETERS = { IsTurboFanFunction: 'f', SerializeWasmModule: 'm', DeserializeWasmModule: 'n,w' } as const

/** Code for memories that are guarded differently must not be mixed, and V8 does not compare this. */
const OTHER_GUARDS = 'disable-wasm-trap-handler'

/** Keeps what V8 has compiled (docs/decisions/0008-native-code.md). Undefined where V8 does not offer that. */
export function v8NativeCode(): NativeCode | undefined {
  if ([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((text) => text.includes(OTHER_GUARDS)))
    return undefined
  const v8 = natives()
  return (
    v8 && {
      // A buffer of its own: V8 takes it as a whole.
      restore: (native, wasm) => v8.DeserializeWasmModule(new Uint8Array(native).buffer, wasm),
      isOptimized: v8.IsTurboFanFunction,
      write: (module) => new Uint8Array(v8.SerializeWasmModule(module)),
    }
  )
}

function natives(): V8Natives | undefined {
  setFlagsFromString('--allow-natives-syntax')
  try {
    const functions = Object.entries(PARAMETERS).map(([name, parameters]) => [
      name,
      // The only way to write such a call so that everything else may read this file.
      // eslint-disable-next-line @typescript-eslint/no-implied-eval
      new Function(parameters, `return %${name}(${parameters})`) as unknown,
    ])
    return Object.fromEntries(functions) as V8Natives
  } catch {
    return undefined
  } finally {
    setFlagsFromString('--no-allow-natives-syntax')
  }
}
