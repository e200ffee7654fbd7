/** `npm run gen`: writes the generated parts of the documentation. test/docs.test.ts fails when one is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { GENERATED, withGenerated } from './generated.ts'

for (const { file, name, text } of GENERATED) {
  const old = readFileSync(file, 'utf8')
  const fresh = withGenerated(old, name, await text())
  if (fresh !== old) writeFileSync(file, fresh)
  console.log(`${fresh === old ? 'fresh  ' : 'written'} ${file} (${name})`)
}
