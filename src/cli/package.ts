import { readFileSync } from 'node:fs'

/** What enclu says of itself in package.json. */
export interface PackageFacts {
  readonly version: string
  readonly engines: { readonly node: string }
}

/** The file lies two folders above the program, and above its source. */
export function readPackage(): PackageFacts {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFacts
}
