// The bench is TypeScript; Node 20 needs tsx to run it.
import { register } from 'tsx/esm/api'

register()
const { main } = await import('./bench.ts')
process.exitCode = await main(process.argv.slice(2))
