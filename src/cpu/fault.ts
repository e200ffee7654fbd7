import { VECTOR, type VectorName } from '../spec/x86/index.ts'

/**
 * What the guest's processor raises. Not an Error: no stack, thrown by whoever executes or translates an address, caught in one
 * place, the machine's run loop. State is as before the instruction, unless the vector is a trap (#DB, #BP, #OF).
 */
export class Fault {
  readonly vector: number
  readonly name: VectorName
  /** undefined for vectors that push none. */
  readonly errorCode: number | undefined
  /** CR2, for #PF only. */
  readonly address: bigint | undefined
  constructor(name: VectorName, errorCode?: number, address?: bigint) {
    this.name = name
    this.vector = VECTOR[name]
    this.errorCode = errorCode
    this.address = address
  }
}

/** `fault.GP(0)` reads like the manual and never returns. */
export const fault = {
  DE: (): never => raise(new Fault('DE')),
  UD: (): never => raise(new Fault('UD')),
  BP: (): never => raise(new Fault('BP')),
  SS: (code: number): never => raise(new Fault('SS', code)),
  GP: (code: number): never => raise(new Fault('GP', code)),
  /** `address` is the byte that could not be reached; `code` holds PF_ERROR bits. */
  PF: (address: number | bigint, code: number): never => raise(new Fault('PF', code, BigInt(address))),
  AC: (): never => raise(new Fault('AC', 0)),
  XM: (): never => raise(new Fault('XM')),
  MF: (): never => raise(new Fault('MF')),
}

function raise(f: Fault): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- a guest fault is not an error of ours and needs no stack
  throw f
}
