import { concatBytes } from '../../base/index.ts'

/**
 * The memory at RSP when a program starts (x86-64 ABI, "Initial Stack and Register State"; getauxval(3)). From high to low: the
 * program's path, the environment and argument strings, "x86_64", 16 random bytes, then the auxiliary vector, envp, argv, argc.
 */
export interface StackContents {
  readonly argv: readonly string[]
  readonly env: readonly string[]
  /** AT_EXECFN. */
  readonly path: string
  readonly platform: string
  /** AT_RANDOM. */
  readonly random: Uint8Array
  /** Types and values in order; those that point into the stack are made from these addresses. */
  readonly auxv: (at: StackPlaces) => readonly (readonly [type: number, value: number | bigint])[]
}

export interface StackPlaces {
  readonly path: number
  readonly platform: number
  readonly random: number
}

const utf8 = new TextEncoder()
const cString = (text: string): Uint8Array => utf8.encode(`${text}\0`)

/** The bytes that end at `top`, and the address of the first one: RSP. */
export function initialStack(
  top: number,
  contents: StackContents,
): { readonly rsp: number; readonly bytes: Uint8Array } {
  const blocks: { at: number; bytes: Uint8Array }[] = []
  let at = top
  const push = (bytes: Uint8Array): number => {
    at -= bytes.length
    blocks.push({ at, bytes })
    return at
  }
  // Linux leaves the last eight bytes zero.
  push(new Uint8Array(8))
  const path = push(cString(contents.path))
  const env = contents.env
    .toReversed()
    .map((s) => push(cString(s)))
    .reverse()
  const argv = contents.argv
    .toReversed()
    .map((s) => push(cString(s)))
    .reverse()
  at -= at % 16
  const platform = push(cString(contents.platform))
  const random = push(contents.random)
  const words = [argv.length, ...argv, 0, ...env, 0, ...contents.auxv({ path, platform, random }).flat(), 0, 0]
  // RSP is a multiple of 16 at the first instruction.
  at -= 8 * words.length
  at -= at % 16
  const bytes = new Uint8Array(top - at)
  const table = new DataView(bytes.buffer)
  words.forEach((word, i) => table.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(word)), true))
  for (const block of blocks) bytes.set(block.bytes, block.at - at)
  return { rsp: at, bytes }
}

/** Bytes of argument and environment strings, as execve(2) counts them against its limit. */
export const stringBytes = (strings: readonly string[]): number =>
  concatBytes(...strings.map(cString)).length + 8 * strings.length
