import { ENOSYS } from '../../spec/linux/index.ts'
import { syscall, type Syscall } from '../syscall.ts'

/**
 * Parts that a Linux kernel may be built without, as this one is. Programs ask for these to find out whether they are there (libnuma
 * whenever it is loaded), and do without.
 */

const without = (option: string, number: number, name: string, page = name): Syscall =>
  syscall(
    number,
    name,
    {},
    {
      support: 'partial',
      note: `Fails with ENOSYS, as a kernel without ${option}.`,
      spec: `${page}(2)`,
      run: () => -ENOSYS,
    },
  )

/** glibc then uses getcpu(2); AT_RSEQ_FEATURE_SIZE is absent too. */
export const rseq = without('CONFIG_RSEQ', 334, 'rseq')

export const mbind = without('CONFIG_NUMA', 237, 'mbind')
export const set_mempolicy = without('CONFIG_NUMA', 238, 'set_mempolicy')
export const get_mempolicy = without('CONFIG_NUMA', 239, 'get_mempolicy')
export const migrate_pages = without('CONFIG_NUMA', 256, 'migrate_pages')
export const move_pages = without('CONFIG_NUMA', 279, 'move_pages')
export const set_mempolicy_home_node = without('CONFIG_NUMA', 450, 'set_mempolicy_home_node')

/** prctl(2) does not know the options of seccomp then, either. */
export const seccomp = without('CONFIG_SECCOMP', 317, 'seccomp')

export const add_key = without('CONFIG_KEYS', 248, 'add_key')
export const request_key = without('CONFIG_KEYS', 249, 'request_key')
export const keyctl = without('CONFIG_KEYS', 250, 'keyctl')

export const landlock_create_ruleset = without('CONFIG_SECURITY_LANDLOCK', 444, 'landlock_create_ruleset')
export const landlock_add_rule = without('CONFIG_SECURITY_LANDLOCK', 445, 'landlock_add_rule')
export const landlock_restrict_self = without('CONFIG_SECURITY_LANDLOCK', 446, 'landlock_restrict_self')

export const pkey_mprotect = without('CONFIG_ARCH_HAS_PKEYS', 329, 'pkey_mprotect', 'mprotect')
export const pkey_alloc = without('CONFIG_ARCH_HAS_PKEYS', 330, 'pkey_alloc')
export const pkey_free = without('CONFIG_ARCH_HAS_PKEYS', 331, 'pkey_free', 'pkey_alloc')
