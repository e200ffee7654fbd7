import type { Task } from '../task/task.ts'
import type { FileDescription, Stat } from './file.ts'

/** statfs(2), as far as it is known. */
export interface Space {
  readonly type: number
  readonly blockSize: number
  readonly blocks: number
  readonly free: number
  readonly files: number
}

/**
 * A place in the file system: a file of the host, or one that the kernel makes up (/dev, /proc, /sys). Answers are values or a
 * negative errno. A method that is missing means that this kind of file never allows it.
 */
export interface Node {
  readonly kind: 'file' | 'directory' | 'symlink' | 'character' | 'other'
  stat(): Stat
  open(task: Task, flags: number, path: string): FileDescription | number

  /** A directory's entry; -ENOENT. */
  lookup?(task: Task, name: string): Node | number
  /** Names without '.' and '..', sorted. */
  list?(task: Task): readonly string[] | number
  /** The text of a symbolic link. */
  readLink?(task: Task): string | number
  /** Where a magic link of /proc leads, whatever its text says (proc(5)). */
  follow?(task: Task): Node | number

  /** Creates and opens a file that does not exist. */
  create?(task: Task, name: string, flags: number, permissions: number): FileDescription | number
  makeDirectory?(task: Task, name: string, permissions: number): number
  remove?(task: Task, name: string, directory: boolean): number
  rename?(task: Task, name: string, to: Node, newName: string): number
  symlink?(task: Task, name: string, target: string): number
  link?(task: Task, name: string, existing: Node): number

  access?(task: Task, mask: number): number
  setMode?(task: Task, mode: number): number
  /** undefined leaves a time as it is. */
  setTimes?(task: Task, atimeNs: bigint | undefined, mtimeNs: bigint | undefined): number
  space?(task: Task): Space | number
}
