/** Paths as text. Nothing here looks at files. */

/** Names between slashes, without empty ones and '.'. */
export const components = (path: string): string[] => path.split('/').filter((c) => c !== '' && c !== '.')

export const join = (folder: string, name: string): string => (folder === '/' ? `/${name}` : `${folder}/${name}`)

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Absolute, without '.', '..' and doubled slashes: right only where no component is a symbolic link. */
export function normalize(path: string, base = '/'): string {
  const out: string[] = []
  for (const c of components(path.startsWith('/') ? path : `${base}/${path}`)) {
    if (c === '..') out.pop()
    else out.push(c)
  }
  return `/${out.join('/')}`
}

/** `path` is `folder` or lies in it; both absolute and normal. */
export const isWithin = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`)

/** The last component must be a directory: 'x/', 'x/.' (path_resolution(7)). */
export const wantsDirectory = (path: string): boolean => /\/\.?$/.test(path) || path === '.' || path.endsWith('..')
