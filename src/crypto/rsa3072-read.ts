import { EncluError } from '../base/index.ts'
import { checkRsa3072Key, type Rsa3072Key } from './rsa3072-key.ts'

/** An RSA private key in one of the forms that people have it in. */
export type Rsa3072KeySource =
  | Rsa3072Key
  /** JSON Web Key (RFC 7518, "Parameters for RSA Private Keys"): base64url, big endian. */
  | { readonly kty: string; readonly n?: string; readonly d?: string }
  /** PEM: PKCS #8 ("PRIVATE KEY") or PKCS #1 ("RSA PRIVATE KEY"), not encrypted. */
  | string

const fail = (reason: string): never => {
  throw new EncluError('ERR_BAD_ARGUMENT', `The signing key ${reason}.`)
}

/** Reads and checks a key. Throws ERR_BAD_ARGUMENT. */
export function readRsa3072Key(source: Rsa3072KeySource): Rsa3072Key {
  if (typeof source === 'string') return checkRsa3072Key(readPem(source))
  if (typeof source !== 'object' || source === null) return fail('is neither PEM text, a JSON Web Key nor { n, d }')
  const { n, d } = source
  if (typeof n === 'bigint' && typeof d === 'bigint') return checkRsa3072Key({ n, d })
  if ('kty' in source && source.kty === 'RSA' && typeof n === 'string' && typeof d === 'string')
    return checkRsa3072Key({ n: fromBase64(n), d: fromBase64(d) })
  return fail('has no n and d: it is not a private RSA key')
}

const bytesOf = (base64: string): Uint8Array => {
  try {
    return Uint8Array.from(atob(base64.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
  } catch {
    return fail('is not base64')
  }
}
const fromBase64 = (base64: string): bigint => toBigInt(bytesOf(base64))
const toBigInt = (bigEndian: Uint8Array): bigint => bigEndian.reduce((n, byte) => (n << 8n) | BigInt(byte), 0n)

const PEM = /-----BEGIN ([A-Z ]+)-----([\sA-Za-z0-9+/=]*)-----END \1-----/

function readPem(text: string): Rsa3072Key {
  const [, label, body = ''] = PEM.exec(text) ?? fail('is not PEM text')
  const der = bytesOf(body.replaceAll(/\s/g, ''))
  if (label === 'RSA PRIVATE KEY') return readPkcs1(der)
  if (label === 'PRIVATE KEY') return readPkcs8(der)
  return fail(`is a PEM block of the kind "${label}"; wanted is PRIVATE KEY or RSA PRIVATE KEY`)
}

// DER (X.690): the tags that these two structures have.
const INTEGER = 0x02
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const SEQUENCE = 0x30
/** rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, appendix A.1). */
const RSA_ENCRYPTION = '42.134.72.134.247.13.1.1.1'

/** Elements one after the other. */
class Der {
  private readonly bytes: Uint8Array
  private at = 0
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** The contents of the next element, which must have this tag. */
  next(tag: number): Uint8Array {
    const length = this.bytes[this.at + 1] ?? 0
    const lengthBytes = length < 0x80 ? 0 : length - 0x80
    const start = this.at + 2 + lengthBytes
    const size = lengthBytes === 0 ? length : Number(toBigInt(this.bytes.subarray(this.at + 2, start)))
    if (this.bytes[this.at] !== tag || start + size > this.bytes.length) return fail('is damaged')
    this.at = start + size
    return this.bytes.subarray(start, this.at)
  }
}

/** RSAPrivateKey (RFC 8017, appendix A.1.2): version, n, e, d, and what follows from them. */
function readPkcs1(der: Uint8Array): Rsa3072Key {
  const key = new Der(new Der(der).next(SEQUENCE))
  key.next(INTEGER)
  const n = toBigInt(key.next(INTEGER))
  key.next(INTEGER)
  return { n, d: toBigInt(key.next(INTEGER)) }
}

/** PrivateKeyInfo (RFC 5208): version, algorithm, and the other structure in an octet string. */
function readPkcs8(der: Uint8Array): Rsa3072Key {
  const info = new Der(new Der(der).next(SEQUENCE))
  info.next(INTEGER)
  const algorithm = new Der(info.next(SEQUENCE)).next(OBJECT_IDENTIFIER)
  if (algorithm.join('.') !== RSA_ENCRYPTION) return fail('is not an RSA key')
  return readPkcs1(info.next(OCTET_STRING))
}
