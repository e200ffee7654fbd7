import { isHostError, type ConsolePort } from '../../port/index.ts'
import { EAGAIN, EBADF, EFAULT, ENOTTY, O, S, TTY, makedev, termios, winsize } from '../../spec/linux/index.ts'
import { errnoOfHost } from '../errno.ts'
import { structBytes } from '../mm/user-memory.ts'
import type { Answer, Wait } from '../syscall.ts'
import type { Task } from '../task/task.ts'
import type { Stat } from './file.ts'
import { OpenFile } from './open-file.ts'

/** What a terminal says of itself (termios(3)): cooked, echoing, 38400 baud, the usual control characters. */
// prettier-ignore
const COOKED = structBytes(termios, {
  c_iflag: 0x4500, c_oflag: 5, c_cflag: 0xbf, c_lflag: 0x8a3b,
  c_cc: Uint8Array.of(3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0xf, 0x17, 0x16, 0, 0, 0),
})

const TTY_INO = 3n
const PIPE_INO = 1n

/** One of the standard streams of the host process: a terminal, or as good as a pipe. */
export class ConsoleFile extends OpenFile {
  private readonly console: ConsolePort
  private readonly fd: 0 | 1 | 2
  private readonly terminal: boolean

  constructor(console: ConsolePort, fd: 0 | 1 | 2) {
    const terminal = console.isTerminal(fd)
    super(terminal ? '/dev/tty' : `pipe:[${fd}]`, terminal ? O.RDWR : fd === 0 ? O.RDONLY : O.WRONLY)
    this.console = console
    this.fd = fd
    this.terminal = terminal
  }

  override read(into: Uint8Array): number | Wait {
    if (this.fd !== 0 && !this.terminal) return -EBADF
    const n = this.console.read(into)
    if (n === undefined) return this.nonblocking ? -EAGAIN : { wait: () => this.console.readable }
    return isHostError(n) ? errnoOfHost(n.error) : n
  }
  override get readable(): boolean {
    return this.console.readable
  }

  override write(data: Uint8Array): number {
    if (this.fd === 0 && !this.terminal) return -EBADF
    const n = this.console.write(this.fd === 2 ? 2 : 1, data)
    return isHostError(n) ? errnoOfHost(n.error) : n
  }

  override ioctl(task: Task, request: number, argument: number): Answer {
    if (!this.terminal) return -ENOTTY
    switch (request) {
      case TTY.TCGETS:
        return task.memory.write(argument, COOKED) ? 0 : -EFAULT
      case TTY.TCSETS:
      case TTY.TCSETSW:
      case TTY.TCSETSF:
        // Deviation: the host's terminal stays as it is.
        return task.memory.read(argument, termios.size) ? 0 : -EFAULT
      case TTY.TIOCGWINSZ: {
        const { rows, columns } = this.console.windowSize(this.fd) ?? { rows: 24, columns: 80 }
        return task.memory.setStruct(winsize, argument, { ws_row: rows, ws_col: columns }) ? 0 : -EFAULT
      }
      case TTY.TIOCGPGRP:
        return task.memory.setU32(argument, task.process.pgid) ? 0 : -EFAULT
      case TTY.TIOCSPGRP:
        return task.memory.u32(argument) === undefined ? -EFAULT : 0
      default:
        return -ENOTTY
    }
  }

  stat(): Stat {
    const terminal = this.terminal
    return {
      dev: terminal ? 24n : 13n,
      ino: terminal ? TTY_INO : PIPE_INO + BigInt(this.fd),
      mode: terminal ? S.IFCHR | 0o620 : S.IFIFO | 0o600,
      nlink: 1,
      uid: 0,
      gid: 5,
      rdev: terminal ? makedev(136, 0) : 0n,
      size: 0,
      mtimeNs: 0n,
    }
  }
}
