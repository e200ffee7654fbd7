import { alignUp, EncluError, hex } from '../base/index.ts'
import { readElf, type ElfFile } from '../formats/index.ts'
import type { VdsoImage } from './image.ts'

/**
 * A vDSO image that we have not built, such as the one inside a Linux kernel. Its code is used as it is. What the kernel
 * knows besides (its exception table) is found again: the call has one ENCLU, and the code that an exception continues at is
 * the one that stores what the kernel put into EAX, DI, SI and RDX.
 */

export const ENTER_ENCLAVE = '__vdso_sgx_enter_enclave'
const PAGE = 4096
/**
 * Linux puts its data pages (vvar) in front of the image, and code in the image reads them. Zeros there mean that there is no clock to
 * be read without a system call.
 */
const DATA_PAGES = 4

const ENCLU = [0x0f, 0x01, 0xd7]

/** Bytes of one instruction form; -1 is any byte. */
type Pattern = readonly number[]

/** `mov [r+d], eax`, then `mov [r+d], di`. */
const STORES: readonly Pattern[] = [
  [0x89, -1, 0x66, 0x89, -1, -1],
  [0x89, -1, -1, 0x66, 0x89, -1, -1],
]
/** What stands before the stores and belongs to them: `mov r, [rbp+d]`, and the older shapes' `test r, r` and `je`. */
const LOADS: readonly Pattern[] = [
  [0x48, 0x8b, -1, -1],
  [0x48, 0x8b, -1, -1, 0x48, 0x85, -1, 0x74, -1],
]

const fail = (message: string, details: Record<string, unknown> = {}): never => {
  throw new EncluError('ERR_BAD_OPTION', `the vDSO image ${message}`, details)
}

const matches = (code: Uint8Array, at: number, pattern: Pattern): boolean =>
  at >= 0 && pattern.every((byte, i) => (byte === -1 ? at + i < code.length : code[at + i] === byte))

/** DI is the register that the second store takes: ModRM.reg is 7, with a byte of displacement. */
const storesDi = (modrm: number): boolean => (modrm & 0xf8) === 0x78
const storesEax = (modrm: number): boolean => (modrm & 0x38) === 0 && (modrm & 0xc0) !== 0xc0
const loadsFromFrame = (modrm: number): boolean => (modrm & 0xc7) === 0x45

/** Offset in `code` of the instructions that report an exception. */
function findFixup(code: Uint8Array): number | undefined {
  for (let at = 0; at < code.length; at++) {
    const stores = STORES.find((p) => matches(code, at, p))
    if (!stores || !storesEax(code[at + 1] ?? 0) || !storesDi(code[at + stores.length - 2] ?? 0)) continue
    for (const load of LOADS) {
      const start = at - load.length
      if (matches(code, start, load) && loadsFromFrame(code[start + 2] ?? 0)) return start
    }
  }
  return undefined
}

function read(bytes: Uint8Array): ElfFile {
  try {
    return readElf(bytes)
  } catch (e) {
    // The reader speaks of programs.
    if (e instanceof EncluError) return fail(`cannot be read: ${e.message}`)
    throw e
  }
}

/**
 * Takes a whole image; `fixup` is the offset of the code that reports exceptions, where it cannot be found. Throws ERR_BAD_OPTION.
 */
export function readVdso(bytes: Uint8Array, fixup?: number): VdsoImage {
  const file = read(bytes)
  const [load, ...more] = file.loads
  if (!load || more.length > 0 || load.p_offset !== 0 || load.p_vaddr !== 0)
    return fail('must have one segment, and it must begin with the file')
  const symbol = file.symbol(ENTER_ENCLAVE)
  if (!symbol) return fail(`has no symbol ${ENTER_ENCLAVE}`)
  const start = Number(symbol.st_value)
  const code = bytes.subarray(start, start + Number(symbol.st_size))
  const places = [...code.keys()].filter((at) => matches(code, at, ENCLU))
  const [enclu] = places
  if (enclu === undefined || places.length > 1)
    return fail(`must have one ENCLU in ${ENTER_ENCLAVE}, and has ${places.length}`)
  const found = fixup === undefined ? findFixup(code) : fixup - start
  if (found === undefined || found < 0 || found >= code.length)
    return fail('does not show where it reports exceptions; say so with --vdso-fixup', { symbol: hex(start) })
  const image = new Uint8Array(alignUp(bytes.length, PAGE))
  image.set(bytes)
  return {
    bytes: image,
    dataPages: DATA_PAGES,
    symbols: new Map([[ENTER_ENCLAVE, { offset: start, size: code.length }]]),
    exceptionTable: [{ ip: start + enclu, fixup: start + found }],
    text: { start, end: start + code.length },
    labels: new Map([
      [ENTER_ENCLAVE, start],
      ['enclu', start + enclu],
      ['exception', start + found],
    ]),
  }
}
