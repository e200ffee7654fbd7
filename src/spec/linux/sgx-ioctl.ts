/** /dev/sgx_enclave and /dev/sgx_provision: requests and arguments of the SGX user ABI (uapi/asm/sgx.h). */
import { struct, u64 } from '../../base/index.ts'
import { TTY, _IOW, _IOWR } from './ioctl.ts'

export const SGX_MAGIC = 0xa4

/** `src`: user address of a page that holds the SECS. */
export const sgx_enclave_create = struct('sgx_enclave_create', 8, { src: u64(0) })
/** `count` comes back: bytes added. */
// prettier-ignore
export const sgx_enclave_add_pages = struct('sgx_enclave_add_pages', 48, {
  src: u64(0), offset: u64(8), length: u64(16), secinfo: u64(24), flags: u64(32), count: u64(40),
})
export const sgx_enclave_init = struct('sgx_enclave_init', 8, { sigstruct: u64(0) })
export const sgx_enclave_provision = struct('sgx_enclave_provision', 8, { fd: u64(0) })
/** `result` (the leaf's error code) and `count` (bytes done) come back, and must be zero before. */
// prettier-ignore
export const sgx_enclave_restrict_permissions = struct('sgx_enclave_restrict_permissions', 40, {
  offset: u64(0), length: u64(8), permissions: u64(16), result: u64(24), count: u64(32),
})
// prettier-ignore
export const sgx_enclave_modify_types = struct('sgx_enclave_modify_types', 40, {
  offset: u64(0), length: u64(8), page_type: u64(16), result: u64(24), count: u64(32),
})
export const sgx_enclave_remove_pages = struct('sgx_enclave_remove_pages', 24, {
  offset: u64(0),
  length: u64(8),
  count: u64(16),
})

/** sgx_enclave_add_pages.flags: measure the pages' contents with EEXTEND. */
export const SGX_PAGE_MEASURE = 1

// prettier-ignore
export const SGX_IOC = {
  ENCLAVE_CREATE:               _IOW(SGX_MAGIC, 0x00, sgx_enclave_create),
  ENCLAVE_ADD_PAGES:            _IOWR(SGX_MAGIC, 0x01, sgx_enclave_add_pages),
  ENCLAVE_INIT:                 _IOW(SGX_MAGIC, 0x02, sgx_enclave_init),
  ENCLAVE_PROVISION:            _IOW(SGX_MAGIC, 0x03, sgx_enclave_provision),
  ENCLAVE_RESTRICT_PERMISSIONS: _IOWR(SGX_MAGIC, 0x05, sgx_enclave_restrict_permissions),
  ENCLAVE_MODIFY_TYPES:         _IOWR(SGX_MAGIC, 0x06, sgx_enclave_modify_types),
  ENCLAVE_REMOVE_PAGES:         _IOWR(SGX_MAGIC, 0x07, sgx_enclave_remove_pages),
} as const

const NAMES = new Map<number, string>([
  ...Object.entries(SGX_IOC).map(([name, request]) => [request, `SGX_IOC_${name}`] as const),
  ...Object.entries(TTY).map(([name, request]) => [request, name] as const),
])

/** The name that the header gives to a request, for traces. */
export const ioctlName = (request: number): string | undefined => NAMES.get(request)
