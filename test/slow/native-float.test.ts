/** Vector instructions, x87 and MMX against the processor of this machine. */
import { isFloatFamily, nativeSuite } from './native-suite.ts'

nativeSuite(isFloatFamily)
