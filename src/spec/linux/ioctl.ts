/** How an ioctl request number is made up (ioctl(2), asm-generic), and the requests of terminals and pipes. */
import { bytes, struct, u16, u32 } from '../../base/index.ts'

const NONE = 0
const WRITE = 1
const READ = 2

/** Direction (2 bits), size of the argument (14), type (8), number (8). Unsigned. */
const request = (direction: number, type: number, nr: number, size: number): number =>
  (direction * 0x4000_0000 + (size << 16) + (type << 8) + nr) >>> 0

type Sized = { readonly size: number }
export const _IO = (type: number, nr: number): number => request(NONE, type, nr, 0)
export const _IOW = (type: number, nr: number, argument: Sized): number => request(WRITE, type, nr, argument.size)
export const _IOR = (type: number, nr: number, argument: Sized): number => request(READ, type, nr, argument.size)
export const _IOWR = (type: number, nr: number, argument: Sized): number =>
  request(READ | WRITE, type, nr, argument.size)

/** ioctl_tty(2) and friends: older than the scheme above. */
// prettier-ignore
export const TTY = {
  TCGETS: 0x5401, TCSETS: 0x5402, TCSETSW: 0x5403, TCSETSF: 0x5404, TIOCGPGRP: 0x540f, TIOCSPGRP: 0x5410,
  TIOCGWINSZ: 0x5413, TIOCSWINSZ: 0x5414, FIONREAD: 0x541b, FIONBIO: 0x5421, FIONCLEX: 0x5450, FIOCLEX: 0x5451,
} as const

export const termios = struct('termios', 36, {
  c_iflag: u32(0),
  c_oflag: u32(4),
  c_cflag: u32(8),
  c_lflag: u32(12),
  c_line: bytes(16, 1),
  c_cc: bytes(17, 19),
})
export const winsize = struct('winsize', 8, { ws_row: u16(0), ws_col: u16(2), ws_xpixel: u16(4), ws_ypixel: u16(6) })
