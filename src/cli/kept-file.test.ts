import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { KeptFile } from './kept-file.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'enclu-kept-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('what is written is read, by whoever comes later', () => {
  const path = join(folder(), 'cache', 'file')
  expect(new KeptFile(path).read()).toBeUndefined()
  new KeptFile(path).write(Uint8Array.of(1, 2, 3))
  new KeptFile(path).write(Uint8Array.of(4, 5))
  expect([...(new KeptFile(path).read() ?? [])]).toEqual([4, 5])
})

test('files that nobody has written for a month go, and the oldest of too many bytes', () => {
  const cache = folder()
  const ago = (name: string, days: number, size: number): void => {
    const path = join(cache, name)
    writeFileSync(path, '')
    truncateSync(path, size)
    const then = Date.now() / 1000 - days * 86_400
    utimesSync(path, then, then)
  }
  ago('forgotten', 31, 1)
  ago('first', 3, 1)
  ago('large', 2, 200 * 2 ** 20)
  ago('also large', 1, 100 * 2 ** 20)
  new KeptFile(join(cache, 'new')).write(Uint8Array.of(1))
  expect(readdirSync(cache).sort()).toEqual(['also large', 'new'])
})

test('a folder that cannot be written is as good as an empty one', () => {
  const file = new KeptFile('/proc/enclu/kept')
  file.write(Uint8Array.of(1))
  expect(file.read()).toBeUndefined()
})
