import { nativeFrom, optimizedIn, sizeOf, type Native, type NativeModules, type NativeSize } from './native-code.ts'
import { pack, unpack } from './packed.ts'

/** Handlers of threaded code in one module: their keys, and their code without its length. */
export interface HandlerModule {
  readonly bodies: ReadonlyMap<string, Uint8Array>
  readonly native?: Native | undefined
}

interface KeptModule {
  readonly wasm: Uint8Array<ArrayBuffer>
  readonly native?: Native | undefined
}

/** Lengths in bytes. */
interface Contents {
  readonly modules: readonly (readonly [name: string, wasm: number, ...native: NativeSize])[]
  readonly handlers: readonly {
    readonly bodies: readonly (readonly [key: string, length: number])[]
    readonly native: NativeSize
  }[]
}

const MAGIC = 'enclu handlers'
/**
 * It is written again when a handler is new, or one in so many of its optimized functions: so the eighth run of python3 writes nothing any
 * more. With 50 it still did.
 */
const WORTH_WRITING = 20

/** Code that is good for any program, in runs of one version: the modules that each run has, and the handlers of threaded code. */
export class CommonCode {
  readonly natives: NativeModules
  /** Of earlier runs. What cannot be read is as good as nothing. */
  readonly handlers: readonly HandlerModule[]
  private readonly kept: ReadonlyMap<string, KeptModule>
  private readonly used = new Map<
    string,
    { wasm: Uint8Array<ArrayBuffer>; module: WebAssembly.Module; functions: WebAssembly.ExportValue[] }
  >()

  /** `bytes`: what `write` gave. */
  constructor(natives: NativeModules, bytes?: Uint8Array) {
    this.natives = natives
    const { kept, handlers } = (bytes && read(bytes)) ?? { kept: new Map<string, KeptModule>(), handlers: [] }
    this.kept = kept
    this.handlers = handlers
  }

  /** The exports of the module of this name, which says the same in every run of a version. */
  instantiate(
    name: string,
    write: () => Uint8Array<ArrayBuffer>,
    imports: WebAssembly.ModuleImports,
  ): WebAssembly.Exports {
    const kept = this.kept.get(name)
    const wasm = kept?.wasm ?? write()
    const module = this.natives.make(wasm, kept?.native)
    const { exports } = new WebAssembly.Instance(module, { e: imports })
    this.used.set(name, { wasm, module, functions: Object.values(exports) })
    return exports
  }

  /** For later runs, with these handlers; undefined if that would be hardly more than this one was given. */
  write(handlers: readonly HandlerModule[]): Uint8Array<ArrayBuffer> | undefined {
    const now = [...this.used].map(([name, { wasm, module, functions }]): [string, KeptModule] => [
      name,
      { wasm, native: this.natives.of(module, functions) },
    ])
    const modules = new Map([...this.kept, ...now])
    const before = optimizedIn([...this.kept.values(), ...this.handlers])
    const after = optimizedIn([...modules.values(), ...handlers])
    if (
      modules.size === this.kept.size &&
      handlersIn(handlers) === handlersIn(this.handlers) &&
      (after - before) * WORTH_WRITING <= after
    )
      return undefined
    const contents: Contents = {
      modules: [...modules].map(([name, m]) => [name, m.wasm.length, ...sizeOf(m.native)]),
      handlers: handlers.map((m) => ({
        bodies: [...m.bodies].map(([key, body]) => [key, body.length]),
        native: sizeOf(m.native),
      })),
    }
    const nativeOf = ({ native }: HandlerModule | KeptModule): Uint8Array[] => (native ? [native.bytes] : [])
    return pack(MAGIC, contents, [
      ...[...modules.values()].flatMap((m) => [m.wasm, ...nativeOf(m)]),
      ...handlers.flatMap((m) => [...m.bodies.values(), ...nativeOf(m)]),
    ])
  }
}

const handlersIn = (all: readonly HandlerModule[]): number => all.reduce((sum, { bodies }) => sum + bodies.size, 0)

function read(bytes: Uint8Array): { kept: Map<string, KeptModule>; handlers: HandlerModule[] } | undefined {
  const packed = unpack<Contents>(MAGIC, bytes)
  if (!packed) return undefined
  const { contents, take } = packed
  return {
    kept: new Map(
      contents.modules.map(([name, length, ...native]) => [
        name,
        { wasm: take(length), native: nativeFrom(native, take) },
      ]),
    ),
    handlers: contents.handlers.map((m) => ({
      bodies: new Map(m.bodies.map(([key, length]) => [key, take(length)])),
      native: nativeFrom(m.native, take),
    })),
  }
}
