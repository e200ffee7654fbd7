/** The program `enclu`, which launch.ts starts. */
import { main } from './command-line.ts'
import { failWith } from './failure.ts'

process.on('uncaughtException', (error) => process.exit(failWith(error)))
void main(process.argv.slice(2), process.env).then((code) => process.exit(code))
