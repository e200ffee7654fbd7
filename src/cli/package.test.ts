import { expect, test } from 'vitest'
import { VERSION } from '../base/index.ts'
import { readPackage } from './package.ts'

test('the version that the code knows is the one of package.json', () => {
  expect(VERSION).toBe(readPackage().version)
})
