/**
 * What the host's WebAssembly engine has compiled, for later runs: compiling the regions of python3 took more CPU time than running
 * them. Hosts that can hand it out say how; everywhere else modules are compiled as ever.
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

/** Makes modules, and knows later what of them is worth keeping. */
export class NativeModules {
  private readonly code: NativeCode | undefined
  /** What a module was made of, and was not just compiled. */
  private readonly restored = new WeakMap<WebAssembly.Module, Native>()

  /** Without `code` nothing is kept. */
  constructor(code: NativeCode | undefined) {
    this.code = code
  }

  make(wasm: Uint8Array<ArrayBuffer>, native: Native | undefined): WebAssembly.Module {
    const module = native && this.code?.restore(native.bytes, wasm)
    if (!module) return new WebAssembly.Module(wasm)
    this.restored.set(module, native)
    return module
  }

  /** All that is optimized of the module by now, of which `functions` are some. */
  of(module: WebAssembly.Module, functions: Iterable<WebAssembly.ExportValue>): Native | undefined {
    const { code } = this
    const before = this.restored.get(module)
    if (!code) return before
    let optimized = 0
    for (const f of functions) if (code.isOptimized(f)) optimized++
    return optimized > (before?.optimized ?? 0) ? { bytes: code.write(module), optimized } : before
  }
}
