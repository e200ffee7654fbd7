import { describe, expect, it } from 'vitest'
import * as sgx from './index.ts'

/** The offset tables of volume 3D, typed again: name, size, then field -> [offset, size]. */
type Rows = Readonly<Record<string, readonly [offset: number, size: number]>>
// prettier-ignore
const TABLES: readonly (readonly [{ name: string; size: number; fields: Record<string, { offset: number; size: number }> }, number, Rows])[] = [
  [sgx.SECS, 4096, {
    SIZE: [0, 8], BASEADDR: [8, 8], SSAFRAMESIZE: [16, 4], MISCSELECT: [20, 4], CET_LEG_BITMAP_OFFSET: [24, 8], CET_ATTRIBUTES: [32, 1],
    ATTRIBUTES: [48, 8], XFRM: [56, 8], MRENCLAVE: [64, 32], MRSIGNER: [128, 32], CONFIGID: [192, 64], ISVPRODID: [256, 2],
    ISVSVN: [258, 2], CONFIGSVN: [260, 2],
  }],
  [sgx.TCS, 4096, {
    STATE: [0, 8], FLAGS: [8, 8], OSSA: [16, 8], CSSA: [24, 4], NSSA: [28, 4], OENTRY: [32, 8], AEP: [40, 8], OFSBASE: [48, 8],
    OGSBASE: [56, 8], FSLIMIT: [64, 4], GSLIMIT: [68, 4], OCETSSA: [72, 8], PREVSSP: [80, 8],
  }],
  [sgx.SIGSTRUCT, 1808, {
    HEADER: [0, 16], VENDOR: [16, 4], DATE: [20, 4], HEADER2: [24, 16], SWDEFINED: [40, 4], MODULUS: [128, 384], EXPONENT: [512, 4],
    SIGNATURE: [516, 384], MISCSELECT: [900, 4], MISCMASK: [904, 4], CET_ATTRIBUTES: [908, 1], CET_ATTRIBUTES_MASK: [909, 1],
    ISVFAMILYID: [912, 16], ATTRIBUTES: [928, 8], XFRM: [936, 8], ATTRIBUTEMASK: [944, 8], XFRMMASK: [952, 8], ENCLAVEHASH: [960, 32],
    ISVEXTPRODID: [1008, 16], ISVPRODID: [1024, 2], ISVSVN: [1026, 2], Q1: [1040, 384], Q2: [1424, 384],
  }],
  [sgx.EINITTOKEN, 304, {
    VALID: [0, 4], ATTRIBUTES: [48, 8], XFRM: [56, 8], MRENCLAVE: [64, 32], MRSIGNER: [128, 32], CPUSVNLE: [192, 16],
    ISVPRODIDLE: [208, 2], ISVSVNLE: [210, 2], CET_MASKED_ATTRIBUTES_LE: [212, 1], MASKEDMISCSELECTLE: [236, 4],
    MASKEDATTRIBUTESLE: [240, 8], MASKEDXFRMLE: [248, 8], KEYID: [256, 32], MAC: [288, 16],
  }],
  [sgx.SECINFO, 64, { FLAGS: [0, 8] }],
  [sgx.PAGEINFO, 32, { LINADDR: [0, 8], SRCPGE: [8, 8], SECINFO: [16, 8], SECS: [24, 8] }],
  [sgx.PCMD, 128, { SECINFO: [0, 64], ENCLAVEID: [64, 8], MAC: [112, 16] }],
  [sgx.GPRSGX, 184, {
    RAX: [0, 8], RCX: [8, 8], RDX: [16, 8], RBX: [24, 8], RSP: [32, 8], RBP: [40, 8], RSI: [48, 8], RDI: [56, 8], R8: [64, 8],
    R9: [72, 8], R10: [80, 8], R11: [88, 8], R12: [96, 8], R13: [104, 8], R14: [112, 8], R15: [120, 8], RFLAGS: [128, 8],
    RIP: [136, 8], URSP: [144, 8], URBP: [152, 8], EXITINFO: [160, 4], AEXNOTIFY: [167, 1], FSBASE: [168, 8], GSBASE: [176, 8],
  }],
  [sgx.EXINFO, 16, { MADDR: [0, 8], ERRCD: [8, 4], RESERVED: [12, 4] }],
  [sgx.XSAVE_LEGACY, 512, {
    FCW: [0, 2], FSW: [2, 2], FTW: [4, 1], FOP: [6, 2], FIP: [8, 8], FDP: [16, 8], MXCSR: [24, 4], MXCSR_MASK: [28, 4], ST: [32, 128],
    XMM: [160, 256],
  }],
  [sgx.XSAVE_HEADER, 64, { XSTATE_BV: [0, 8], XCOMP_BV: [8, 8], RESERVED: [16, 48] }],
  [sgx.TARGETINFO, 512, {
    MEASUREMENT: [0, 32], ATTRIBUTES: [32, 8], XFRM: [40, 8], CET_ATTRIBUTES: [48, 1], CONFIGSVN: [50, 2], MISCSELECT: [52, 4],
    CONFIGID: [64, 64],
  }],
  [sgx.REPORT, 432, {
    CPUSVN: [0, 16], MISCSELECT: [16, 4], CET_ATTRIBUTES: [20, 1], ISVEXTPRODID: [32, 16], ATTRIBUTES: [48, 8], XFRM: [56, 8],
    MRENCLAVE: [64, 32], MRSIGNER: [128, 32], CONFIGID: [192, 64], ISVPRODID: [256, 2], ISVSVN: [258, 2], CONFIGSVN: [260, 2],
    ISVFAMILYID: [304, 16], REPORTDATA: [320, 64], KEYID: [384, 32], MAC: [416, 16],
  }],
  [sgx.KEYREQUEST, 512, {
    KEYNAME: [0, 2], KEYPOLICY: [2, 2], ISVSVN: [4, 2], CET_ATTRIBUTES_MASK: [6, 1], CPUSVN: [8, 16], ATTRIBUTEMASK: [24, 8],
    XFRMMASK: [32, 8], KEYID: [40, 32], MISCMASK: [72, 4], CONFIGSVN: [76, 2],
  }],
]

describe('layouts of volume 3D', () => {
  for (const [structure, size, rows] of TABLES) {
    it(`${structure.name} has ${size} bytes and its fields where the manual prints them`, () => {
      expect(structure.size).toBe(size)
      const fields = Object.entries(structure.fields).map(([name, f]) => [name, [f.offset, f.size]])
      expect(Object.fromEntries(fields)).toEqual(rows)
    })
  }

  // prettier-ignore
  const RESERVED: readonly (readonly [{ name: string; size: number; fields: Record<string, { offset: number; size: number }> }, sgx.Ranges])[] = [
    [sgx.SECS, sgx.SECS_RESERVED], [sgx.SIGSTRUCT, sgx.SIGSTRUCT_RESERVED], [sgx.EINITTOKEN, sgx.EINITTOKEN_RESERVED],
    [sgx.SECINFO, sgx.SECINFO_RESERVED], [sgx.TCS, sgx.TCS_RESERVED], [sgx.TARGETINFO, sgx.TARGETINFO_RESERVED],
    [sgx.KEYREQUEST, sgx.KEYREQUEST_RESERVED],
  ]
  for (const [structure, ranges] of RESERVED) {
    it(`${structure.name}: fields and reserved ranges cover every byte`, () => {
      const covered = new Uint8Array(structure.size)
      for (const { offset, size } of Object.values(structure.fields)) covered.fill(1, offset, offset + size)
      for (const [offset, size] of ranges) covered.fill(1, offset, offset + size)
      expect(covered.indexOf(0)).toBe(-1)
    })
  }

  it('every leaf has its own number', () => {
    for (const table of [sgx.ENCLU_LEAVES, sgx.ENCLS_LEAVES]) {
      const numbers = Object.values<{ number: number }>(table).map((row) => row.number)
      expect(new Set(numbers).size).toBe(numbers.length)
    }
  })
})
