import type { Fault } from './fault.ts'

/** Why guest code stopped. RIP is after the instruction for syscall, at the instruction for enclu and fault. */
export type Exit =
  | { readonly kind: 'syscall' }
  | { readonly kind: 'enclu' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'budget' }
