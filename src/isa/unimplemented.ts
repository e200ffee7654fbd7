/**
 * Instructions that exist in 64-bit mode and have no row: they stop the run by name instead of raising #UD. One line each:
 * opcode (syntax of Row.opcode), mnemonic, and M or R where ModRM.r/m can only be memory or a register. Rows take precedence, so a
 * line may stay after its row came; what no profile of ours offers and user mode cannot execute anyway (VMX, SVM, RTM, 3DNow!) is #UD.
 */

const list = (text: string): [opcode: string, mnemonic: string, operands: string][] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const m = /^(?<opcode>.*?) +(?<mnemonic>[A-Z][A-Z0-9]{2,}\S*)(?: (?<operand>[MR]))?$/.exec(line.trim())
      const g = m?.groups ?? {}
      return [g['opcode'] ?? line, g['mnemonic'] ?? '', g['operand'] === 'R' ? 'Rd' : (g['operand'] ?? '')]
    })

/** Consecutive opcodes of one map and prefix; '-' leaves one out, 'X:M' and 'X:R' restrict ModRM.r/m. */
const run = (prefix: string, first: number, names: string): [string, string, string][] =>
  names.split(' ').flatMap((name, k): [string, string, string][] => {
    const [mnemonic = '', operand] = name.split(':')
    const byte = (first + k).toString(16).toUpperCase().padStart(2, '0')
    return mnemonic === '-' ? [] : [[`${prefix} ${byte} /r`, mnemonic, operand === 'R' ? 'Rd' : (operand ?? '')]]
  })

// prettier-ignore
export const UNIMPLEMENTED: readonly (readonly [opcode: string, mnemonic: string, operands: string])[] = [
  ...list(`
    62 EVEX
  `),
  // AES, SHA, ADX and their like
  ...run('66 0F 38', 0xcf, 'GF2P8MULB'),
  ...run('66 0F 3A', 0xce, 'GF2P8AFFINEQB GF2P8AFFINEINVQB'),
]
