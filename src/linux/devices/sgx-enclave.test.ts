import { describe, expect, test } from 'vitest'
import {
  EACCES,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  EIO,
  ENODEV,
  ENOMEM,
  ENOTTY,
  EPERM,
  MAP_PRIVATE,
  MAP_SHARED,
  O,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  READ_IMPLIES_EXEC,
  S,
  SGX_IOC,
  sgx_enclave_modify_types,
  sgx_enclave_remove_pages,
  sgx_enclave_restrict_permissions,
  stat,
} from '../../spec/linux/index.ts'
import { ATTRIBUTES } from '../../spec/sgx/index.ts'
import { SGX_PROFILES } from '../../sgx/index.ts'
import { BAD, BASE, Driver, PAGE, RW, SIZE, TCS_PAGE, type SecsView, type Sigstruct } from './sgx-driver.fixture.ts'

const sgx1 = { profile: SGX_PROFILES.sgx1 }

describe('the devices', () => {
  test('are character devices, and absent without SGX', () => {
    const t = new Driver()
    const buf = t.room(144)
    for (const path of ['/dev/sgx_enclave', '/dev/sgx_provision']) {
      expect(t.call('stat', { path, buf })).toBe(0)
      const s = t.task.memory.struct(stat, buf)
      expect((s?.st_mode ?? 0) & S.IFMT).toBe(S.IFCHR)
      expect((s?.st_rdev ?? 0n) >> 8n).toBe(10n)
    }
  })
  test('unknown requests are ENOTTY', () => {
    const t = new Driver()
    expect(t.ioctl(0xa404, 0)).toBe(-ENOTTY)
    expect(t.ioctl(0x5401, 0)).toBe(-ENOTTY)
    expect(t.ioctl(SGX_IOC.ENCLAVE_CREATE, 0, t.open('/dev/sgx_provision', O.RDWR))).toBe(-ENOTTY)
  })
  test('the request numbers are those of the header', () => {
    expect(Object.values(SGX_IOC)).toEqual([
      0x4008a400, 0xc030a401, 0x4008a402, 0x4008a403, 0xc028a405, 0xc028a406, 0xc018a407,
    ])
  })
})

describe('SGX_IOC_ENCLAVE_CREATE', () => {
  test('state comes before the argument', () => {
    const t = new Driver()
    expect(t.ioctl(SGX_IOC.ENCLAVE_CREATE, BAD)).toBe(-EFAULT)
    expect(t.ioctl(SGX_IOC.ENCLAVE_CREATE, t.pointer(BAD))).toBe(-EFAULT)
    expect(t.create()).toBe(0)
    expect(t.create()).toBe(-EINVAL)
    expect(t.ioctl(SGX_IOC.ENCLAVE_CREATE, BAD)).toBe(-EINVAL)
  })
  // prettier-ignore
  test.each([
    ['a size of zero',            (s: SecsView) => (s.SIZE = 0n),                        -EINVAL],
    ['a size that is no power',   (s: SecsView) => (s.SIZE = 0x3000n),                   -EINVAL],
    ['one page',                  (s: SecsView) => (s.SIZE = 0x1000n),                   -EIO],
    ['a base that is not aligned',(s: SecsView) => (s.BASEADDR = 0x1000n),               -EIO],
    ['an unknown attribute',      (s: SecsView) => (s.ATTRIBUTES |= 1n << 40n),          -EIO],
    ['no SSE in XFRM',            (s: SecsView) => (s.XFRM = 1n),                        -EIO],
    ['an SSA frame of no page',   (s: SecsView) => (s.SSAFRAMESIZE = 0),                 -EIO],
    // Kept for INIT to refuse.
    ['the provisioning key',      (s: SecsView) => (s.ATTRIBUTES |= ATTRIBUTES.PROVISIONKEY), 0],
  ])('%s', (_what, change, expected) => {
    const t = new Driver()
    const before = t.sgx.epc.freeCount
    expect(t.create(change)).toBe(expected)
    expect(t.sgx.epc.freeCount).toBe(expected === 0 ? before - 2 : before)
    if (expected < 0) expect(t.create()).toBe(0)
  })
  test('no EPC: ENOMEM', () => {
    const t = new Driver()
    while (t.sgx.epc.allocate());
    expect(t.create()).toBe(-ENOMEM)
  })
})

describe('SGX_IOC_ENCLAVE_ADD_PAGES', () => {
  test('needs an enclave that is created and not initialized, before it looks at the argument', () => {
    const t = new Driver()
    expect(t.ioctl(SGX_IOC.ENCLAVE_ADD_PAGES, BAD)).toBe(-EINVAL)
    t.build()
    expect(t.ioctl(SGX_IOC.ENCLAVE_ADD_PAGES, BAD)).toBe(-EFAULT)
    expect(t.init()).toBe(0)
    expect(t.ioctl(SGX_IOC.ENCLAVE_ADD_PAGES, BAD)).toBe(-EINVAL)
  })
  // prettier-ignore
  test.each([
    ['an unaligned source',          0x4000,   RW,         { src: 8 },                  -EINVAL],
    ['an unaligned offset',          0x4001,   RW,         {},                          -EINVAL],
    ['no length',                    0x4000,   RW,         { length: 0 },               -EINVAL],
    ['an unaligned length',          0x4000,   RW,         { length: 100 },             -EINVAL],
    ['a page behind the end',        SIZE,     RW,         {},                          -EINVAL],
    ['a last page behind the end',   SIZE - PAGE, RW,      { length: 2 * PAGE },        -EINVAL],
    ['a bad secinfo address',        0x4000,   RW,         { secinfo: BAD },            -EFAULT],
    ['a bad range before secinfo',   SIZE,     RW,         { secinfo: BAD },            -EINVAL],
    ['a page of type SECS',          0x4000,   0x003n,     {},                          -EINVAL],
    ['write without read',           0x4000,   0x202n,     {},                          -EINVAL],
    ['a TCS with rights',            0x4000,   0x101n,     {},                          -EINVAL],
    ['another flag of SECINFO',      0x4000,   RW | 8n,    {},                          -EINVAL],
  ])('%s writes nothing back', (_what, offset, flags, more, expected) => {
    const t = new Driver().build()
    expect(t.add(offset, flags, more)).toEqual([expected, 77])
  })
  // prettier-ignore
  test.each([
    ['a page that is there',         0x1000,   RW,         {},                          -EBUSY],
    ['that comes before the source', 0x1000,   RW,         { src: BAD - 0x10 },         -EBUSY],
    ['a source that is not there',   0x4000,   RW,         { src: PAGE },               -EFAULT],
  ])('%s tells that nothing was done', (_what, offset, flags, more, expected) => {
    const t = new Driver().build()
    const before = t.sgx.epc.freeCount
    expect(t.add(offset, flags, more)).toEqual([expected, 0])
    expect(t.sgx.epc.freeCount).toBe(before)
  })
  test('stops at the first page that fails, and counts', () => {
    const t = new Driver()
    t.create()
    expect(t.add(0x2000, RW)).toEqual([0, PAGE])
    expect(t.add(0, RW, { length: 4 * PAGE })).toEqual([-EBUSY, 2 * PAGE])
  })
  test('a TCS that the processor refuses is EIO, and no EPC is lost', () => {
    const t = new Driver().build()
    const before = t.sgx.epc.freeCount
    expect(t.add(0x4000, TCS_PAGE, { src: t.bytes(new Uint8Array(PAGE).fill(0xff)) })).toEqual([-EIO, 0])
    expect(t.sgx.epc.freeCount).toBe(before)
  })
  test('no EPC, and nothing that could make room: ENOMEM', () => {
    const t = new Driver()
    t.create()
    while (t.sgx.epc.allocate());
    expect(t.add(0x4000, RW, { length: 2 * PAGE })).toEqual([-ENOMEM, 0])
  })
  test('measures only when asked', () => {
    const hash = (flags: number): string => {
      const t = new Driver()
      t.create()
      t.add(0x1000, RW, { flags })
      return Buffer.from(t.secsPage?.enclave?.measurement.digest() ?? []).toString('hex')
    }
    expect(hash(0)).not.toBe(hash(1))
    expect(hash(0)).toBe(hash(2))
  })
})

describe('SGX_IOC_ENCLAVE_INIT and PROVISION', () => {
  test('needs an enclave that is created and not initialized', () => {
    const t = new Driver()
    expect(t.ioctl(SGX_IOC.ENCLAVE_INIT, BAD)).toBe(-EINVAL)
    t.create()
    expect(t.ioctl(SGX_IOC.ENCLAVE_INIT, BAD)).toBe(-EFAULT)
    expect(t.ioctl(SGX_IOC.ENCLAVE_INIT, t.pointer(BAD))).toBe(-EFAULT)
    expect(t.init()).toBe(0)
    expect(t.init()).toBe(-EINVAL)
  })
  // prettier-ignore
  test.each([
    ['another vendor',                 (s: Sigstruct) => (s.VENDOR = 1),                              -EINVAL],
    ['Intel as vendor',                (s: Sigstruct) => (s.VENDOR = 0x8086),                         0],
    ['a bit no processor has',         (s: Sigstruct) => (s.ATTRIBUTES |= s.ATTRIBUTEMASK = 1n << 40n), -EINVAL],
    ['the same bit, not under the mask',(s: Sigstruct) => (s.ATTRIBUTES |= 1n << 40n),                0],
    ['a reserved MISCSELECT',          (s: Sigstruct) => (s.MISCSELECT = s.MISCMASK = 8),             -EINVAL],
    ['a reserved XFRM',                (s: Sigstruct) => (s.XFRM = s.XFRMMASK = 0xffn),               -EINVAL],
    ['another measurement',            (s: Sigstruct) => (s.ENCLAVEHASH = new Uint8Array(32)),        -EPERM],
    ['an attribute that must be set',  (s: Sigstruct) => (s.ATTRIBUTES = s.ATTRIBUTEMASK = ATTRIBUTES.DEBUG), -EPERM],
    ['another header',                 (s: Sigstruct) => (s.HEADER = new Uint8Array(16)),             -EPERM],
  ])('%s', (_what, change, expected) => {
    expect(new Driver().build().init(change)).toBe(expected)
  })
  test('the provisioning key needs its device, after CREATE', () => {
    const provisioning = (s: SecsView): void => void (s.ATTRIBUTES |= ATTRIBUTES.PROVISIONKEY)
    const t = new Driver()
    const device = t.open('/dev/sgx_provision', O.RDONLY)
    const provision = (fd: number): number => t.ioctl(SGX_IOC.ENCLAVE_PROVISION, t.pointer(fd))
    expect(t.ioctl(SGX_IOC.ENCLAVE_PROVISION, BAD)).toBe(-EFAULT)
    expect(provision(device)).toBe(0)
    expect(t.create(provisioning)).toBe(0)
    expect(t.init()).toBe(-EACCES)
    expect(provision(99)).toBe(-EINVAL)
    expect(provision(t.fd)).toBe(-EINVAL)
    expect(provision(device)).toBe(0)
    expect(t.init()).toBe(0)
  })
  test('the launch key is never given', () => {
    const t = new Driver()
    t.create((s) => (s.ATTRIBUTES |= ATTRIBUTES.EINITTOKEN_KEY))
    expect(t.init()).toBe(-EACCES)
  })
})

describe('mmap and mprotect of an enclave', () => {
  test('only shared', () => {
    const t = new Driver()
    expect(t.mmap(0, PAGE, PROT_READ, MAP_PRIVATE)).toBe(-EINVAL)
    expect(t.mmap(0, PAGE, PROT_READ, MAP_SHARED)).toBeGreaterThan(0)
    expect(t.mmap(0, PAGE, PROT_EXEC, MAP_SHARED)).toBeGreaterThan(0)
    expect(t.mmap(0, PAGE, PROT_READ, MAP_SHARED, 99)).toBe(-EBADF)
    expect(t.mmap(0, PAGE, PROT_WRITE, MAP_SHARED, t.open('/dev/sgx_enclave', O.RDONLY))).toBe(-EACCES)
  })
  // prettier-ignore
  test.each([
    ['a TCS as data',            0,         1, PROT_READ | PROT_WRITE,             0],
    ['a TCS as code',            0,         1, PROT_EXEC,                          -EACCES],
    ['what a page may',          0x1000,    1, PROT_READ | PROT_WRITE,             0],
    ['less than it may',         0x1000,    1, PROT_NONE,                          0],
    ['more than it may',         0x1000,    1, PROT_READ | PROT_EXEC,              -EACCES],
    ['more in a second page',    0x1000,    2, PROT_READ | PROT_WRITE,             -EACCES],
    ['a hole, with any rights',  0x8000,    4, PROT_READ | PROT_WRITE | PROT_EXEC, 0],
    ['outside',                  SIZE,      1, PROT_READ,                          -EACCES],
    ['across the end',           SIZE - PAGE, 2, PROT_READ,                        -EACCES],
    ['before the start',         -PAGE,     1, PROT_READ,                          -EACCES],
  ])('an initialized enclave: %s', (_what, offset, pages, prot, expected) => {
    const answer = new Driver().running().mmap(BASE + offset, pages * PAGE, prot)
    expect(answer).toBe(expected === 0 ? BASE + offset : expected)
  })
  test('mprotect follows the same rules', () => {
    const t = new Driver().running()
    t.mmap(BASE, SIZE, PROT_NONE)
    const protect = (addr: number, len: number, prot: number): number =>
      t.call('mprotect', { addr, start: addr, len, length: len, prot })
    expect(protect(BASE + 0x1000, PAGE, PROT_READ | PROT_WRITE)).toBe(0)
    expect(protect(BASE + 0x2000, PAGE, PROT_READ | PROT_WRITE)).toBe(-EACCES)
    expect(protect(BASE + 0x3000, PAGE, PROT_READ)).toBe(0)
    expect(protect(BASE, SIZE, PROT_READ)).toBe(0)
  })
  test('READ_IMPLIES_EXEC is refused', () => {
    const t = new Driver().running()
    t.task.process.personality |= READ_IMPLIES_EXEC
    expect(t.mmap(BASE + 0x1000, PAGE, PROT_READ)).toBe(-EACCES)
  })
  test('an access finds the EPC page at its address, or SIGBUS', () => {
    const t = new Driver(sgx1).running()
    t.mmap(BASE, PAGE, PROT_READ | PROT_WRITE)
    t.mmap(BASE + 0x1000, PAGE, PROT_READ | PROT_WRITE)
    t.mmap(BASE + 0x8000, PAGE, PROT_READ)
    expect([t.touch(BASE), t.touch(BASE + 0x1fff, 'W'), t.touch(BASE + 0x8000), t.touch(BASE + 0x2000)]).toEqual([
      'EPC',
      'EPC',
      'SIGBUS 4',
      'SIGSEGV 4',
    ])
    // Seen from outside: all ones.
    expect(t.task.memory.u32(BASE + 0x1000)).toBe(0xffff_ffff)
  })
  test('a mapping made before its pages gives no right that they lack', () => {
    const t = new Driver()
    t.mmap(BASE, SIZE, PROT_READ | PROT_WRITE | PROT_EXEC)
    t.running()
    expect([t.touch(BASE + 0x1000), t.touch(BASE + 0x2000, 'X')]).toEqual(['SIGBUS 4', 'SIGBUS 14'])
  })
  test('with SGX2 a hole becomes a page, once the enclave runs', () => {
    const t = new Driver().build()
    t.mmap(BASE + 0x8000, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)
    expect(t.touch(BASE + 0x8000)).toBe('SIGBUS 4')
    expect(t.init()).toBe(0)
    const before = t.sgx.epc.freeCount
    expect(t.touch(BASE + 0x8000)).toBe('EPC')
    expect(t.touch(BASE + 0x8000)).toBe('EPC')
    expect(t.sgx.epc.freeCount).toBe(before - 1)
  })
})

describe('the life of an enclave', () => {
  test('ends with the last descriptor and the last mapping; no EPC page is lost', () => {
    const t = new Driver()
    const before = t.sgx.epc.freeCount
    t.running()
    const other = t.call('dup', { fd: t.fd })
    t.mmap(BASE + 0x1000, PAGE, PROT_READ | PROT_WRITE)
    t.mmap(BASE + 0x8000, PAGE, PROT_READ)
    t.touch(BASE + 0x8000)
    t.call('close', { fd: t.fd })
    t.call('close', { fd: other })
    expect(t.touch(BASE + 0x1000)).toBe('EPC')
    const child = t.task.space.fork()
    t.call('munmap', { addr: BASE, start: BASE, len: SIZE, length: SIZE })
    expect(t.sgx.epc.freeCount).toBe(before - 7)
    child.release()
    expect(t.sgx.epc.freeCount).toBe(before)
  })
  test('munmap leaves the pages in the enclave', () => {
    const t = new Driver().running()
    t.mmap(BASE + 0x1000, PAGE, PROT_READ)
    const { freeCount } = t.sgx.epc
    t.call('munmap', { addr: BASE + 0x1000, length: PAGE })
    t.mmap(BASE + 0x1000, PAGE, PROT_READ)
    expect(t.touch(BASE + 0x1000)).toBe('EPC')
    expect(t.sgx.epc.freeCount).toBe(freeCount)
  })
  test('each open file has its own', () => {
    const t = new Driver().running()
    expect(t.ioctl(SGX_IOC.ENCLAVE_INIT, BAD, t.open('/dev/sgx_enclave', O.RDWR))).toBe(-EINVAL)
  })
})

describe('the requests of SGX2', () => {
  const LAYOUTS = {
    [SGX_IOC.ENCLAVE_RESTRICT_PERMISSIONS]: sgx_enclave_restrict_permissions,
    [SGX_IOC.ENCLAVE_MODIFY_TYPES]: sgx_enclave_modify_types,
    [SGX_IOC.ENCLAVE_REMOVE_PAGES]: sgx_enclave_remove_pages,
  }
  /** [answer, result, count]. */
  function change(
    t: Driver,
    request: keyof typeof LAYOUTS,
    values: Readonly<Record<string, number>>,
  ): (number | undefined)[] {
    const layout = LAYOUTS[request] as typeof sgx_enclave_modify_types
    const arg = t.bytes(new Uint8Array(layout.size))
    const filled = { offset: 0x1000, length: PAGE, ...values }
    t.task.memory.setStruct(layout, arg, Object.fromEntries(Object.entries(filled).map(([k, v]) => [k, BigInt(v)])))
    const answer = t.ioctl(request, arg)
    const after = t.task.memory.struct(layout, arg)
    return [answer, after?.result === undefined ? undefined : Number(after.result), Number(after?.count)]
  }
  const restrict = (t: Driver, v: Record<string, number>) => change(t, SGX_IOC.ENCLAVE_RESTRICT_PERMISSIONS, v)
  const modify = (t: Driver, v: Record<string, number>) => change(t, SGX_IOC.ENCLAVE_MODIFY_TYPES, v)

  test('are ENODEV without SGX2, EINVAL before INIT, EFAULT then', () => {
    for (const request of Object.keys(LAYOUTS).map(Number)) {
      expect(new Driver(sgx1).running().ioctl(request, BAD)).toBe(-ENODEV)
      const t = new Driver().build()
      expect(t.ioctl(request, BAD)).toBe(-EINVAL)
      expect(t.init()).toBe(0)
      expect(t.ioctl(request, BAD)).toBe(-EFAULT)
    }
  })
  // prettier-ignore
  test.each([
    ['an unaligned offset',  { offset: 1 },                       [-EINVAL, 0, 0]],
    ['no length',            { length: 0 },                       [-EINVAL, 0, 0]],
    ['beyond the end',       { offset: SIZE },                    [-EINVAL, 0, 0]],
    ['unknown rights',       { permissions: 8 },                  [-EINVAL, 0, 0]],
    ['write without read',   { permissions: 2 },                  [-EINVAL, 0, 0]],
    ['a result on entry',    { result: 1 },                       [-EINVAL, 1, 0]],
    ['a count on entry',     { count: 1 },                        [-EINVAL, 0, 1]],
    ['a TCS',                { offset: 0, permissions: 1 },       [-EINVAL, 0, 0]],
    ['a hole',               { offset: 0x8000, permissions: 1 },  [-EFAULT, 0, 0]],
    ['a page',               { permissions: 1 },                  [0, 0, PAGE]],
  ])('RESTRICT_PERMISSIONS: %s', (_what, values, expected) => {
    expect(restrict(new Driver().running(), values)).toEqual(expected)
  })
  test('RESTRICT_PERMISSIONS of a page that is not accepted tells the code of the leaf', () => {
    const t = new Driver().running()
    t.mmap(BASE + 0x8000, PAGE, PROT_READ)
    t.touch(BASE + 0x8000)
    expect(restrict(t, { offset: 0x8000, permissions: 1 })).toEqual([-EFAULT, 20, 0])
  })
  // prettier-ignore
  test.each([
    ['a type that SECINFO cannot hold', { page_type: 0x104 },                [-EINVAL, 0, 0]],
    ['type REG',                        { page_type: 2 },                    [-EINVAL, 0, 0]],
    ['REG to TCS',                      { page_type: 1 },                    [0, 0, PAGE]],
    ['read-only REG to TCS',            { offset: 0x3000, page_type: 1 },    [-EPERM, 0, 0]],
    ['TCS to TCS',                      { offset: 0, page_type: 1 },         [-EINVAL, 0, 0]],
    ['TCS to TRIM',                     { offset: 0, page_type: 4 },         [0, 0, PAGE]],
    ['REG to TRIM, then a hole',        { offset: 0x3000, length: 2 * PAGE, page_type: 4 }, [-EFAULT, 0, PAGE]],
  ])('MODIFY_TYPES: %s', (_what, values, expected) => {
    expect(modify(new Driver().running(), values)).toEqual(expected)
  })
  test('REMOVE_PAGES: only what was trimmed and accepted', () => {
    const t = new Driver().running()
    const remove = (v: Record<string, number>) => change(t, SGX_IOC.ENCLAVE_REMOVE_PAGES, v)
    t.mmap(BASE + 0x1000, PAGE, PROT_READ)
    expect(t.touch(BASE + 0x1000)).toBe('EPC')
    expect(remove({})).toEqual([-EPERM, undefined, 0])
    expect(modify(t, { page_type: 4 })).toEqual([0, 0, PAGE])
    expect(remove({})).toEqual([-EPERM, undefined, 0])
    // What EACCEPT does.
    const page = [...Array(t.sgx.epc.pageCount).keys()].map((i) => t.sgx.epc.page(i)).find((p) => p.PT === 'PT_TRIM')
    if (page) page.MODIFIED = false
    const { freeCount } = t.sgx.epc
    expect(remove({ count: 1 })).toEqual([-EINVAL, undefined, 1])
    expect(remove({})).toEqual([0, undefined, PAGE])
    expect(t.sgx.epc.freeCount).toBe(freeCount + 1)
    expect(t.task.space.isPresent(BASE + 0x1000)).toBe(false)
    expect(remove({})).toEqual([-EFAULT, undefined, 0])
    // A later touch makes a new page.
    expect(t.touch(BASE + 0x1000)).toBe('EPC')
    expect(t.sgx.epc.freeCount).toBe(freeCount)
  })
})
