import { EPOLL, O, POLL, S } from '../../spec/linux/index.ts'
import type { FileDescription, Stat } from './file.ts'
import { OpenFile } from './open-file.ts'

/** What epoll_ctl(2) registered for one descriptor. */
export interface Interest {
  readonly file: FileDescription
  events: number
  /** epoll_event.data. */
  data: Uint8Array
}

/** epoll(7): a set of descriptors to watch. Deviation: EPOLLET is level-triggered. */
export class EpollFile extends OpenFile {
  readonly interests = new Map<number, Interest>()
  private readonly readinessOf: (file: FileDescription) => number

  constructor(readinessOf: (file: FileDescription) => number) {
    super('anon_inode:[eventpoll]', O.RDWR)
    this.readinessOf = readinessOf
  }

  /** Interests that are ready, with their events. `isOpen` tells whether the descriptor still shows the file. */
  ready(isOpen: (fd: number, file: FileDescription) => boolean): { interest: Interest; events: number }[] {
    const found: { interest: Interest; events: number }[] = []
    for (const [fd, interest] of this.interests) {
      if (!isOpen(fd, interest.file)) {
        this.interests.delete(fd)
        continue
      }
      const events = this.readinessOf(interest.file) & (interest.events | POLL.ERR | POLL.HUP)
      // A one-shot interest that has fired keeps only its flags.
      if (events !== 0 && (interest.events & 0xffff) !== 0) found.push({ interest, events })
    }
    return found
  }

  fired(interest: Interest): void {
    if (interest.events & EPOLL.ONESHOT) interest.events &= EPOLL.ONESHOT | EPOLL.ET
  }

  override get readable(): boolean {
    return this.ready(() => true).length > 0
  }

  stat(): Stat {
    return { dev: 14n, ino: 1n, mode: S.IFREG | 0o600, nlink: 1, uid: 0, gid: 0, rdev: 0n, size: 0, mtimeNs: 0n }
  }
}
