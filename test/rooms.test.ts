/** The rule of the rooms: src/rooms.ts against the imports that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cycles, importsOf, resolveImport, sourceFiles } from '../scripts/imports.ts'
import { roomsPicture } from '../scripts/rooms-picture.ts'
import { ROOMS } from '../src/rooms.ts'

const rooms: Readonly<Record<string, readonly string[]>> = ROOMS
const names = Object.keys(rooms)
/** They may use node: and its globals; everything else must also run in a browser. */
const NODE_ROOMS = ['host-node', 'cli']
/** Packages that rooms may import at run time; the rest is for tests. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = { crypto: ['@noble/'], cli: ['commander'] }

const roomOf = (file: string): string | undefined => /^src\/([^/]+)\//.exec(file)?.[1]
const isTest = (file: string): boolean => /\.(test|cases|fixture)\.ts$/.test(file)
const files = sourceFiles('src').filter((file) => roomOf(file) !== undefined && !file.includes('.tmp.'))
const imports = new Map(files.map((file) => [file, importsOf(file)]))

/** 'file: what is wrong' for each import that `check` objects to. */
function objections(check: (file: string, specifier: string) => string | undefined): string[] {
  return files.flatMap((file) =>
    (imports.get(file) ?? []).flatMap(({ specifier }) => {
      const objection = check(file, specifier)
      return objection === undefined ? [] : [`${file}: ${objection}`]
    }),
  )
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.')

describe('the list of rooms', () => {
  test('names every folder of src, and nothing else', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map((entry) => entry.name).sort()).toEqual([...names].sort())
  })
  test('lets a room import only rooms that come before it', () => {
    const wrong = names.flatMap((name, at) =>
      (rooms[name] ?? []).filter((other) => !names.slice(0, at).includes(other)),
    )
    expect(wrong).toEqual([])
  })
  test('is the picture in ARCHITECTURE.md (npm run gen)', () => {
    expect(readFileSync('ARCHITECTURE.md', 'utf8')).toContain(roomsPicture())
  })
})

describe('imports', () => {
  test('reach only the rooms that the list allows', () => {
    const wrong = objections((file, specifier) => {
      if (!isRelative(specifier)) return undefined
      const [from, to] = [roomOf(file), roomOf(resolveImport(file, specifier))]
      if (from === undefined || to === undefined || from === to || rooms[from]?.includes(to)) return undefined
      return `${from} may not import ${to}`
    })
    expect(wrong).toEqual([])
  })
  test('enter another room through its index.ts; tests also use its cases and fixtures', () => {
    const wrong = objections((file, specifier) => {
      const target = resolveImport(file, specifier)
      if (!isRelative(specifier) || roomOf(target) === roomOf(file) || roomOf(target) === undefined) return undefined
      // Facts are many: each part of spec has its own door.
      const door = roomOf(target) === 'spec' ? /^src\/spec\/[^/]+\/index\.ts$/ : /^src\/[^/]+\/index\.ts$/
      const open = door.test(target) || (isTest(file) && isTest(target))
      return open ? undefined : `${specifier} is not a door`
    })
    expect(wrong).toEqual([])
  })
  test('name files that exist, with their ending', () => {
    const wrong = objections((file, specifier) =>
      !isRelative(specifier) || existsSync(resolveImport(file, specifier)) ? undefined : `no file ${specifier}`,
    )
    expect(wrong).toEqual([])
  })
  test('leave src only in tests', () => {
    const wrong = objections((file, specifier) =>
      isTest(file) || !isRelative(specifier) || resolveImport(file, specifier).startsWith('src/')
        ? undefined
        : specifier,
    )
    expect(wrong).toEqual([])
  })
  test('of node: and of packages stay where they are allowed', () => {
    const wrong = objections((file, specifier) => {
      const room = roomOf(file) ?? ''
      if (isRelative(specifier) || isTest(file)) return undefined
      if (specifier.startsWith('node:')) return NODE_ROOMS.includes(room) ? undefined : `${room} must run in a browser`
      return PACKAGES[room]?.some((name) => specifier.startsWith(name)) ? undefined : `${room} may not use ${specifier}`
    })
    expect(wrong).toEqual([])
  })
  test('make no circle of files', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        (imports.get(file) ?? [])
          .filter((i) => !i.typeOnly && isRelative(i.specifier))
          .map((i) => resolveImport(file, i.specifier)),
      ]),
    )
    expect(cycles(graph)).toEqual([])
  })
})
