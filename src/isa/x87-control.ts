/** x87 control: control and status word, environment, the stack pointer. [SDM-1 "x87 FPU Control Instructions"] */
import { FCW, EMPTY, FSW } from '../spec/x86/index.ts'
import { PAGE_SIZE, controlWord, tagOf } from '../cpu/index.ts'
import type { Evaluator } from './evaluator.ts'
import type { Insn, Row } from './insn.ts'
import { get, memory, put } from './operand.ts'
import { insn } from './rows.ts'
import { addressWithin } from './sse-operand.ts'
import { noWait, stackIndex, waiting, type Fpu } from './x87-state.ts'

const nothing = (): void => {}
const EXCEPTION_BITS = 0x80ff

const storeStatus = noWait((f, e, i) => put(e, i, 0, f.status))
const setControl: NonNullable<Row['op']> = (m, i) => {
  m.waitX87()
  m.setX87Control(get(m, i, 0))
}
const initialize = noWait((f) => f.initialize())
const clearExceptions = noWait((f) => {
  f.status &= ~EXCEPTION_BITS
})

/** With a 16-bit operand size the environment has 14 bytes, else 28. [SDM-1 "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE"] */
const is16 = (i: Insn): boolean => i.w === 16
const environmentSize = (i: Insn): number => (is16(i) ? 14 : 28)

/** The address of memory operand 0, accessible. Processors look at the control word's field, then at the last byte. */
function imageAddress(e: Evaluator, i: Insn, size: number, access: 'R' | 'W'): number {
  const m = memory(i, 0)
  const address = e.address(m) as bigint
  const field = is16(i) ? 2 : 4
  const reach = (at: number): unknown => (access === 'W' ? e.view.writable(at) : e.view.readable(at))
  const first = e.linear(address, field, access)
  reach(first)
  const room = PAGE_SIZE - (first % PAGE_SIZE)
  if (room < field) reach(first + room)
  reach(e.linear(addressWithin(e, m, size - 1), 1, access))
  return first
}
function readImage(e: Evaluator, i: Insn, size: number): DataView {
  const bytes = e.view.read(imageAddress(e, i, size, 'R'), size)
  return new DataView(bytes.buffer, bytes.byteOffset, size)
}
function writeImage(e: Evaluator, i: Insn, image: DataView): void {
  e.view.write(imageAddress(e, i, image.byteLength, 'W'), new Uint8Array(image.buffer))
}

function putEnvironment(f: Fpu, i: Insn, image: DataView): void {
  const words = [f.control, f.status, actualTags(f)]
  // The reserved halves of the 32-bit format are written as ones.
  words.forEach((word, k) =>
    is16(i) ? image.setUint16(2 * k, word, true) : image.setUint32(4 * k, 0xffff_0000 + word, true),
  )
  if (!is16(i)) image.setUint32(24, 0xffff_0000, true)
}
/** The processor keeps only which registers are empty; the rest of a tag is looked up when it is stored. */
function actualTags(f: Fpu): number {
  let tags = 0
  for (let n = 0; n < 8; n++) {
    const place = (n - f.top) & 7
    tags |= (f.isEmpty(place) ? EMPTY : tagOf(f.st(place))) << (2 * n)
  }
  return tags
}
function takeEnvironment(f: Fpu, i: Insn, image: DataView): void {
  const word = (k: number): number => image.getUint16((is16(i) ? 2 : 4) * k, true)
  f.control = controlWord(word(0))
  f.status = word(1)
  f.tags = word(2)
}

const storeEnvironment = noWait((f, e, i) => {
  const image = new DataView(new ArrayBuffer(environmentSize(i)))
  putEnvironment(f, i, image)
  writeImage(e, i, image)
  // Exceptions do not interrupt whoever looks at the environment.
  f.control |= FCW.MASKS
})
const loadEnvironment = waiting((f, e, i) => takeEnvironment(f, i, readImage(e, i, environmentSize(i))))

const REGISTERS_SIZE = 80
/** The environment, then ST(0) to ST(7), 10 bytes each. */
const save = noWait((f, e, i) => {
  const start = environmentSize(i)
  const image = new DataView(new ArrayBuffer(start + REGISTERS_SIZE))
  putEnvironment(f, i, image)
  for (let n = 0; n < 8; n++) {
    const value = f.st(n)
    image.setBigUint64(start + 10 * n, BigInt.asUintN(64, value), true)
    image.setUint16(start + 10 * n + 8, Number(value >> 64n), true)
  }
  writeImage(e, i, image)
  f.initialize()
})
const restore = waiting((f, e, i) => {
  const start = environmentSize(i)
  const image = readImage(e, i, start + REGISTERS_SIZE)
  takeEnvironment(f, i, image)
  const { tags } = f
  for (let n = 0; n < 8; n++) {
    f.setSt(n, (BigInt(image.getUint16(start + 10 * n + 8, true)) << 64n) | image.getBigUint64(start + 10 * n, true))
  }
  f.tags = tags
})

/** INCSTP and DECSTP turn the stack and leave the tags. */
const turn = (by: number): NonNullable<Row['slow']> =>
  waiting((f) => {
    f.status &= ~FSW.C1
    f.top += by
  })
const free = (pops: boolean): NonNullable<Row['slow']> =>
  waiting((f, _e, i) => {
    f.status &= ~FSW.C1
    f.free(stackIndex(i, 0))
    if (pops) f.pop()
  })

// prettier-ignore
export const X87_CONTROL: readonly Row[] = [
  insn({ mnemonic: 'FLDCW', spec: 'FLDCW—Load x87 FPU Control Word', rows: [['D9 /5', 'Mw']], op: setControl }),
  insn({ mnemonic: 'FNSTCW', spec: 'FSTCW/FNSTCW—Store x87 FPU Control Word', rows: [['D9 /7', 'Mw']], op: (m, i) => put(m, i, 0, m.x87Control()) }),
  insn({ mnemonic: 'FNSTSW', spec: 'FSTSW/FNSTSW—Store x87 FPU Status Word', rows: [['DD /7', 'Mw'], ['DF E0', 'AX']], slow: storeStatus }),
  insn({ mnemonic: 'FNCLEX', spec: 'FCLEX/FNCLEX—Clear Exceptions', rows: [['DB E2', '']], slow: clearExceptions }),
  insn({ mnemonic: 'FNINIT', spec: 'FINIT/FNINIT—Initialize Floating-Point Unit', rows: [['DB E3', '']], slow: initialize }),
  insn({ mnemonic: 'FLDENV', spec: 'FLDENV—Load x87 FPU Environment', rows: [['D9 /4', 'M']], slow: loadEnvironment }),
  insn({ mnemonic: 'FNSTENV', spec: 'FSTENV/FNSTENV—Store x87 FPU Environment', rows: [['D9 /6', 'M']], slow: storeEnvironment }),
  insn({ mnemonic: 'FRSTOR', spec: 'FRSTOR—Restore x87 FPU State', rows: [['DD /4', 'M']], slow: restore }),
  insn({ mnemonic: 'FNSAVE', spec: 'FSAVE/FNSAVE—Store x87 FPU State', rows: [['DD /6', 'M']], slow: save }),
  insn({ mnemonic: 'FINCSTP', spec: 'FINCSTP—Increment Stack-Top Pointer', rows: [['D9 F7', '']], slow: turn(1) }),
  insn({ mnemonic: 'FDECSTP', spec: 'FDECSTP—Decrement Stack-Top Pointer', rows: [['D9 F6', '']], slow: turn(-1) }),
  insn({ mnemonic: 'FFREE', spec: 'FFREE—Free Floating-Point Register', rows: [['DD /0 mod=3', 'STi']], slow: free(false) }),
  // Not in the manual, but in every processor: FFREE and a pop.
  insn({ mnemonic: 'FFREEP', spec: 'FFREE—Free Floating-Point Register', rows: [['DF /0 mod=3', 'STi']], slow: free(true) }),
  insn({ mnemonic: 'FNOP', spec: 'FNOP—No Operation', rows: [['D9 D0', '']], slow: waiting(nothing) }),
  insn({ mnemonic: 'FWAIT', spec: 'WAIT/FWAIT—Wait', rows: [['9B', '']], slow: waiting(nothing) }),
  // What the 8087 and 80287 needed.
  insn({ mnemonic: 'FNENI', spec: 'Opcode Map', rows: [['DB E0', '']], slow: noWait(nothing) }),
  insn({ mnemonic: 'FNDISI', spec: 'Opcode Map', rows: [['DB E1', '']], slow: noWait(nothing) }),
  insn({ mnemonic: 'FNSETPM', spec: 'Opcode Map', rows: [['DB E4', '']], slow: noWait(nothing) }),
  insn({
    mnemonic: 'EMMS', spec: 'EMMS—Empty MMX Technology State', rows: [['NP 0F 77', '']],
    slow: waiting((f) => {
      f.tags = 0xffff
      f.top = 0
    }),
  }),
].flat()
