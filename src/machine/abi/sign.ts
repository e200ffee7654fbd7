import { signLayout, type PlainLayout } from '../enclave-call/index.ts'

// An RSA key for EINIT's sake, which anybody can factor: it signs an enclave without secrets.
const P = 2n ** 1536n - 7769n
const Q = 2n ** 1536n - 8333n
const PHI = (P - 1n) * (Q - 1n)
/** `d` is the inverse of 3: PHI is 1 modulo 3. */
const KEY = { n: P * Q, d: (2n * PHI + 1n) / 3n }

/** SIGSTRUCT for the enclave of the measuring program. */
export const signSigstruct = (layout: PlainLayout): Uint8Array => signLayout(layout, KEY)
