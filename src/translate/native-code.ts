/**
 * What the host's WebAssembly engine has compiled, for later runs. Compiling took 40 % of the CPU time of later runs of python3
 * (docs/decisions/0007-kept-code.md). Hosts that can hand it out say how; everywhere else modules are compiled as ever.
 */
export interface NativeCode {
  /** The module that `native` was written from; undefined if this engine, on this processor, cannot use it. */
  restore(native: Uint8Array, wasm: Uint8Array<ArrayBuffer>): WebAssembly.Module | undefined
  /** Is this exported function compiled as well as it ever will be? Only such code is written. */
  isOptimized(f: WebAssembly.ExportValue): boolean
  /** Only of a module with an optimized function. */
  write(module: WebAssembly.Module): Uint8Array
}

/** What is kept of one module. */
export interface Native {
  readonly bytes: Uint8Array
  /** How many of its functions are in there. */
  readonly optimized: number
}

/** As it is described where it is kept. 0: there is none. */
export type NativeSize = readonly [length: number, optimized: number]
export const sizeOf = (native: Native | undefined): NativeSize => [native?.bytes.length ?? 0, native?.optimized ?? 0]
/** `take` gives the next bytes of what is kept. */
export const nativeFrom = (
  [length, optimized]: NativeSize,
  take: (length: number) => Uint8Array,
): Native | undefined => (length > 0 ? { bytes: take(length), optimized } : undefined)
export const optimizedIn = (all: Iterable<{ readonly native?: Native | undefined }>): number =>
  [...all].reduce((sum, { native }) => sum + (native?.optimized ?? 0), 0)

/** Makes modules, and knows later what of them is worth keeping. */
export class NativeModules {
  private readonly code: NativeCode | undefined
  /** What was kept of modules, used or not. */
  private readonly kept = new WeakMap<WebAssembly.Module, Native>()
  private readonly restored = new WeakSet<WebAssembly.Module>()

  /** Without `code` nothing is used and nothing is added. */
  constructor(code: NativeCode | undefined) {
    this.code = code
  }

  make(wasm: Uint8Array<ArrayBuffer>, native: Native | undefined): WebAssembly.Module {
    const restored = native && this.code?.restore(native.bytes, wasm)
    const module = restored ?? new WebAssembly.Module(wasm)
    if (native) this.kept.set(module, native)
    if (restored) this.restored.add(module)
    return module
  }

  /** Was the module compiled in an earlier run? */
  isRestored(module: WebAssembly.Module): boolean {
    return this.restored.has(module)
  }

  /** What is to be kept of the module. All of its functions that can be optimized are among `functions`. */
  of(module: WebAssembly.Module, functions: Iterable<WebAssembly.ExportValue>): Native | undefined {
    const { code } = this
    const before = this.kept.get(module)
    if (!code) return before
    let optimized = 0
    for (const f of functions) if (code.isOptimized(f)) optimized++
    const known = this.isRestored(module) ? (before?.optimized ?? 0) : 0
    return optimized > known ? { bytes: code.write(module), optimized } : before
  }
}
