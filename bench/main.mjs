// The bench is TypeScript; Node 20 needs tsx to run it.
import { register } from 'tsx/esm/api'

register()
const [first, ...rest] = process.argv.slice(2)
const isSgx = first === 'sgx'
const { main } = await import(isSgx ? './sgx.ts' : './bench.ts')
process.exitCode = await main(isSgx ? rest : process.argv.slice(2))
