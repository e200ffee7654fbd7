import { bytes, struct, u16, u32, u64 } from '../base/index.ts'
import { aesCmac, sha256 } from '../crypto/index.ts'
import { KEYNAME } from '../spec/sgx/index.ts'

/**
 * What no software can read: the secrets of the processor, and the keys that derive from them. All follow from one number, the
 * machine's seed, so a machine with the same seed derives the same keys: what one run seals another can open. These are root keys
 * of our own; they have nothing to do with Intel's, and nothing signed or reported here convinces anybody else.
 */

/** "HARDCODED_PKCS1_5_PADDING", lowest byte first. SECS.PADDING is always the same, as EINIT accepts no signature with another. */
const HARDCODED_PKCS1_5_PADDING = Uint8Array.from([
  0x00,
  0x01,
  ...new Array<number>(330).fill(0xff),
  ...[
    0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
    0x20,
  ],
])

/**
 * "TMP_KEYDEPENDENCIES". Undefined: the manual names the fields of a key's dependencies, not where they lie, nor how `derivekey`
 * makes a key of them. Here the fields follow each other and the key is their AES-CMAC.
 */
export const KEYDEPENDENCIES = struct('KEYDEPENDENCIES', 648, {
  KEYNAME: u16(0),
  KEYPOLICY: u16(2),
  ISVPRODID: u16(4),
  ISVSVN: u16(6),
  CONFIGSVN: u16(8),
  MISCSELECT: u32(12),
  MISCMASK: u32(16),
  ATTRIBUTES: u64(24),
  XFRM: u64(32),
  ATTRIBUTEMASK: u64(40),
  XFRMMASK: u64(48),
  SGXOWNEREPOCH: bytes(56, 16),
  SEAL_KEY_FUSES: bytes(72, 16),
  CPUSVN: bytes(88, 16),
  ISVFAMILYID: bytes(104, 16),
  ISVEXTPRODID: bytes(120, 16),
  MRENCLAVE: bytes(136, 32),
  MRSIGNER: bytes(168, 32),
  KEYID: bytes(200, 32),
  CONFIGID: bytes(232, 64),
  PADDING: bytes(296, 352),
})
/** A field that is left out is 0. */
export type KeyDependencies = Partial<ReturnType<typeof KEYDEPENDENCIES.view>> & { readonly KEYNAME: number }

export class Secrets {
  /** Encrypts pages that EWB writes out. */
  readonly CR_BASE_PK: Uint8Array
  readonly CR_SEAL_FUSES: Uint8Array
  readonly CR_SGXOWNEREPOCH: Uint8Array
  /**
   * "statistically unique value on boot". Deviation: the same at every start of a machine with the same seed, so that runs repeat.
   */
  readonly CR_REPORT_KEYID: Uint8Array
  /** Undefined: what the parts of CPUSVN mean. Here each byte is the version of one component. */
  readonly CR_CPUSVN: Uint8Array = new Uint8Array(16).fill(1)
  private readonly root: Uint8Array

  constructor(machineSeed: bigint) {
    const secret = (name: string): Uint8Array => sha256(new TextEncoder().encode(`enclu ${name} ${machineSeed}`))
    this.CR_BASE_PK = secret('CR_BASE_PK').slice(0, 16)
    this.CR_SEAL_FUSES = secret('CR_SEAL_FUSES').slice(0, 16)
    this.CR_SGXOWNEREPOCH = secret('CR_SGXOWNEREPOCH').slice(0, 16)
    this.CR_REPORT_KEYID = secret('CR_REPORT_KEYID')
    this.root = secret('root').slice(0, 16)
  }

  /** "derivekey(TMP_KEYDEPENDENCIES)". */
  deriveKey(dependencies: KeyDependencies): Uint8Array {
    const data = new Uint8Array(KEYDEPENDENCIES.size)
    Object.assign(KEYDEPENDENCIES.view(data), { PADDING: HARDCODED_PKCS1_5_PADDING }, dependencies)
    return aesCmac(this.root, data)
  }

  /** The key that the target of a report, described by these fields, gets from EGETKEY. */
  reportKey(target: Omit<KeyDependencies, 'KEYNAME'>): Uint8Array {
    return this.deriveKey({
      ...target,
      KEYNAME: KEYNAME.REPORT_KEY,
      SGXOWNEREPOCH: this.CR_SGXOWNEREPOCH,
      SEAL_KEY_FUSES: this.CR_SEAL_FUSES,
      CPUSVN: this.CR_CPUSVN,
    })
  }

  /** "CPUSVN is beyond current CPU configuration". */
  isBeyond(CPUSVN: Uint8Array): boolean {
    return CPUSVN.some((svn, i) => svn > (this.CR_CPUSVN[i] ?? 0))
  }
}
