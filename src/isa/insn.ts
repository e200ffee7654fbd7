import type { ArithmeticFlag } from '../spec/x86/index.ts'
import type { CpuState } from '../cpu/index.ts'
import type { Cpu, IntWidth, Width } from './ops.ts'
import type { Evaluator } from './evaluator.ts'

export interface MemoryOperand {
  readonly kind: 'mem'
  /** Bits accessed, 0 for LEA and prefetches. */
  readonly w: Width | 256 | 0
  /** Only FS and GS have a base in 64-bit mode. */
  readonly seg: 'none' | 'FS' | 'GS'
  /** Register number or -1. */
  readonly base: number
  readonly index: number
  /** Log2 of the factor: 0..3. */
  readonly scale: number
  /** Sign-extended displacement; for RIP-relative operands the absolute address, with base -1. */
  readonly disp: bigint
  /** The sum is truncated to 32 bits (67 prefix). */
  readonly a32: boolean
  /** VSIB: `index` is -1, and each element of `w` bits adds its own index of `vectorIndex.w` bits from XMM or YMM register n. */
  readonly vectorIndex?: { readonly n: number; readonly w: 32 | 64; readonly length: 128 | 256 }
}

export type Operand =
  /** `high`: AH, CH, DH, BH, with n = 0..3. */
  | { readonly kind: 'reg'; readonly w: IntWidth; readonly n: number; readonly high: boolean }
  /** `w` is how many low bits the instruction uses. */
  | { readonly kind: 'xmm'; readonly w: Width; readonly n: number }
  /** All 256 bits. */
  | { readonly kind: 'ymm'; readonly n: number }
  /** ST(n). */
  | { readonly kind: 'st'; readonly n: number }
  /** MMn. */
  | { readonly kind: 'mm'; readonly n: number }
  | MemoryOperand
  /** Already extended to w bits, unsigned. */
  | { readonly kind: 'imm'; readonly w: IntWidth; readonly value: bigint }
  /** Absolute branch target. */
  | { readonly kind: 'rel'; readonly target: number }

/** One decoded instruction. */
export interface Insn {
  readonly row: Row
  readonly address: number
  readonly length: number
  /** Operand size: 16, 32 or 64 where the row has a v, y or z operand, or none but immediates; else the width of its first operand. */
  readonly w: IntWidth
  readonly operands: readonly Operand[]
  readonly lock: boolean
  /** The last F2 or F3 prefix, if the row does not need it as a part of its opcode. */
  readonly rep: 0 | 0xf2 | 0xf3
  readonly a32: boolean
  readonly seg: 'none' | 'FS' | 'GS'
  /**
   * Vector length of an instruction of the AVX kind, which zeroes the destination register beyond it. 0: legacy SSE, which keeps what
   * is beyond, and everything that has no vectors (VEX-coded BMI too). VEX.LIG is 128.
   */
  readonly vex: 0 | 128 | 256
}

/**
 * One row of the manual's instruction tables.
 *
 * `opcode`: 'NP', '66', 'F2' or 'F3' when that prefix is mandatory (NP: none of the three may be there), 'REX.W +' when W must be
 * 1 ('W0 +' when it must be 0), opcode bytes in hex, then '/r' or '/0'..'/7', or '+r' when the low three bits name a register. Immediates follow from
 * the operands. Examples: '01 /r', 'F7 /6', '66 0F 6F /r', 'REX.W + 0F C7 /1', '50 +r', '0F 05', '0F 01 D7' (D7 stands where ModRM would).
 * VEX: 'VEX.128.66.0F.WIG 58 /r', as the manual writes it. The length is 128, 256, LIG (ignored), L0, L1 or LZ (as L0); '128/256' stands
 * for the manual's two rows where only the length differs. Then 66, F2, F3 or nothing (or NP), the map 0F, 0F38 or 0F3A, and W0, W1 or WIG.
 * Also: 'NFx' (neither F2 nor F3; 66 is the operand size), 'REX.B=0 +', and 'mod=3' at the end (register forms only).
 * Where two rows meet, the one with a mandatory prefix wins, then the one with a ModRM byte, a digit, REX.W.
 *
 * `operands`: the codes of the manual's appendix "Opcode Map" (volume 2), comma-separated:
 *   E r/m register or memory, G register in ModRM.reg, R r/m register only, M memory only, Z register in the opcode,
 *   I immediate, J branch offset, O memory offset, V XMM in ModRM.reg, W XMM or memory, U XMM in r/m only,
 *   P MMX register in ModRM.reg, Q MMX register or memory, N MMX register in r/m only;
 *   then the size: b w d q dq, v (16/32/64 by operand size), y (32/64), z (immediate of 16/32 bits, sign-extended to v),
 *   bs (imm8 sign-extended to v), v64 (64, or 16 with a 66 prefix: stack instructions), ss sd ps pd as their width;
 *   fixed registers by name: AL CL AX DX eAX rAX (rAX: by operand size), and the constant 1.
 *   In VEX rows also H, the XMM register in VEX.vvvv, B, the general-purpose register there, and L, the XMM register in bits 7:4 of an
 *   immediate byte (/is4); the sizes x, ps and pd follow VEX.L (128 or 256 bits, an XMM or YMM register), qq is 256, dq 128 in any
 *   case; vm32x vm32y vm64x vm64y are memory with a vector of indices (VSIB). VEX.vvvv must be 1111 where no operand uses it.
 *   Also: X and Y the memory at RSI and RDI (string instructions), [RBX] that of XLAT, S C D a segment, control, debug register (an immediate
 *   with its number); ST0 and STi, the x87 registers ST(0) and the one in ModRM.r/m; sizes bs64 and z64: as bs and z, extended to v64; no size: memory of no width (LEA).
 */
export interface Row {
  readonly mnemonic: string
  readonly opcode: string
  readonly operands: string
  /** The manual's heading. */
  readonly spec: string
  /** Semantics for both readers. A row has `op` or `slow`; or both, and `isSlow`. */
  readonly op?: <V>(m: Cpu<V>, i: Insn) => void
  /** Semantics for the evaluator alone: wide or rare instructions; translated code hands them over. */
  readonly slow?: (e: Evaluator, i: Insn) => void
  /** With these operands it is `slow` that holds. */
  readonly isSlow?: (i: Insn) => boolean
  /** Flags the manual leaves undefined, for this instruction with these operands. */
  readonly undefinedFlags?: readonly ArithmeticFlag[]
  /** The same where it depends on values (shift counts); instead of `undefinedFlags`. */
  readonly undefinedWith?: (i: Insn, state: CpuState) => readonly ArithmeticFlag[]
  /** Ends a block. 'exit' hands control to the run loop (SYSCALL, ENCLU). */
  readonly flow?: 'jump' | 'branch' | 'call' | 'ret' | 'exit'
  /** LOCK is allowed when the destination is memory. */
  readonly lock?: true
  /**
   * #UD inside an enclave ("Illegal Instructions" of the SGX chapters). 'SGX2': on processors without SGX2 only.
   */
  readonly enclave?: 'UD' | 'SGX2'
  /** CPUID feature that must be present, or several, as in 'AVX+AES'; absent means baseline SSE2. */
  readonly feature?: string
}
