/** What the README tells a newcomer to type exists and prints what it says. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { INHERITED, RUN_OPTIONS } from '../src/cli/index.ts'
import { cleanEnvironment, enclu } from './cli/enclu.ts'
import { command } from './support/command.ts'

const README = readFileSync('README.md', 'utf8')
const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>
  readonly engines: { readonly node: string }
}

/** The fenced blocks of a language, in order. */
const blocks = (language: string): string[] =>
  Array.from(README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm')), ([, text = '']) => text)

describe('the first screen', () => {
  const [run = '', runTests = ''] = blocks('sh')
  test('has the two commands that set everything up', () => {
    expect(run).toBe('npm ci && npx enclu run examples/hello/hello\n')
    expect(runTests).toBe('npm ci && npm test\n')
    expect(README.indexOf(runTests)).toBeLessThan(README.split('\n').slice(0, 30).join('\n').length)
  })
  test('npm ci builds what npx enclu starts', () => {
    expect(PACKAGE.bin['enclu']).toBe('./dist/cli/main.cjs')
    expect(PACKAGE.scripts['prepare']).toBe('npm run build')
    expect(readFileSync('dist/cli/main.cjs', 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
  test('the example is there, executable, and prints what the README shows', async () => {
    accessSync('examples/hello/hello', constants.X_OK)
    const { code, stdout, stderr } = await enclu(['run', 'examples/hello/hello'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(README).toContain(`\`\`\`\n${stdout}\`\`\``)
  })
  test('the version of Node is that of package.json', () => {
    expect(README).toContain(`Node ${/[\d.]+/.exec(PACKAGE.engines.node)?.[0]} or later`)
  })
})

describe('commands', () => {
  const lines = blocks('sh').flatMap((block) => block.split('\n'))
  test('npm scripts exist', () => {
    for (const [, name = ''] of README.matchAll(/npm run ([\w:-]*\w)/g)) expect(PACKAGE.scripts).toHaveProperty([name])
  })
  test('options exist, programs of examples/ exist', () => {
    const known = RUN_OPTIONS.flatMap((row) => row.flags.replace(/ <.*/, '').split(', '))
    for (const line of lines.filter((l) => l.includes('enclu run'))) {
      const [, options = '', program = ''] = /enclu run ((?:-\S+ (?:(?<=-[DE] )\S+ )*)*)(\S+)/.exec(line) ?? []
      for (const [option = ''] of options.matchAll(/(?<=^| )--?[\w-]+/g)) expect(known).toContain(option)
      if (program.startsWith('examples/')) expect(existsSync(program)).toBe(true)
    }
  })
  test('every option in the text exists', () => {
    const known = RUN_OPTIONS.flatMap((row) => row.flags.replace(/ <.*/, '').split(', '))
    const others = ['--global', '--version', '--its-own-option']
    for (const [option = ''] of README.matchAll(/(?<![\w-])--[a-z][\w-]*/g))
      expect([...known, ...others]).toContain(option)
  })
  test('the variables that a program inherits are named', () => {
    for (const name of INHERITED) expect(README).toContain(`\`${name}\``)
  })
})

test('the library example runs', async () => {
  const [example = ''] = blocks('ts')
  const args = ['--input-type=module', '--eval', example]
  const { code, stdout, stderr } = await command(process.execPath, args, { env: cleanEnvironment() })
  expect(stdout).toMatch(/host: {4}from the library\n[^]*\{ kind: 'exited', code: 0 \}\n$/)
  expect(stderr).toMatch(/^ENCLS\[EPA\] done/)
  expect(code).toBe(0)
})
