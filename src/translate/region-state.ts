/** The processor's state between memory and the locals of a region: code that loads and stores it. */
import { STATE } from '../cpu/index.ts'
import type { Code } from '../wasm/index.ts'
import { FIRST_GPR, FIRST_XMM, FIRST_YMM_HIGH, type KnownFlags, type RegionLocals } from './region-parts.ts'
import { numbersOf, SPECIAL, type RegisterSet } from './register-flow.ts'

/** Instead of a recipe: no instruction has set the flags since the region was entered. */
const FLAGS_IN_MEMORY = -1

/** Fuel, view and the registers of `set`. The flags stay in memory until someone asks for them. */
export function reload(
  code: Code,
  locals: RegionLocals,
  { general, vectors }: RegisterSet,
  touchesFlags: boolean,
): void {
  for (const n of numbersOf(general))
    code
      .i32(0)
      .memory('i64.load', STATE.GPR + 8 * n)
      .set(FIRST_GPR + n)
  for (const n of numbersOf(vectors))
    code
      .i32(0)
      .simdMemory('v128.load', STATE.XMM + 16 * n)
      .set(FIRST_XMM + n)
  for (const n of numbersOf(vectors, 16))
    code
      .i32(0)
      .simdMemory('v128.load', STATE.YMM_HIGH + 16 * n)
      .set(FIRST_YMM_HIGH + n)
  code.i32(0).memory('i32.load', STATE.VIEW).set(locals.view)
  code.i32(0).memory('i32.load', STATE.FUEL).set(locals.fuel)
  if (touchesFlags) code.i32(FLAGS_IN_MEMORY).set(locals.fop)
  if (general & SPECIAL.FP_FAST) code.i32(0).memory('i32.load', STATE.FP_FAST).set(locals.fpFast)
  if (general & SPECIAL.FS) code.i32(0).memory('i64.load', STATE.FS_BASE).set(locals.fs)
  if (general & SPECIAL.GS) code.i32(0).memory('i64.load', STATE.GS_BASE).set(locals.gs)
}

/** The flags, if they are still in memory. */
export function fetchFlags(code: Code, locals: RegionLocals): void {
  code.get(locals.fop).i32(0).op('i32.lt_s').open('if')
  loadFlags(code, locals)
  code.close()
}

export function loadFlags(code: Code, locals: RegionLocals): void {
  code.i32(0).memory('i32.load', STATE.FOP).set(locals.fop)
  code.i32(0).memory('i64.load', STATE.FA).set(locals.fa)
  code.i32(0).memory('i64.load', STATE.FB).set(locals.fb)
  code.i32(0).memory('i64.load', STATE.FC).set(locals.fc)
}

/** `inputs`: how many of the three the recipe has. */
export function storeFlags(code: Code, locals: RegionLocals, inputs: number): void {
  code.i32(0).get(locals.fop).memory('i32.store', STATE.FOP)
  code.i32(0).get(locals.fa).memory('i64.store', STATE.FA)
  if (inputs > 1) code.i32(0).get(locals.fb).memory('i64.store', STATE.FB)
  if (inputs > 2) code.i32(0).get(locals.fc).memory('i64.store', STATE.FC)
}

export function storeRegisters(code: Code, { general, vectors }: RegisterSet): void {
  for (const n of numbersOf(general))
    code
      .i32(0)
      .get(FIRST_GPR + n)
      .memory('i64.store', STATE.GPR + 8 * n)
  for (const n of numbersOf(vectors))
    code
      .i32(0)
      .get(FIRST_XMM + n)
      .simdMemory('v128.store', STATE.XMM + 16 * n)
  for (const n of numbersOf(vectors, 16))
    code
      .i32(0)
      .get(FIRST_YMM_HIGH + n)
      .simdMemory('v128.store', STATE.YMM_HIGH + 16 * n)
}

/** Fuel, and the flags if they are not in memory. `flags`: what the flag locals are known to hold. */
export function storeRest(code: Code, locals: RegionLocals, touchesFlags: boolean, flags: KnownFlags): void {
  code.i32(0).get(locals.fuel).memory('i32.store', STATE.FUEL)
  if (!touchesFlags) return
  if (!flags) code.get(locals.fop).i32(0).op('i32.ge_s').open('if')
  storeFlags(code, locals, flags?.inputs ?? 3)
  if (!flags) code.close()
}
