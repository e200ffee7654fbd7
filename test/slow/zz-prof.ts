import { differences } from '../native/compare.ts'
import { Oracle } from '../native/oracle.ts'
import { Random } from '../native/random-state.ts'
import { evaluatorEngine } from '../../src/isa/evaluator-engine.fixture.ts'
import { compiledEngine } from '../../src/translate/compiled-engine.fixture.ts'
import { ASKED, casesOf, encodingsFor } from './row-cases.ts'
const o = await Oracle.open() as Oracle
const ev = evaluatorEngine()
let n=0
const T={gen:0,nat:0,ev:0,co:0,di:0}
const t0=performance.now()
for (const [family, rows] of ASKED) {
  const co = compiledEngine()
  const t1=performance.now()
  const cs=[...casesOf(family, rows, new Random(1), {encodings: encodingsFor(+process.argv[2]), segments: o.hasSegmentBases})]
  const t2=performance.now(); T.gen+=t2-t1
  for(let i=0;i<cs.length;i+=2000){
    const b=cs.slice(i,i+2000)
    let t=performance.now()
    const ns=await o.run(b.map(c=>c.state)); T.nat+=performance.now()-t
    t=performance.now(); const es=b.map(c=>ev.run(c.state)); T.ev+=performance.now()-t
    t=performance.now(); const ks=b.map(c=>c.row.op?co.run(c.state):undefined); T.co+=performance.now()-t
    t=performance.now(); b.forEach((c,k)=>{differences(ns[k]!,es[k]!,c.mask); if(ks[k]) differences(ns[k]!,ks[k]!,c.mask)}); T.di+=performance.now()-t
    n+=b.length
  }
}
o.close()
console.log(n, performance.now()-t0, T)
