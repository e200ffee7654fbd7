/**
 * The rooms of the house and what each may import. A room is a folder of `src/`, entered only through its `index.ts`.
 * test/rooms.test.ts reads this literal; ARCHITECTURE.md draws it.
 */
// prettier-ignore
export const ROOMS = {
  base:        [],
  spec:        ['base'],
  wasm:        ['base'],
  crypto:      ['base'],
  port:        ['base'],
  cpu:         ['base', 'spec'],
  isa:         ['base', 'spec', 'cpu'],
  translate:   ['base', 'spec', 'wasm', 'cpu', 'isa'],
  sgx:         ['base', 'spec', 'crypto', 'cpu'],
  formats:     ['base', 'spec', 'crypto'],
  vdso:        ['base', 'spec', 'formats'],
  linux:       ['base', 'spec', 'port', 'cpu', 'sgx', 'formats', 'vdso'],
  machine:     ['base', 'spec', 'crypto', 'port', 'cpu', 'isa', 'translate', 'sgx', 'formats', 'vdso', 'linux'],
  api:         ['base', 'port', 'formats', 'sgx', 'machine'],
  'host-node': ['base', 'port'],
  cli:         ['base', 'crypto', 'api', 'host-node'],
} as const satisfies Record<string, readonly string[]>
