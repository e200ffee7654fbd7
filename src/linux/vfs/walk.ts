import { ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, MAX_LINKS, NAME_MAX, PATH_MAX } from '../../spec/linux/index.ts'
import type { Task } from '../task/task.ts'
import { HostNode } from './host-node.ts'
import type { Node } from './node.ts'
import { components, join, wantsDirectory } from './path.ts'
import type { Sandbox } from './sandbox.ts'

/** Where a path led. */
export interface Place {
  /** Without symbolic links, '.' and '..'. */
  readonly path: string
  /** The directory and the name in it; the root's are its own. '' where a magic link of /proc led. */
  readonly parent: Node
  readonly name: string
  /** undefined: everything but the last component exists. */
  readonly node: Node | undefined
  /** The path ended with a slash: only a directory will do. */
  readonly directory: boolean
}

/** What a walk starts from and is held by. */
export interface Ground {
  readonly root: Node
  /** Nodes that hide what the host has there: /dev, /proc, /sys. */
  readonly mounts: ReadonlyMap<string, Node>
  readonly sandbox: Sandbox
}

interface Step {
  readonly path: string
  readonly name: string
  readonly node: Node
}

/** path_resolution(7). `base` is absolute; the last component is followed if it is a link and `follow` is set. */
export function walk(ground: Ground, task: Task, base: string, text: string, follow: boolean): Place | number {
  if (text === '') return -ENOENT
  if (new TextEncoder().encode(text).length >= PATH_MAX) return -ENAMETOOLONG
  const root: Step = { path: '/', name: '', node: ground.root }
  const pending = components(text.startsWith('/') ? text : `${base}/${text}`).reverse()
  const directory = wantsDirectory(text)
  let trail: Step[] = [root]
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    // The root is never taken off, so there is always a last one.
    const here = trail.at(-1) as Step
    if (here.node.kind !== 'directory') return -ENOTDIR
    if (name === '..') {
      if (trail.length > 1) trail.pop()
      continue
    }
    const last = pending.length === 0
    const path = join(here.path, name)
    const node = lookup(ground, task, here, name, path, pending)
    if (node === -ENOENT && last) return { path, parent: here.node, name, node: undefined, directory }
    if (typeof node === 'number') return node
    if (node.kind !== 'symlink' || (last && !follow && !directory)) {
      trail.push({ path, name, node })
      continue
    }
    if (++links > MAX_LINKS) return -ELOOP
    const jump = node.follow?.(task)
    if (typeof jump === 'number') return jump
    if (jump) {
      if (last) return { path, parent: here.node, name: '', node: jump, directory }
      trail.push({ path: '', name: '', node: jump })
      continue
    }
    const target = node.readLink?.(task) ?? -ENOENT
    if (typeof target === 'number') return target
    if (target === '') return -ENOENT
    if (target.startsWith('/')) trail = [root]
    pending.push(...components(target).reverse())
  }
  const end = trail.at(-1) as Step
  if (directory && end.node.kind !== 'directory') return -ENOTDIR
  return { path: end.path, parent: (trail.at(-2) ?? root).node, name: end.name, node: end.node, directory }
}

function lookup(
  ground: Ground,
  task: Task,
  here: Step,
  name: string,
  path: string,
  rest: readonly string[],
): Node | number {
  if (new TextEncoder().encode(name).length > NAME_MAX) return -ENAMETOOLONG
  const mounted = ground.mounts.get(path)
  if (mounted) return mounted
  // The flag that is named must allow what was wanted, not the whole folder that the walk has come to.
  if (here.node instanceof HostNode && !ground.sandbox.shows(path)) {
    return ground.sandbox.refuse('read', [path, ...rest.toReversed()].join('/'))
  }
  return here.node.lookup?.(task, name) ?? -ENOTDIR
}
