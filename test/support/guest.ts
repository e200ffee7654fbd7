/** Runs a program under enclu within this process, everything it says collected. */
import { nodeHost } from '../../src/host-node/index.ts'
import { Machine, type HostPort, type MachineOptions, type MachineStats, type VdsoAbi } from '../../src/api/index.ts'

export interface GuestOptions extends Omit<MachineOptions, 'port' | 'onNotice' | 'onSyscall' | 'onSgx'> {
  readonly args?: readonly string[]
  readonly argv0?: string
  readonly env?: readonly string[]
  readonly cwd?: string
  readonly stdin?: string | Uint8Array
  /** Nanoseconds since 1970; default: the host's. */
  readonly wallClock?: () => bigint
  /** Collect system calls and SGX events (default): slow for a program that makes very many. */
  readonly traced?: boolean
  /** Called with each SGX event as it happens. */
  readonly onSgxEvent?: (line: string, machine: Machine<VdsoAbi>) => void
  /** Called with the machine when the guest has written this many bytes or more to its standard output. */
  readonly whenPrinted?: { readonly bytes: number; readonly then: (machine: Machine<VdsoAbi>) => void }
}

export interface GuestOutcome {
  /** As a shell gives it: 128 and the signal's number for a program that was killed. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What enclu had to say about something refused. */
  readonly notices: readonly string[]
  readonly syscalls: readonly string[]
  readonly sgx: readonly string[]
  readonly stats: MachineStats
}

/** Standard streams in memory. */
function memoryConsole(
  stdin: Uint8Array,
  onPrint: (bytes: number) => void,
): { console: HostPort['console']; text: (fd: 1 | 2) => string } {
  const chunks: Record<1 | 2, Buffer[]> = { 1: [], 2: [] }
  let [at, printed] = [0, 0]
  return {
    console: {
      readable: true,
      awaited: false,
      input: () => Promise.resolve(),
      read(into) {
        const piece = stdin.subarray(at, at + into.length)
        into.set(piece)
        at += piece.length
        return piece.length
      },
      write(fd, data) {
        chunks[fd].push(Buffer.from(data))
        if (fd === 1) onPrint((printed += data.length))
        return data.length
      },
      isTerminal: () => false,
      windowSize: () => undefined,
    },
    text: (fd) => Buffer.concat(chunks[fd]).toString(),
  }
}

export async function runGuest(program: string, options: GuestOptions = {}): Promise<GuestOutcome> {
  const { args = [], argv0 = program, env = ['PATH=/usr/bin:/bin'], stdin = '', ...others } = options
  const { cwd, wallClock, whenPrinted, onSgxEvent, traced = true, ...machineOptions } = others
  const host = nodeHost()
  let pending = whenPrinted
  const io = memoryConsole(typeof stdin === 'string' ? Buffer.from(stdin) : stdin, (bytes) => {
    if (!pending || bytes < pending.bytes) return
    pending.then(machine)
    pending = undefined
  })
  const [notices, syscalls, sgx]: [string[], string[], string[]] = [[], [], []]
  const machine = new Machine({
    ...machineOptions,
    port: {
      ...host,
      console: io.console,
      ...(cwd !== undefined && { workingDirectory: cwd }),
      ...(wallClock && { wallClock }),
    },
    onNotice: (text) => notices.push(text),
    ...(traced && {
      onSyscall: (line: string) => syscalls.push(line),
      onSgx(line: string) {
        sgx.push(line)
        onSgxEvent?.(line, machine)
      },
    }),
  })
  const status = await machine.run(program, [argv0, ...args], env)
  const code = status.kind === 'exited' ? status.code : 128 + status.signal
  return { code, stdout: io.text(1), stderr: io.text(2), notices, syscalls, sgx, stats: machine.stats() }
}
