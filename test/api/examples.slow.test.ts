/** `npm run docs:check`: every example of the library's documentation compiles against the built package, runs, and prints what it says. */
import { afterAll, describe, expect, test } from 'vitest'
import { ExampleProject, findExamples } from '../../scripts/doc-examples.ts'

const examples = findExamples()
const project = new ExampleProject(examples)
afterAll(() => project.remove())

test('the examples compile', { timeout: 120_000 }, async () => {
  expect(examples.length).toBeGreaterThan(10)
  expect(await project.compile()).toEqual([])
})

describe('the examples run', () => {
  test.each(examples)('$place', async (example) => {
    expect(await project.run(example)).toEqual(example.expected)
    // An example that shows nothing proves nothing.
    expect(example.expected).not.toEqual([])
  })
})
