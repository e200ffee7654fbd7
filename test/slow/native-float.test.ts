/** SSE, SSE2 and x87 against the processor of this machine. */
import { nativeSuite } from './native-suite.ts'

nativeSuite((family) => /^(sse|x87)/.test(family))
