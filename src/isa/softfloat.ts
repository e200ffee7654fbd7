import { InternalError } from '../base/index.ts'
import type { FpWidth } from './ops.ts'

/** Rounding and masks for one instruction, and the status flags it raised. */
export class FpEnvironment {
  mxcsr = 0
  raised = 0
  start(mxcsr: number): void {
    this.mxcsr = mxcsr
    this.raised = 0
  }
}
const missing = (): never => {
  throw new InternalError('floating point')
}
export const fpBinary = (_e: FpEnvironment, _op: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', _f: FpWidth, _a: bigint, _b: bigint): bigint => missing()
export const fpSqrt = (_e: FpEnvironment, _f: FpWidth, _a: bigint): bigint => missing()
export const fpCompare = (_e: FpEnvironment, _f: FpWidth, _p: number, _a: bigint, _b: bigint): boolean => missing()
export const fpOrder = (_e: FpEnvironment, _f: FpWidth, _q: boolean, _a: bigint, _b: bigint): number => missing()
export const fpFromInt = (_e: FpEnvironment, _f: FpWidth, _a: bigint): bigint => missing()
export const fpToInt = (_e: FpEnvironment, _f: FpWidth, _w: 32 | 64, _t: boolean, _a: bigint): bigint => missing()
export const fpToFp = (_e: FpEnvironment, _from: FpWidth, _to: FpWidth, _a: bigint): bigint => missing()
