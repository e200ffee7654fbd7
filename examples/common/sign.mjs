#!/usr/bin/env node
/**
 * Measures an enclave and signs it: sign.mjs ENCLAVE KEY.pem SIGSTRUCT
 *
 * Prints the MRENCLAVE. The date in the SIGSTRUCT is 0, so that the same enclave and key give the same bytes.
 */
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = 4096
const PT_LOAD = 1
const SECINFO_TCS = 0x100n
const SECINFO_REG = 0x200n

/** PT_LOAD segments of an enclave linked with trusted.ld; addresses are offsets in the enclave. */
function readSegments(file) {
  const segments = []
  const phoff = Number(file.readBigUInt64LE(32))
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const at = phoff + 56 * i
    const [offset, vaddr, , filesz, memsz] = [8, 16, 24, 32, 40].map((o) => Number(file.readBigUInt64LE(at + o)))
    if (file.readUInt32LE(at) !== PT_LOAD || memsz === 0) continue
    if (vaddr % PAGE !== 0 || memsz % PAGE !== 0) throw new Error('a segment does not consist of whole pages')
    const data = Buffer.alloc(memsz)
    file.copy(data, 0, offset, offset + filesz)
    segments.push({ vaddr, flags: file.readUInt32LE(at + 4), data })
  }
  return segments
}

/** A 64-byte measurement record: its name, then fields at their offsets. */
function record(name, fields) {
  const out = Buffer.alloc(64)
  out.write(name, 'latin1')
  for (const [at, value] of fields)
    typeof value === 'bigint' ? out.writeBigUInt64LE(value, at) : out.writeUInt32LE(value, at)
  return out
}

/** What the processor would measure, given that the host adds the segments in file order and measures every page. */
function measure(segments) {
  const end = Math.max(...segments.map((s) => s.vaddr + s.data.length))
  let size = 2 * PAGE
  while (size < end) size *= 2
  const hash = createHash('sha256')
  hash.update(
    record('ECREATE', [
      [8, 1],
      [12, BigInt(size)],
    ]),
  ) // SSAFRAMESIZE, SIZE
  segments.forEach(({ vaddr, flags, data }, i) => {
    // ELF counts X W R from the lowest bit, SECINFO R W X.
    const permissions = (flags & 4 ? 1n : 0n) | (flags & 2 ? 2n : 0n) | (flags & 1 ? 4n : 0n)
    const secinfo = i === 0 ? SECINFO_TCS : SECINFO_REG | permissions
    for (let page = 0; page < data.length; page += PAGE) {
      hash.update(
        record('EADD', [
          [8, BigInt(vaddr + page)],
          [16, secinfo],
        ]),
      )
      for (let chunk = page; chunk < page + PAGE; chunk += 256) {
        hash.update(record('EEXTEND', [[8, BigInt(vaddr + chunk)]]))
        hash.update(data.subarray(chunk, chunk + 256))
      }
    }
  })
  return hash.digest()
}

const fromBigEndian = (bytes) => BigInt('0x' + bytes.toString('hex'))
const toLittleEndian = (value) => Buffer.from(value.toString(16).padStart(768, '0'), 'hex').reverse()

/** The structure, with the fields of the manual's "SIGSTRUCT" at their offsets. */
function sigstruct(mrenclave, key) {
  const out = Buffer.alloc(1808)
  out.write('06000000e10000000000010000000000', 0, 'hex') // HEADER
  out.write('01010000600000006000000001000000', 24, 'hex') // HEADER2
  out.writeUInt32LE(0xffffffff, 904) // MISCMASK: MISCSELECT must be 0
  out.writeBigUInt64LE(4n, 928) // ATTRIBUTES: MODE64BIT
  out.writeBigUInt64LE(3n, 936) // XFRM: x87 and SSE
  out.fill(0xff, 944, 960) // ATTRIBUTEMASK: exactly these
  mrenclave.copy(out, 960) // ENCLAVEHASH

  const signed = Buffer.concat([out.subarray(0, 128), out.subarray(900, 1028)])
  const S = fromBigEndian(sign('sha256', signed, key))
  const N = fromBigEndian(Buffer.from(key.export({ format: 'jwk' }).n, 'base64url'))
  const Q1 = (S * S) / N
  const Q2 = (((S * S) % N) * S) / N
  toLittleEndian(N).copy(out, 128) // MODULUS
  out.writeUInt32LE(3, 512) // EXPONENT
  toLittleEndian(S).copy(out, 516) // SIGNATURE
  toLittleEndian(Q1).copy(out, 1040)
  toLittleEndian(Q2).copy(out, 1424)
  return out
}

const [enclave, pem, output] = process.argv.slice(2)
if (output === undefined) {
  console.error('usage: sign.mjs ENCLAVE KEY.pem SIGSTRUCT')
  process.exit(2)
}
const mrenclave = measure(readSegments(readFileSync(enclave)))
writeFileSync(output, sigstruct(mrenclave, createPrivateKey(readFileSync(pem))))
console.log(mrenclave.toString('hex'))
