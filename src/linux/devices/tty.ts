import type { ConsolePort } from '../../port/index.ts'
import { ENXIO } from '../../spec/linux/index.ts'
import { ConsoleFile } from '../vfs/console-file.ts'
import type { Device } from '../vfs/virtual.ts'

/** tty(4): the controlling terminal, if one of the standard streams is one; else -ENXIO. */
export const ttyDevice = (console: ConsolePort): Device => ({
  major: 5,
  minor: 0,
  mode: 0o666,
  open: () => {
    const fd = ([0, 1, 2] as const).find((n) => console.isTerminal(n))
    return fd === undefined ? -ENXIO : new ConsoleFile(console, fd)
  },
})
