/** Bundles the command line into dist/cli: enclu.cjs is the program, main.cjs starts it (src/cli/launch.ts). */
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  // ASCII, so that it can be read as Latin-1: V8 keeps half the bytes, and nothing is decoded.
  charset: 'ascii',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
}

/** Modules that take milliseconds to load and that few runs use, with the functions that are called: the first call loads. */
const LATE = {
  'node:child_process': ['spawn'],
  'node:crypto': ['createHash', 'createCipheriv', 'createDecipheriv'],
  'node:tty': ['isatty'],
  '@noble/ciphers/aes.js': ['cmac', 'gcm'],
  '@noble/curves/abstract/modular.js': ['invert', 'pow'],
}
const namespace = 'late'
const late = {
  name: namespace,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, (module) =>
      module.path in LATE && module.namespace !== namespace ? { path: module.path, namespace } : undefined,
    )
    onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: LATE[path].map((f) => `export const ${f} = (...a) => require('${path}').${f}(...a)`).join('\n'),
      resolveDir: process.cwd(),
    }))
  },
}

await build({
  ...common,
  entryPoints: ['src/cli/main.ts'],
  plugins: [late],
  outfile: 'dist/cli/enclu.cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: 'const moduleUrl=require("node:url").pathToFileURL(__filename).href;' },
})
const hash = createHash('sha256').update(readFileSync('dist/cli/enclu.cjs')).digest('hex').slice(0, 16)
await build({
  ...common,
  entryPoints: ['src/cli/launch.ts'],
  outfile: 'dist/cli/main.cjs',
  define: { BUNDLE_HASH: JSON.stringify(hash) },
})
chmodSync('dist/cli/main.cjs', 0o755)
