#!/usr/bin/env node
/**
 * What `enclu` names. It starts the program beside it, enclu.cjs, with the code that V8 made of it in an earlier run: a static hello
 * took 0.22 s of CPU time with it and 0.37 s without.
 *
 * The code is kept in the user's cache folder, by the bundle's hash: V8 itself compares no more of the source than its length.
 * Another version of V8 refuses it, and then it is made again. Whatever goes wrong with the file, enclu runs without it.
 */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Script } from 'node:vm'
import { KeptFile, type Launcher } from './kept-file.ts'

/** Put in by scripts/build-cli.mjs. */
declare const BUNDLE_HASH: string

const bundle = join(__dirname, 'enclu.cjs')
const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'enclu')
/** Names of what the runs of this version keep begin so. */
const prefix = join(folder, `${BUNDLE_HASH}-${process.version}-${process.arch}`)
const cache = new KeptFile(`${prefix}.code`)

/**
 * Flags of V8 11, which is Node 20's: later versions have others, and complain. They are a part of what V8 compares before it takes code that
 * it has made, so they stay.
 *
 * How many bytes of its bytecode a function runs before V8 thinks of optimizing it, instead of 66 KiB: most of what our own code does is done
 * once for each piece of a guest's code. A static hello took a third more CPU time, and python3 a fifth.
 */
const JAVASCRIPT_BUDGET = 1 << 19
/** The same for WebAssembly, in V8's own unit and instead of 1,800,000: what is optimized once is kept. */
const WASM_BUDGET = 500_000
/**
 * No look at V8's stack limit at each function and in each round of a loop of WebAssembly, through which V8 also interrupts: translated code
 * counts its fuel and its nesting itself and is back within two million instructions. Loops took 10 to 30 % longer with it.
 */
const NO_STACK_CHECKS = '--no-wasm-stack-checks'
/** Later versions have them without asking. */
const RELAXED_SIMD = '--experimental-wasm-relaxed-simd'
if (process.versions.v8.startsWith('11.')) {
  setFlagsFromString(`--interrupt-budget=${JAVASCRIPT_BUDGET}`)
  setFlagsFromString(`--wasm-tiering-budget=${WASM_BUDGET}`)
  setFlagsFromString(NO_STACK_CHECKS)
  setFlagsFromString(RELAXED_SIMD)
}

const cachedData = cache.read()
const parameters = 'require,__filename,launcher'
const script = new Script(`(function(${parameters}){${readFileSync(bundle, 'latin1')}\n})`, {
  filename: bundle,
  ...(cachedData && { cachedData }),
})
// Only a program that was run has used most of the code.
let isWanted = script.cachedDataRejected !== false && process.argv[2] === 'run'
const launcher: Launcher = {
  prefix,
  keepCode() {
    isWanted = true
  },
}
process.on('exit', () => {
  if (!isWanted) return
  cache.write(script.createCachedData())
})
const start = script.runInThisContext() as (load: NodeJS.Require, path: string, launcher: Launcher) => void
start(require, bundle, launcher)
