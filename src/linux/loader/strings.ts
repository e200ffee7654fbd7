import { E2BIG, EFAULT } from '../../spec/linux/index.ts'
import type { UserMemory } from '../mm/user-memory.ts'

const MAX_ARG_STRLEN = 131072
const MAX_ARG_STRINGS = 0x7fff_ffff

/** argv or envp of execve(2): strings up to a null pointer. A null array is an empty one (execve(2), NOTES). */
export function readStrings(memory: UserMemory, array: number): string[] | number {
  const strings: string[] = []
  if (array === 0) return strings
  for (let at = array; strings.length < MAX_ARG_STRINGS; at += 8) {
    const pointer = memory.u64(at)
    if (pointer === undefined) return -EFAULT
    if (pointer === 0n) break
    const bytes = memory.bytesToNul(Number(pointer), MAX_ARG_STRLEN)
    if (!bytes) return -EFAULT
    if (bytes.length >= MAX_ARG_STRLEN) return -E2BIG
    strings.push(new TextDecoder().decode(bytes))
  }
  return strings
}
