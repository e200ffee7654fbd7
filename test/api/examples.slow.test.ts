/** `npm run docs:check`: every example of the library's documentation compiles against the built package, runs, and prints what it says. */
import { afterAll, describe, expect, test } from 'vitest'
import { ExampleProject, findExamples } from '../../scripts/doc-examples.ts'

const examples = findExamples()
const project = new ExampleProject(examples)
const compiled = project.compile()
const outcomes = compiled.then(() => project.run())
afterAll(() => project.remove())

test('the examples compile', async () => {
  expect(examples.length).toBeGreaterThan(10)
  expect(await compiled).toEqual([])
})

describe('the examples run', () => {
  test.each(examples.map((example, i) => ({ ...example, i })))('$place', async ({ i, expected }) => {
    expect((await outcomes)[i]).toEqual({ printed: expected })
    // An example that shows nothing proves nothing.
    expect(expected).not.toEqual([])
  })
})
