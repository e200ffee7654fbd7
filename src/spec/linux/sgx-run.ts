/** What __vdso_sgx_enter_enclave() and its caller share. */
import { bytes, struct, u16, u32, u64 } from '../../base/index.ts'

/** struct sgx_enclave_run of uapi/asm/sgx.h: in and out. The reserved bytes must be zero. */
// prettier-ignore
export const sgx_enclave_run = struct('sgx_enclave_run', 256, {
  tcs: u64(0), function: u32(8), exception_vector: u16(12), exception_error_code: u16(14), exception_addr: u64(16),
  user_handler: u64(24), user_data: u64(32), reserved: bytes(40, 216),
})

/** struct sgx_enclave_exception of the patches of March 2020 (v28 to v36): out, after an exception. */
export const sgx_enclave_exception = struct('sgx_enclave_exception', 32, {
  leaf: u32(0),
  trapnr: u16(4),
  error_code: u16(6),
  address: u64(8),
})
