/** The command line. Nothing imports this room; its tables are read by the tests and by scripts that write documentation. */
export { main } from './command-line.ts'
export { ERROR_EXIT_CODES, EXIT_CODES, EXIT } from './exit-codes.ts'
export { INHERITED } from './environment.ts'
export { RUN_OPTIONS, type OptionRow } from './run-options.ts'
