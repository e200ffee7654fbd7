import { readPackage } from './package.ts'
import type { HostPort } from '../api/index.ts'

/** One thing that enclu needs of the host. */
export interface Prerequisite {
  readonly what: string
  readonly found: string
  readonly met: boolean
}

export interface HostReport {
  readonly node: string
  readonly platform: string
  /** Whether the host's own cryptography is used, or ours. */
  readonly nativeSha256: boolean
  readonly nativeAesGcm: boolean
  readonly prerequisites: readonly Prerequisite[]
  /** All prerequisites are met. */
  readonly ready: boolean
}

/** What this host provides. Nothing of the machine is needed for it. */
export function hostReport({ sha256, aesGcm }: HostPort): HostReport {
  const needed = /\d+\.\d+/.exec(readPackage().engines.node)?.[0] ?? ''
  const prerequisites = [
    { what: `Node ${needed} or later`, found: process.versions.node, met: isAtLeast(process.versions.node, needed) },
    ...[wasmSimd(), wasmMemory()],
  ]
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    nativeSha256: sha256 !== undefined,
    nativeAesGcm: aesGcm !== undefined,
    prerequisites,
    ready: prerequisites.every(({ met }) => met),
  }
}

/** Compares dotted numbers, part by part. */
export function isAtLeast(version: string, needed: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [i, n] of needed.split('.').map(Number).entries()) {
    const part = parts[i] ?? 0
    if (part !== n) return part > n
  }
  return true
}

/** A module with one function that makes a v128 and drops it. */
// prettier-ignore
const SIMD_MODULE = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  1, 4, 1, 0x60, 0, 0,             // type: () -> ()
  3, 2, 1, 0,                      // one function of it
  10, 9, 1, 7, 0, 0x41, 0, 0xfd, 0x0f, 0x1a, 0x0b, // i32.const 0, i8x16.splat, drop
)

function wasmSimd(): Prerequisite {
  const met = WebAssembly.validate(SIMD_MODULE)
  return { what: 'WebAssembly with SIMD', found: met ? 'yes' : 'no', met }
}

const GUEST_MEMORY_64K = 65536

function wasmMemory(): Prerequisite {
  const what = 'shared WebAssembly memory of 4 GiB'
  try {
    new WebAssembly.Memory({ initial: GUEST_MEMORY_64K, maximum: GUEST_MEMORY_64K, shared: true })
    return { what, found: 'yes', met: true }
  } catch (e) {
    // What the engine says when it cannot reserve the addresses.
    return { what, found: e instanceof Error ? e.message : String(e), met: false }
  }
}
