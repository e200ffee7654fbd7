import { ELFMAG } from '../spec/elf/index.ts'

/**
 * Says what a file is that is not an ELF file, so that `enclu run script.sh` is answered with the reason and not with
 * "bad magic". Only the first bytes are looked at.
 */

export const startsWith = (file: Uint8Array, magic: readonly number[]): boolean =>
  file.length >= magic.length && magic.every((byte, i) => file[i] === byte)

/** Formats that people do hand to a program that wants a Linux executable. */
// prettier-ignore
const OTHER_FORMATS: readonly { magic: readonly number[]; name: string }[] = [
  { magic: [0x4d, 0x5a],                                     name: 'a Windows or DOS program (MZ)' },
  { magic: [0xcf, 0xfa, 0xed, 0xfe],                         name: 'a macOS program (Mach-O)' },
  { magic: [0xce, 0xfa, 0xed, 0xfe],                         name: 'a 32-bit macOS program (Mach-O)' },
  { magic: [0xca, 0xfe, 0xba, 0xbe],                         name: 'a macOS universal program or a Java class' },
  { magic: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e, 0x0a], name: 'an archive of object files (ar)' },
  { magic: [0x00, 0x61, 0x73, 0x6d],                         name: 'a WebAssembly module' },
  { magic: [0x1f, 0x8b],                                     name: 'a gzip file' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],             name: 'an xz file' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd],                         name: 'a Zstandard file' },
  { magic: [0x50, 0x4b, 0x03, 0x04],                         name: 'a zip file' },
  { magic: [0x45, 0x43, 0x52, 0x45, 0x41, 0x54, 0x45, 0x00], name: 'an SGXS enclave stream, which a host program loads' },
]

/** How many leading bytes decide whether a file is called text. */
const TEXT_SAMPLE = 512

const isTextByte = (byte: number): boolean => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0x1b

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** The first line, cut so that a message stays one line. */
function firstLine(file: Uint8Array): string {
  const line = latin1(file.subarray(0, 80)).split(/[\r\n]/, 1)[0] ?? ''
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 60)
}

/** A sentence about a file without the ELF magic; `undefined` when the magic is there. */
export function whyNotElf(file: Uint8Array): string | undefined {
  if (startsWith(file, ELFMAG)) return undefined
  if (file.length === 0) return 'The file is empty.'
  // A prefix of the magic is a truncated ELF file rather than a strange one.
  if (file.length < ELFMAG.length && file.every((byte, i) => byte === ELFMAG[i]))
    return `The file ends after ${file.length} bytes, inside the ELF magic number.`
  if (startsWith(file, [0x23, 0x21]))
    return `The file is a script ("${firstLine(file)}"), not an ELF program: run its interpreter with the script as argument.`
  const known = OTHER_FORMATS.find((format) => startsWith(file, format.magic))
  if (known !== undefined) return `The file is ${known.name}, not an ELF program.`
  if (file.subarray(0, TEXT_SAMPLE).every(isTextByte))
    return `The file is text (it begins with "${firstLine(file)}"), not an ELF program.`
  const head = Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `The file is not an ELF program: it begins with the bytes ${head}, not with 7f 45 4c 46.`
}
