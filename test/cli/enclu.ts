/** Runs the built program as a user does, and makes small guests for it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fromHex } from '../../src/base/index.ts'
import { command, type CommandOptions, type Outcome } from '../support/command.ts'

const MAIN = resolve('dist/cli/main.cjs')

/** Without the twins of options, which the tests' own switches resemble. */
export const cleanEnvironment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ENCLU_'))),
  ...extra,
})

export const enclu = (args: readonly string[], options: CommandOptions = {}): Promise<Outcome> =>
  command(process.execPath, [MAIN, ...args], { ...options, env: cleanEnvironment(options.env) })

/** The same, still running. */
export const startEnclu = (args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() })

export interface Scratch {
  readonly path: string
  /** Writes a file and returns its path. */
  readonly file: (name: string, content: string | Uint8Array, mode?: number) => string
  readonly remove: () => void
}

export function scratchFolder(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'enclu-cli-'))
  return {
    path,
    file(name, content, mode = 0o755) {
      const file = join(path, name)
      writeFileSync(file, content)
      chmodSync(file, mode)
      return file
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

const LOAD_ADDRESS = 0x40_0000n
const HEADERS_SIZE = 64 + 56

/** A static executable of nothing but this machine code: one segment, readable and executable. */
export function executable(code: string): Uint8Array {
  const text = fromHex(code.replaceAll(' ', ''))
  const file = new Uint8Array(HEADERS_SIZE + text.length)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setUint16(16, 2, true) // e_type: ET_EXEC
  view.setUint16(18, 62, true) // e_machine: EM_X86_64
  view.setUint32(20, 1, true) // e_version
  view.setBigUint64(24, LOAD_ADDRESS + BigInt(HEADERS_SIZE), true) // e_entry
  view.setBigUint64(32, 64n, true) // e_phoff
  view.setUint16(52, 64, true) // e_ehsize
  view.setUint16(54, 56, true) // e_phentsize
  view.setUint16(56, 1, true) // e_phnum
  view.setUint32(64, 1, true) // p_type: PT_LOAD
  view.setUint32(68, 5, true) // p_flags: PF_R | PF_X
  view.setBigUint64(80, LOAD_ADDRESS, true) // p_vaddr
  view.setBigUint64(88, LOAD_ADDRESS, true) // p_paddr
  view.setBigUint64(96, BigInt(file.length), true) // p_filesz
  view.setBigUint64(104, BigInt(file.length), true) // p_memsz
  view.setBigUint64(112, 4096n, true) // p_align
  file.set(text, HEADERS_SIZE)
  return file
}

/** Guests, in machine code. */
// prettier-ignore
export const GUESTS = {
  /** mov edi, 42; mov eax, 231 (exit_group); syscall */
  exit42: 'bf2a000000 b8e7000000 0f05',
  /** xor eax, eax; mov eax, [rax] */
  crash: '31c0 8b00',
  /** Prints "y" once, then jumps to itself for ever. */
  spin: '68790a00004889e6ba02000000bf01000000b8010000000f05ebfe',
  /** The same, after rt_sigaction(SIGINT, SIG_IGN). */
  deaf: '31c05050506a014889e6bf0200000031d241ba08000000b80d0000000f0568790a00004889e6ba02000000bf01000000b8010000000f05ebfe',
  /** mov eax, 29 (shmget); syscall */
  shmget: 'b81d000000 0f05',
  /** Prints each argument, then each environment variable, one a line. */
  words: `4989e44983c40841bd02000000498b34244983c4084885f6741f31d2803c16007404ffc2ebf6bf01000000b8010000000f05e810000000
          ebd441ffcd75cf31ffb8e70000000f056a0a4889e6ba01000000bf01000000b8010000000f0558c3`.replaceAll(/\s+/g, ''),
  /** Opens its first argument for reading, twice; its exit code is the errno of the second time. */
  open: '4c8b64241041bd020000004c89e731f6b8020000000f0541ffcd75ef89c7f7dfb8e70000000f05',
  /** Prints "y" on lines for ever. */
  yes: '68790a00004889e6ba02000000bf01000000b8010000000f05ebea',
} as const
