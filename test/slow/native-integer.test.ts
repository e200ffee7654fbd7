/** The general-purpose instructions against the processor of this machine. */
import { isFloatFamily, nativeSuite } from './native-suite.ts'

nativeSuite((family) => !isFloatFamily(family))
