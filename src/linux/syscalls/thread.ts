import * as linux from '../../spec/linux/index.ts'
import { TASK_SIZE } from '../mm/layout.ts'
import { syscall, type SyscallContext } from '../syscall.ts'

/** What threads and their libraries set up: arch_prctl(2), set_tid_address(2), prctl(2), rseq(2), membarrier(2). */

const { EFAULT, EINVAL, ENODEV, EPERM, ESRCH, PR } = linux

// prettier-ignore
export const arch_prctl = syscall(158, 'arch_prctl', { code: 'int', addr: 'u64' }, {
  support: 'partial', note: 'FS and GS base; CPUID faulting and shadow stacks are absent, as on processors without them.', spec: 'arch_prctl(2)',
  run({ kernel, task }, { code, addr }) {
    const { state } = kernel
    switch (code) {
      case linux.ARCH_SET_FS:
        if (addr >= BigInt(TASK_SIZE)) return -EPERM
        state.fsBase = addr
        return 0
      case linux.ARCH_SET_GS:
        if (addr >= BigInt(TASK_SIZE)) return -EPERM
        state.gsBase = addr
        return 0
      case linux.ARCH_GET_FS:
        return task.memory.setU64(Number(addr), state.fsBase) ? 0 : -EFAULT
      case linux.ARCH_GET_GS:
        return task.memory.setU64(Number(addr), state.gsBase) ? 0 : -EFAULT
      case linux.ARCH_GET_CPUID:
        return 1
      case linux.ARCH_SET_CPUID:
        return -ENODEV
      default:
        return -EINVAL
    }
  },
})

// prettier-ignore
export const set_tid_address = syscall(218, 'set_tid_address', { tidptr: 'addr' }, {
  support: 'full', spec: 'set_tid_address(2)',
  run({ task }, { tidptr }) {
    task.clearChildTid = tidptr
    return task.pid
  },
})

// prettier-ignore
export const set_robust_list = syscall(273, 'set_robust_list', { head: 'addr', len: 'size' }, {
  support: 'full', spec: 'set_robust_list(2)',
  run({ task }, { head, len }) {
    if (len !== linux.robust_list_head.size) return -EINVAL
    task.robustList = head
    return 0
  },
})

// prettier-ignore
export const get_robust_list = syscall(274, 'get_robust_list', { pid: 'int', head_ptr: 'addr', len_ptr: 'addr' }, {
  support: 'full', spec: 'set_robust_list(2)',
  run({ kernel, task }, { pid, head_ptr, len_ptr }) {
    const target = pid === 0 ? task : kernel.tasks.get(pid)
    if (!target) return -ESRCH
    const size = BigInt(linux.robust_list_head.size)
    return task.memory.setU64(len_ptr, size) && task.memory.setU64(head_ptr, BigInt(target.robustList)) ? 0 : -EFAULT
  },
})

const MEMBARRIER_GLOBAL = 1
const MEMBARRIER_PRIVATE_EXPEDITED = 8
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 16
const MEMBARRIERS = [MEMBARRIER_GLOBAL, MEMBARRIER_PRIVATE_EXPEDITED, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED]

/** With one processor every memory access is ordered before a task switch. */
// prettier-ignore
export const membarrier = syscall(324, 'membarrier', { cmd: 'int', flags: 'flags', cpu_id: 'int' }, {
  support: 'partial', note: 'GLOBAL and PRIVATE_EXPEDITED.', spec: 'membarrier(2)',
  run(_c, { cmd, flags }) {
    if (flags !== 0) return -EINVAL
    if (cmd === linux.MEMBARRIER_CMD_QUERY) return MEMBARRIERS.reduce((set, n) => set | n, 0)
    return MEMBARRIERS.includes(cmd) ? 0 : -EINVAL
  },
})

// prettier-ignore
export const getcpu = syscall(309, 'getcpu', { cpu: 'addr', node: 'addr', tcache: 'addr' }, {
  support: 'full', spec: 'getcpu(2)',
  run({ task }, { cpu, node }) {
    const told = [cpu, node].every((address) => address === 0 || task.memory.setU32(address, 0))
    return told ? 0 : -EFAULT
  },
})

const COMM_SIZE = 16
const LAST_CAPABILITY = 40
const TIMER_SLACK_NS = 50_000

/** Options that only answer what a fresh unprivileged process answers. */
const ASKED: Readonly<Record<number, number>> = {
  [PR.GET_KEEPCAPS]: 0,
  [PR.GET_SECUREBITS]: 0,
  [PR.GET_THP_DISABLE]: 0,
  [PR.GET_TIMERSLACK]: TIMER_SLACK_NS,
}
/** Options that are accepted and make no difference here. */
const ACCEPTED: readonly number[] = [
  PR.SET_PDEATHSIG,
  PR.SET_KEEPCAPS,
  PR.SET_TIMERSLACK,
  PR.SET_CHILD_SUBREAPER,
  PR.SET_THP_DISABLE,
  PR.SET_PTRACER,
]

function setName({ task }: SyscallContext, address: number): number {
  const name = task.memory.string(address, COMM_SIZE - 1)
  if (name === undefined) return -EFAULT
  task.comm = name
  return 0
}

function tellName({ task }: SyscallContext, address: number): number {
  const bytes = new Uint8Array(COMM_SIZE)
  bytes.set(new TextEncoder().encode(task.comm).subarray(0, COMM_SIZE - 1))
  return task.memory.write(address, bytes) ? 0 : -EFAULT
}

// prettier-ignore
export const prctl = syscall(157, 'prctl', { option: 'int', arg2: 'u64', arg3: 'u64', arg4: 'u64', arg5: 'u64' }, {
  support: 'partial', note: 'Names, dumpable, no_new_privs; the options of privileged processes and of tracing fail with EINVAL.', spec: 'prctl(2)',
  run(c, { option, arg2, arg3, arg4, arg5 }) {
    const { process } = c.task
    switch (option) {
      case PR.SET_NAME: return setName(c, Number(arg2))
      case PR.GET_NAME: return tellName(c, Number(arg2))
      case PR.GET_DUMPABLE: return process.dumpable
      case PR.SET_DUMPABLE:
        if (arg2 > 1n) return -EINVAL
        process.dumpable = Number(arg2)
        return 0
      case PR.SET_NO_NEW_PRIVS:
        if (arg2 !== 1n || arg3 !== 0n || arg4 !== 0n || arg5 !== 0n) return -EINVAL
        process.noNewPrivs = true
        return 0
      case PR.GET_NO_NEW_PRIVS:
        return arg2 | arg3 | arg4 | arg5 ? -EINVAL : Number(process.noNewPrivs)
      case PR.CAPBSET_READ: return arg2 > BigInt(LAST_CAPABILITY) ? -EINVAL : 1
      case PR.GET_PDEATHSIG:
      case PR.GET_CHILD_SUBREAPER:
        return c.task.memory.setU32(Number(arg2), 0) ? 0 : -EFAULT
      default:
        return ASKED[option] ?? (ACCEPTED.includes(option) ? 0 : -EINVAL)
    }
  },
})

const CAPABILITY_VERSION_3 = 0x2008_0522

// prettier-ignore
export const capget = syscall(125, 'capget', { hdrp: 'addr', datap: 'addr' }, {
  support: 'full', spec: 'capget(2)',
  run({ task }, { hdrp, datap }) {
    const version = task.memory.u32(hdrp)
    if (version === undefined) return -EFAULT
    if (version !== CAPABILITY_VERSION_3) {
      if (!task.memory.setU32(hdrp, CAPABILITY_VERSION_3)) return -EFAULT
      return datap === 0 ? 0 : -EINVAL
    }
    // No capabilities: effective, permitted, inheritable, in two words each.
    return datap === 0 || task.memory.write(datap, new Uint8Array(24)) ? 0 : -EFAULT
  },
})
