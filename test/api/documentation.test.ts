/** What the package exports is documented. */
import { expect, test } from 'vitest'
import { exportedValues, undocumented, unexportedTypes } from '../../scripts/api-report.ts'
import { findExamples } from '../../scripts/doc-examples.ts'

test('every export has a doc comment', () => {
  expect(undocumented()).toEqual([])
})

test('every type that a signature names can be imported', () => {
  expect(unexportedTypes()).toEqual([])
})

test('everything that exists at run time is imported and used by an example', () => {
  const used = findExamples().flatMap(({ code }) => {
    const imported = Array.from(code.matchAll(/import \{([^}]*)\} from 'enclu(?:\/node)?'/g), ([, names = '']) => names)
    const names = imported
      .join(',')
      .split(',')
      .map((name) => name.trim())
    const rest = code.replaceAll(/^import [^]*?'$/gm, '')
    return names.filter((name) => name !== '' && new RegExp(`\\b${name}\\b`).test(rest))
  })
  expect(exportedValues().filter((name) => !used.includes(name))).toEqual([])
})
