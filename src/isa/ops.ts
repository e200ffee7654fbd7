import type { FlagRecipe } from './flags.ts'
import type { ArithmeticFlag } from '../spec/x86/index.ts'
import type { MemoryOperand } from './insn.ts'
import type { SimdOp } from './simd-ops.ts'

/** Integer widths in bits. */
export type IntWidth = 8 | 16 | 32 | 64
export type Width = IntWidth | 128
/** Floating-point formats, by width: single and double. */
export type FpWidth = 32 | 64
/** To nearest (ties to even), down, up, toward zero, as MXCSR.RC encodes them, or as MXCSR says. */
export type FpRounding = 0 | 1 | 2 | 3 | 'MXCSR'

/**
 * The algebra that instructions are written in. One text, two readers: the evaluator (plain values) and the region compiler
 * (WebAssembly). A value `V` of width w holds an unsigned integer below 2^w; a truth value is 0 or 1 of width 8. Nothing here has
 * an effect, except that the fp operations read MXCSR and accumulate its flags.
 */
export interface Ops<V> {
  lit(w: Width, n: number | bigint): V

  add(w: IntWidth, a: V, b: V): V
  sub(w: IntWidth, a: V, b: V): V
  /** Low w bits of the product. */
  mul(w: IntWidth, a: V, b: V): V
  /** High w bits of the product of width 2w; w is 32 or 64 (narrower: multiply at 32). */
  mulHighU(w: 32 | 64, a: V, b: V): V
  mulHighS(w: 32 | 64, a: V, b: V): V
  /** Quotient and remainder of (high:low) / divisor. #DE when the divisor is 0 or the quotient does not fit in w bits. */
  divU(w: IntWidth, high: V, low: V, divisor: V): { quotient: V; remainder: V }
  divS(w: IntWidth, high: V, low: V, divisor: V): { quotient: V; remainder: V }
  and(w: IntWidth, a: V, b: V): V
  or(w: IntWidth, a: V, b: V): V
  xor(w: IntWidth, a: V, b: V): V
  not(w: IntWidth, a: V): V

  /** `count` has width 32 and is below 32 (below 64 when w is 64); for 8 and 16 bits it may exceed w. */
  shl(w: IntWidth, a: V, count: V): V
  shr(w: IntWidth, a: V, count: V): V
  sar(w: IntWidth, a: V, count: V): V
  /** `count` has width 32, any value: taken modulo w. */
  rotl(w: IntWidth, a: V, count: V): V
  rotr(w: IntWidth, a: V, count: V): V

  eq(w: IntWidth, a: V, b: V): V
  ne(w: IntWidth, a: V, b: V): V
  ltU(w: IntWidth, a: V, b: V): V
  leU(w: IntWidth, a: V, b: V): V
  ltS(w: IntWidth, a: V, b: V): V
  leS(w: IntWidth, a: V, b: V): V
  select(w: Width, condition: V, ifTrue: V, ifFalse: V): V

  zext(from: IntWidth, to: IntWidth, a: V): V
  sext(from: IntWidth, to: IntWidth, a: V): V
  trunc(from: IntWidth, to: IntWidth, a: V): V
  /** Bit `i` of `a` as a truth value. */
  bit(w: IntWidth, a: V, i: number): V
  /** Truth value: the low byte of `a` has an even number of ones. */
  evenParity(w: IntWidth, a: V): V
  /** Leading and trailing zeros, population count; w is 32 or 64; w for zero. */
  clz(w: 32 | 64, a: V): V
  ctz(w: 32 | 64, a: V): V
  popcnt(w: 32 | 64, a: V): V
  bswap(w: 32 | 64, a: V): V

  /** A WebAssembly SIMD operation by its own name ('i16x8.add_sat_s', 'v128.andnot', ...); see simd-ops.ts for arguments. */
  simd(op: SimdOp, args: readonly V[], lane?: number): V
  /** Byte k is the byte of `a` that byte k of `index` names: 0 to 15, or above 127 for 0. No other index occurs. */
  pickBytes(a: V, index: V): V
  /** 16 byte indices into a (0..15) and b (16..31). */
  shuffle(bytes: readonly number[], a: V, b: V): V
  /** SubBytes or InvSubBytes of AES. */
  subBytes(inverted: boolean, a: V): V
  /**
   * The strings of PCMPESTRI and its like: one bit for each element ("IntRes2"), width 32. `byte` is the immediate; lengths are in elements
   * and of width 32.
   */
  compareStrings(byte: number, a: V, aLength: V, b: V, bLength: V): V
  /** Carry-less product of two values of width 64: width 128. */
  clmul(a: V, b: V): V

  /** On bit patterns of width fmt. x86 rules: NaN operands, MIN/MAX return the second operand when unordered or both zero. */
  fp(op: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', fmt: FpWidth, a: V, b: V): V
  fpSqrt(fmt: FpWidth, a: V): V
  /** Predicates 0..31 of VCMPSS and VCMPSD, of which CMPSS and CMPSD have the first eight; truth value. */
  fpCompare(fmt: FpWidth, predicate: number, a: V, b: V): V
  /** COMISx (quiet false) and UCOMISx (quiet true): RFLAGS bits ZF, PF, CF as a value of width 32. */
  fpOrder(fmt: FpWidth, quiet: boolean, a: V, b: V): V
  /** Signed integer of width w to fmt. */
  fpFromInt(fmt: FpWidth, w: 32 | 64, a: V): V
  /** To a signed integer of width w; out of range gives 1 << (w-1) and #I. */
  fpToInt(fmt: FpWidth, w: 32 | 64, truncate: boolean, a: V): V
  fpToFp(from: FpWidth, to: FpWidth, a: V): V
  /** a * b + c, rounded once. `negateProduct` and `negateAddend` change signs of numbers, not those of NaNs. */
  fpFma(fmt: FpWidth, negateProduct: boolean, negateAddend: boolean, a: V, b: V, c: V): V
  /** Half precision (width 16) to single. */
  fpFromHalf(a: V): V
  /** Single to half precision. */
  fpToHalf(rounding: FpRounding, a: V): V
  /** To an integer of the same format. `exact`: without a precision exception. */
  fpRound(fmt: FpWidth, rounding: FpRounding, exact: boolean, a: V): V
  /** An unmasked exception of what was computed so far ends the instruction here: before the next step of it, or before a store. */
  fpSettle(): void
}

/** Attributes of a memory access. */
export interface AccessAttributes {
  /** #GP(0) unless the address is a multiple of this. */
  readonly aligned?: 16 | 32
  /** The same bytes are written by the same instruction: demand write permission at once. */
  readonly willWrite?: boolean
  /** An implicit access to the stack: #SS instead of #GP when not canonical, whatever the operands are. */
  readonly stack?: boolean
}

/** The result of RET, CALL, JMP: where a near branch goes, for whoever predicts returns. */
export type JumpKind = 'jump' | 'call' | 'ret'

/**
 * Ops plus the processor's state. Rules for an instruction's text: loads, traps and the store come before anything else can be
 * observed (register and flag writes take effect together when the instruction ends, and none does if it faults); at most one
 * store; register reads give the value from before the instruction, whatever was set.
 */
export interface Cpu<V> extends Ops<V> {
  /** The low w bits of general-purpose register n. */
  reg(w: IntWidth, n: number): V
  /** 64: whole; 32: zero-extends; 16 and 8: the rest stays. */
  setReg(w: IntWidth, n: number, value: V): void
  /** AH, CH, DH, BH for n = 0..3. */
  regHigh(n: number): V
  setRegHigh(n: number, value: V): void
  /** Bits 127:0 of vector register n, and what is above them: two values of 128 bits. Setting one leaves the other. */
  xmm(n: number): V
  setXmm(n: number, value: V): void
  ymmHigh(n: number): V
  setYmmHigh(n: number, value: V): void

  /** Effective address without the segment base, width 64 (LEA). */
  effectiveAddress(m: MemoryOperand): V
  /** Linear address: segment base added. Computed once for each operand of an instruction. */
  address(m: MemoryOperand): V
  load(w: Width, address: V, attributes?: AccessAttributes): V
  store(w: Width, address: V, value: V, attributes?: AccessAttributes): void
  /** `load`, in the lowest lane of a vector whose other bits are zero. */
  loadAlone(w: 32 | 64, address: V): V
  /** 32 bytes as two values, the lower first: one access, so nothing is stored if a part of it faults. */
  load256(address: V, attributes?: AccessAttributes): readonly [V, V]
  store256(address: V, low: V, high: V, attributes?: AccessAttributes): void

  flag(f: ArithmeticFlag): V
  /** Condition code 0..15 as encoded in Jcc, SETcc, CMOVcc (O NO B AE E NE BE A S NS P NP L GE LE G). */
  condition(cc: number): V
  /** All six flags become what the recipe says of these inputs; inputs not named are 0. */
  setFlags(recipe: FlagRecipe, w: IntWidth, a: V, b?: V, c?: V): void
  /** The same if `condition`, else they stay. */
  setFlagsIf(condition: V, recipe: FlagRecipe, w: IntWidth, a: V, b?: V, c?: V): void

  /** RFLAGS.DF; the instruction does nothing else. */
  setDirection(down: boolean): void
  /** What a string instruction adds to its pointers: the bytes of an element, or with RFLAGS.DF set their negative. Width 64. */
  stringStep(size: number): V

  /** MXCSR, width 32. */
  mxcsr(): V
  /** The value, of width 32, becomes MXCSR. Faults where a bit of it is reserved. */
  setMxcsr(value: V): void
  /** The x87 control word, width 16. */
  x87Control(): V
  /** Delivers an x87 exception that is pending. */
  waitX87(): void
  /** The instruction does nothing else, but for `waitX87`. */
  setX87Control(value: V): void

  /** Near jump to a computed address. `first` is done even where the target makes the jump fault: the store of a CALL. */
  jump(kind: JumpKind, target: V, first?: () => void): void
  /** Direct jump; `condition` undefined means always. `target` is an absolute address. */
  branch(kind: JumpKind, target: number, condition?: V): void
}
