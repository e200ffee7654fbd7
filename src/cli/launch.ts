#!/usr/bin/env node
/**
 * What `enclu` names. It starts the program beside it, enclu.cjs, with the code that V8 made of it in an earlier run: making it
 * anew takes longer than most programs run.
 *
 * The code is kept in the user's cache folder, by the bundle's hash: V8 itself compares no more of the source than its length.
 * Another version of V8 refuses it, and then it is made again. Whatever goes wrong with the file, enclu runs without it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'

/** Put in by scripts/build-cli.mjs. */
declare const BUNDLE_HASH: string

const bundle = join(__dirname, 'enclu.cjs')
const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'enclu')
const cache = join(folder, `${BUNDLE_HASH}-${process.version}-${process.arch}.code`)

const script = new Script(`(function(require,__filename){${readFileSync(bundle, 'latin1')}\n})`, {
  filename: bundle,
  ...readCache(),
})
// Only a program that was run has used most of the code.
if (script.cachedDataRejected !== false && process.argv[2] === 'run') process.on('exit', writeCache)
const start = script.runInThisContext() as (load: NodeJS.Require, path: string) => void
start(require, bundle)

function readCache(): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(cache) }
  } catch {
    return {}
  }
}

function writeCache(): void {
  try {
    // Two levels and no more: mkdir with `recursive` never returns where a file system refuses folders with ENOENT, as /proc does.
    for (const path of [dirname(folder), folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
    const draft = `${cache}.${process.pid}`
    writeFileSync(draft, script.createCachedData(), { mode: 0o600 })
    renameSync(draft, cache)
  } catch {
    // A cache that cannot be kept is made in each run.
  }
}
