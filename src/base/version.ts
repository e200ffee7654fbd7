/** Of this package, as in package.json (src/cli/package.test.ts compares them). */
export const VERSION = '0.1.0'
