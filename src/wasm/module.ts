import { ByteWriter, type Code } from './code.ts'
import { TYPE, type ValueType } from './opcodes.ts'

/** A memory that cannot grow. */
export interface MemoryLimits {
  /** Of 64 KiB each. */
  readonly pages: number
  readonly shared: boolean
}

type Import =
  | { readonly name: string; readonly kind: 'function' | 'table' | 'global'; readonly detail: number }
  | { readonly name: string; readonly kind: 'memory'; readonly limits: MemoryLimits }

interface Signature {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

/** Collects the parts of a module and writes it. All imports come from the module name 'e'. */
export class ModuleWriter {
  private readonly types: Signature[] = []
  private readonly imports: Import[] = []
  private readonly functions: { type: number; code: Code | Uint8Array; exportAs?: string }[] = []
  private elements: { readonly at: number; readonly functions: readonly number[] } | undefined
  private importedFunctions = 0
  private importedGlobals = 0

  type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const same = this.types.findIndex(
      (t) => String(t.parameters) === String(parameters) && String(t.results) === String(results),
    )
    if (same >= 0) return same
    return this.types.push({ parameters, results }) - 1
  }

  /** Imports come before functions. Returns the function index. */
  importFunction(name: string, type: number): number {
    this.imports.push({ name, kind: 'function', detail: type })
    return this.importedFunctions++
  }
  importMemory(name: string, limits: MemoryLimits): void {
    this.imports.push({ name, kind: 'memory', limits })
  }
  importTable(name: string): void {
    this.imports.push({ name, kind: 'table', detail: 0 })
  }
  /** A number that is the same as long as the module lives. Returns the global's index. */
  importConstant(name: string, type: ValueType): number {
    this.imports.push({ name, kind: 'global', detail: TYPE[type] })
    return this.importedGlobals++
  }

  /** Returns the function index. `code` may be filled later, until write(); or it is what Code.body() gave. */
  addFunction(type: number, code: Code | Uint8Array, exportAs?: string): number {
    this.functions.push(exportAs === undefined ? { type, code } : { type, code, exportAs })
    return this.importedFunctions + this.functions.length - 1
  }

  /** Puts these functions into the imported table from place `at` on, when the module is instantiated. */
  fillTable(at: number, functions: readonly number[]): void {
    this.elements = { at, functions }
  }

  write(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter().append(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
    const section = (id: number, body: ByteWriter): void => void out.byte(id).sized(body)
    const types = new ByteWriter().u32(this.types.length)
    for (const t of this.types) {
      types.byte(0x60).u32(t.parameters.length)
      for (const p of t.parameters) types.byte(TYPE[p])
      types.u32(t.results.length)
      for (const r of t.results) types.byte(TYPE[r])
    }
    section(1, types)
    if (this.imports.length > 0) section(2, this.importSection())
    const functions = new ByteWriter().u32(this.functions.length)
    for (const f of this.functions) functions.u32(f.type)
    section(3, functions)
    const exported = this.functions.flatMap((f, k) =>
      f.exportAs === undefined ? [] : [{ name: f.exportAs, index: this.importedFunctions + k }],
    )
    const exports = new ByteWriter().u32(exported.length)
    for (const e of exported) exports.name(e.name).byte(0).u32(e.index)
    section(7, exports)
    if (this.elements) {
      const { at, functions } = this.elements
      // One active segment: i32.const, end, and the functions.
      const elements = new ByteWriter().u32(1).u32(0).byte(0x41).s32(at).byte(0x0b).u32(functions.length)
      for (const f of functions) elements.u32(f)
      section(9, elements)
    }
    const code = new ByteWriter().u32(this.functions.length)
    for (const f of this.functions) {
      const body = f.code instanceof Uint8Array ? f.code : f.code.body()
      code.u32(body.length).append(body)
    }
    section(10, code)
    return out.bytes.slice(0, out.length)
  }

  private importSection(): ByteWriter {
    const b = new ByteWriter().u32(this.imports.length)
    for (const i of this.imports) {
      b.name('e').name(i.name)
      if (i.kind === 'memory')
        b.byte(2)
          .byte(i.limits.shared ? 3 : 1)
          .u32(i.limits.pages)
          .u32(i.limits.pages)
      else if (i.kind === 'function') b.byte(0).u32(i.detail)
      else if (i.kind === 'table') b.byte(1).byte(0x70).byte(0).u32(0)
      else b.byte(3).byte(i.detail).byte(0)
    }
    return b
  }
}
