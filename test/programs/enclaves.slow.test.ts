/** Hosts and enclaves in C: what the driver and the kernel do for them. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ATTRIBUTES } from '../../src/spec/sgx/index.ts'
import { compilerMissing } from '../support/c-program.ts'
import { built } from '../support/enclave-kit.ts'
import { runGuest, type GuestOptions, type GuestOutcome } from '../support/guest.ts'

const MIB = 2 ** 20
const missing = await compilerMissing()

describe.skipIf(missing !== undefined)(`enclaves${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await built(
      {
        debugged: {
          source: 'debug-trusted',
          threads: 2,
          sigstruct: { ATTRIBUTES: ATTRIBUTES.MODE64BIT | ATTRIBUTES.DEBUG },
        },
        production: { source: 'debug-trusted', threads: 2 },
        large: { source: 'paging-trusted' },
        small: { source: 'threads-trusted' },
      },
      { debug: { source: 'debug' }, paging: { source: 'paging' }, lifetimes: { source: 'lifetimes' } },
    )
  }, 120_000)

  /** Standard output in lines, after a run that ended well. */
  const lines = async (program: string, enclave: string, options: GuestOptions = {}): Promise<string[]> => {
    const { stdout, stderr, code } = await runGuest(join(folder, program), {
      args: [join(folder, enclave)],
      ...options,
    })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    return stdout.trimEnd().split('\n')
  }

  const paging = (epcSize: number): Promise<GuestOutcome> =>
    runGuest(join(folder, 'paging'), { args: [join(folder, 'large')], epcSize, traced: false })

  test('two enclaves that do not fit into the EPC compute what they compute in a large one', async () => {
    const [roomy, tight] = [await paging(64 * MIB), await paging(MIB)]
    expect(roomy.stdout).toMatch(/^(walk \d: [0-9a-f]{16}\n){4}(sum \d: [0-9a-f]{16}\n){2}$/)
    expect({ stdout: tight.stdout, code: tight.code }).toEqual({ stdout: roomy.stdout, code: 0 })
    expect(roomy.stats.paging).toEqual({ writtenOut: 0, loaded: 0 })
    // 1,536 pages of tables in 256 pages of EPC: at least five sixths of each pass over a table are loaded.
    expect(tight.stats.paging.loaded).toBeGreaterThan(4 * 640)
    expect(tight.stats.paging.writtenOut).toBeGreaterThan(tight.stats.paging.loaded)
    expect([roomy.stats.epc, tight.stats.epc]).toEqual([
      { pages: 16384, inUse: 0 },
      { pages: 256, inUse: 0 },
    ])
  })

  test('enclaves end with their last user, and no EPC page is lost', async () => {
    const { stdout, stderr, code, stats } = await runGuest(join(folder, 'lifetimes'), {
      args: [join(folder, 'small')],
      epcSize: 128 * 4096,
    })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout.split('\n')).toEqual([
      'two enclaves: 3, 5, 4',
      'the other one: 6',
      'a child counts on: 5, then the parent: 6',
      'a child lets go: 7',
      'the parent lets go: 8',
      'one after the other: 12',
      'left behind at execve: 1',
      'another program',
      '',
    ])
    // All that came and went would not have fitted.
    expect([stats.epc, stats.paging]).toEqual([
      { pages: 128, inUse: 0 },
      { writtenOut: 0, loaded: 0 },
    ])
  })

  test('a debugger reads and writes a debug enclave', async () => {
    expect(await lines('debug', 'debugged')).toEqual([
      'from outside: ffffffffffffffff',
      'read: 8 1122334455667788',
      'a part: 3 334455',
      'write: 3',
      'seen inside: 11223344ccbbaa88',
      'across a page: 16',
      'TCS: 72, NSSA 2',
      'behind its fields: EIO',
      'TCS.OENTRY: EIO',
      'TCS.FLAGS: 1',
      'opted in: 1',
      'no page: EIO',
      'process_vm_readv: EFAULT',
      'exception: vector 6',
      'SSA.RIP: 8, inside 1',
      'behind UD2: 8',
      'goes on: function 4, answer 5',
      'at the AEP: 1, RAX 3',
      'PEEKDATA: 11223344ccbbaa88 ok',
      'POKEDATA: 0',
      'one step: outside',
      'child: 600',
      'at the AEP: 1, RAX 3',
      'PEEKDATA: the address ok',
      'three steps inside: at the AEP, moved 3 times',
      'POKEDATA: 0',
      'child: 600',
    ])
  })

  test('and nothing of another enclave', async () => {
    expect(await lines('debug', 'production')).toEqual([
      'from outside: ffffffffffffffff',
      'read: EIO 0',
      'a part: EIO 0',
      'write: EIO',
      'seen inside: 1122334455667788',
      'across a page: EIO',
      'TCS: EIO, NSSA 0',
      'behind its fields: EIO',
      'TCS.OENTRY: EIO',
      'TCS.FLAGS: EIO',
      'opted in: 0',
      'no page: EIO',
      'process_vm_readv: EFAULT',
      'exception: vector 6',
      'SSA.RIP: EIO, inside 0',
      'at the AEP: 1, RAX 3',
      'PEEKDATA: ffffffffffffffff EIO',
      'POKEDATA: EIO',
      'child: 9',
    ])
  })
})
