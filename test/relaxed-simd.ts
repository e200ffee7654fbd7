/** What the command line asks of V8, for tests: versions after Node 20's need no asking, and know no such switch. */
export const relaxedSimd = process.versions.v8.startsWith('11.') ? ['--experimental-wasm-relaxed-simd'] : []
