/** What the tests must know about one instruction, asked of iced-x86: an oracle independent of our own decoder. */
import {
  Code,
  Decoder,
  DecoderOptions,
  FlowControl,
  Formatter,
  FormatterSyntax,
  OpKind,
  Register,
  RflagsBits,
  type Instruction,
} from 'iced-x86'

/** An explicit memory operand: base + index * scale + displacement. Register numbers as in NativeState.gpr. */
export interface MemoryOperand {
  base: number | undefined
  index: number | undefined
  scale: number
  displacement: bigint
  /** The effective address is cut to 32 bits (67 prefix). */
  address32: boolean
  /** The base is the next instruction's address: nothing to choose. */
  ripRelative: boolean
}

export interface InstructionFacts {
  text: string
  length: number
  /** RFLAGS bits that the manual leaves undefined after this instruction, for at least some operands. */
  undefinedFlags: number
  memory: MemoryOperand | undefined
  /** Registers that address memory without being written in the operand: RSI, RDI, RBX (XLAT), RSP. */
  implicitAddresses: readonly number[]
  /** Decoded as a valid instruction of exactly this many bytes. */
  valid: boolean
  branches: boolean
}

const RSP = 4
const RBX = 3
const RSI = 6
const RDI = 7

/** From iced-x86's own numbering of the status flags to the processor's. */
const FLAG_BITS: readonly (readonly [number, number])[] = [
  [RflagsBits.CF, 1 << 0],
  [RflagsBits.PF, 1 << 2],
  [RflagsBits.AF, 1 << 4],
  [RflagsBits.ZF, 1 << 6],
  [RflagsBits.SF, 1 << 7],
  [RflagsBits.DF, 1 << 10],
  [RflagsBits.OF, 1 << 11],
]

const rflagsOf = (iced: number): number =>
  FLAG_BITS.reduce((bits, [theirs, ours]) => (iced & theirs ? bits | ours : bits), 0)

const gprNumber = (r: Register): number | undefined => {
  if (r >= Register.RAX && r <= Register.R15) return r - Register.RAX
  if (r >= Register.EAX && r <= Register.R15D) return r - Register.EAX
  return undefined
}

const is32 = (r: Register): boolean => (r >= Register.EAX && r <= Register.R15D) || r === Register.EIP

function memoryOperand(i: Instruction): MemoryOperand | undefined {
  const explicit = [...Array(i.opCount).keys()].some((n) => i.opKind(n) === OpKind.Memory)
  if (!explicit) return undefined
  const ripRelative = i.isIpRelMemoryOperand
  return {
    base: ripRelative ? undefined : gprNumber(i.memoryBase),
    index: gprNumber(i.memoryIndex),
    scale: i.memoryIndexScale,
    displacement: ripRelative ? 0n : BigInt.asIntN(64, i.memoryDisplacement),
    address32: is32(i.memoryBase) || is32(i.memoryIndex) || i.memoryDisplSize === 4,
    ripRelative,
  }
}

const IMPLICIT = new Map<OpKind, number>([
  [OpKind.MemorySegSI, RSI],
  [OpKind.MemorySegESI, RSI],
  [OpKind.MemorySegRSI, RSI],
  [OpKind.MemorySegDI, RDI],
  [OpKind.MemorySegEDI, RDI],
  [OpKind.MemorySegRDI, RDI],
  [OpKind.MemoryESDI, RDI],
  [OpKind.MemoryESEDI, RDI],
  [OpKind.MemoryESRDI, RDI],
])

function implicitAddresses(i: Instruction): number[] {
  const found = [...Array(i.opCount).keys()].flatMap((n) => IMPLICIT.get(i.opKind(n)) ?? [])
  if (i.isStackInstruction) found.push(RSP)
  if (i.code === Code.Xlat_m8) found.push(RBX)
  return found
}

const formatter = new Formatter(FormatterSyntax.Intel)
formatter.spaceAfterOperandSeparator = true
formatter.hexPrefix = '0x'
formatter.hexSuffix = ''
formatter.uppercaseHex = false

const known = new Map<string, InstructionFacts>()

/** Facts about the instruction in `code`; remembered, so that a loop over many states asks once. */
export function instructionFacts(code: Uint8Array, address = 0n): InstructionFacts {
  const key = `${address}:${String.fromCharCode(...code)}`
  const remembered = known.get(key)
  if (remembered) return remembered
  const decoder = new Decoder(64, code, DecoderOptions.None)
  decoder.ip = address
  const i = decoder.decode()
  const facts: InstructionFacts = {
    text: formatter.format(i),
    length: i.length,
    undefinedFlags: rflagsOf(i.rflagsUndefined),
    memory: memoryOperand(i),
    implicitAddresses: implicitAddresses(i),
    valid: i.code !== Code.INVALID && i.length === code.length,
    branches: i.flowControl !== FlowControl.Next,
  }
  i.free()
  decoder.free()
  if (known.size > 100_000) known.clear()
  known.set(key, facts)
  return facts
}
