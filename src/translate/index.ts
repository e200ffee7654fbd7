/** Decoded blocks -> regions -> WebAssembly; the code cache; the engine that runs guest code until an exit. */
export type { EncluPort } from './transitions.ts'
export type { NativeCode } from './native-code.ts'
export { Engine, type EngineOptions, type EngineStats, type KeptTranslations } from './engine.ts'
export { CodeCache, type RunBlock, type Region } from './code-cache.ts'
export { RegionCompiler } from './region.ts'
export { RETURN, FIRST_EXIT } from './region-contract.ts'
export { createDispatcher, jumpSlot, type Dispatcher } from './dispatcher.ts'
export { discoverBlocks, type Block } from './blocks.ts'
