import { EFAULT, EINVAL, MAX_RW_COUNT } from '../../spec/linux/index.ts'
import { syscall } from '../syscall.ts'

const GRND_RANDOM = 2
const GRND_INSECURE = 4
const GRND_KNOWN = 1 | GRND_RANDOM | GRND_INSECURE
const CHUNK = 65536

// prettier-ignore
export const getrandom = syscall(318, 'getrandom', { buf: 'addr', buflen: 'size', flags: 'flags' }, {
  support: 'full', note: 'Seeded: the same command gives the same bytes.', spec: 'getrandom(2)',
  run({ kernel, task }, { buf, buflen, flags }) {
    if ((flags & ~GRND_KNOWN) !== 0) return -EINVAL
    if (flags & GRND_RANDOM && flags & GRND_INSECURE) return -EINVAL
    const count = Math.min(buflen, MAX_RW_COUNT)
    let done = 0
    while (done < count) {
      const part = kernel.random(Math.min(CHUNK, count - done))
      const n = task.memory.copyOut(buf + done, part)
      done += n
      if (n < part.length) break
    }
    return done === 0 && count > 0 ? -EFAULT : done
  },
})
