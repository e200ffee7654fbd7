#!/usr/bin/env node
/** The program `enclu`. */
import { main } from './command-line.ts'
import { failWith } from './failure.ts'

process.on('uncaughtException', (error) => process.exit(failWith(error)))
process.exit(await main(process.argv.slice(2), process.env))
