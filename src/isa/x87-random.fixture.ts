/** Random x87 states and memory operands that like the edges, for tests. */
import type { Mask } from '../../test/native/compare.ts'
import { WINDOW_SIZE, type NativeState } from '../../test/native/oracle.ts'
import { EDGE_DOUBLES, EDGE_SINGLES, type Random } from '../../test/native/random-state.ts'
import type { Row } from './insn.ts'
import { isIntelHost } from './vendor.fixture.ts'
import { X87_TRANSCENDENTAL } from './x87-transcendental.ts'

const LEADING = 1n << 63n
const BIAS = 16383

const extended = (negative: boolean | number, exponent: number, significand: bigint): bigint =>
  (BigInt((negative ? 0x8000 : 0) | (exponent & 0x7fff)) << 64n) | BigInt.asUintN(64, significand)

/** Significands: round ones, almost round ones, such as a single or a double has, noise. */
function significand(random: Random): bigint {
  const noise = random.u64() | LEADING
  switch (random.below(8)) {
    case 0:
      return LEADING
    case 1:
      return (1n << 64n) - 1n - BigInt(random.below(3))
    case 2:
      return LEADING | BigInt(random.below(4))
    case 3:
      return (noise >> 40n) << 40n
    case 4:
      return (noise >> 11n) << 11n
    // Ties and their neighbours at the places where singles and doubles end.
    case 5:
      return ((noise >> 40n) << 40n) + (1n << 39n) + BigInt(random.below(3) - 1)
    case 6:
      return ((noise >> 11n) << 11n) + (1n << 10n) + BigInt(random.below(3) - 1)
    default:
      return noise
  }
}

/** No number, or none that has one way to be written. */
function special(random: Random): bigint {
  const negative = random.below(2)
  const payload = random.pick([1n, 2n, 0x1234n, LEADING >> 2n, random.u64() >> 2n])
  switch (random.below(9)) {
    case 0:
    case 1:
      return extended(negative, 0, 0n)
    case 2:
      return extended(negative, 0x7fff, LEADING)
    case 3:
      return extended(negative, 0x7fff, 0xc000_0000_0000_0000n | payload)
    case 4:
      return extended(negative, 0x7fff, LEADING | payload)
    case 5:
      return extended(negative, 0, random.u64() >> BigInt(1 + random.below(63)))
    case 6:
      return extended(negative, 0, LEADING | (random.u64() >> BigInt(1 + random.below(63))))
    // Unsupported: unnormal, pseudo-infinity, pseudo-NaN.
    case 7:
      return extended(negative, random.below(0x8000), random.u64() >> 1n)
    default:
      return extended(negative, 0x7fff, random.pick([0n, payload, LEADING >> 1n]))
  }
}

/** An integer or one and a half, up to the ends of the integer formats and of packed decimals. */
function nearInteger(random: Random): bigint {
  const bits = random.pick([1, 2, 3, 8, 15, 16, 31, 32, 59, 60, 62, 63, 64, 65, random.below(70)])
  return extended(random.below(2), BIAS - 1 + bits, significand(random) & ~((1n << BigInt(random.below(64))) - 1n))
}

/** `near`: exponents of this state's numbers lie around it, so that sums cancel. */
export function randomExtended(random: Random, near: number): bigint {
  const number = (exponent: number): bigint =>
    extended(random.below(2), Math.max(1, Math.min(0x7ffe, exponent)), significand(random))
  switch (random.below(10)) {
    case 0:
      return special(random)
    case 1:
      return number(1 + random.below(0x7ffe))
    case 2:
      return number(random.pick([1 + random.below(140), 0x7ffe - random.below(140)]))
    case 3:
      return number(BIAS + random.below(12) - 6)
    case 4:
      return nearInteger(random)
    // Around the ends of singles and doubles.
    case 5:
      return number(BIAS + random.pick([-150, -127, 127, 128, -1075, -1023, 1023, 1024]) + random.below(6) - 3)
    // Halves of the range, so that products end at its ends.
    case 6:
      return number(BIAS + random.pick([-8191, 8191, -8220, 8192]) + random.below(60) - 30)
    default:
      return number(near + random.below(6) - 3)
  }
}

/** The first 160 bytes of an FXSAVE image. `masked`: how probable it is that no exception traps. */
export function randomX87(random: Random, masked = 0.6): Uint8Array {
  const image = new Uint8Array(160)
  const out = new DataView(image.buffer)
  const masks = random.chance(masked) ? 0x3f : random.u32() & 0x3f
  // Precision control 1 is reserved.
  const control = masks | 0x40 | (random.pick([0, 2, 3, 3, 3, random.below(4)]) << 8) | (random.below(4) << 10)
  let status = random.u32() & 0x7f7f
  // A pending exception is all that is seen: it should be rare.
  if (random.chance(0.95)) status &= ~0x3f | masks
  out.setUint16(0, control, true)
  out.setUint16(2, status, true)
  // All in use, any, or room for one push.
  const lastFree = 0xff & ~(1 << (((status >> 11) + 7) & 7))
  image[4] = random.pick([0xff, 0xff, lastFree, lastFree, lastFree, random.below(256)])
  const near = BIAS + random.pick([0, 0, 0, random.below(200) - 100, 16200, -16200])
  for (let n = 0; n < 8; n++) {
    const value = n > 0 && random.chance(0.05) ? readExtended(out, 32) : randomExtended(random, near)
    out.setBigUint64(32 + 16 * n, BigInt.asUintN(64, value), true)
    out.setUint16(40 + 16 * n, Number(value >> 64n), true)
  }
  return image
}
const readExtended = (view: DataView, at: number): bigint =>
  (BigInt(view.getUint16(at + 8, true)) << 64n) | view.getBigUint64(at, true)

/** Fills the window with operands of one kind: `bits` wide, a float or an integer. */
export function fillOperands(
  random: Random,
  state: NativeState,
  kind: 'float' | 'integer' | 'decimal',
  bits: number,
): void {
  const view = new DataView(state.mem.buffer, state.mem.byteOffset, WINDOW_SIZE)
  const step = bits === 80 ? 16 : bits / 8
  for (let at = random.below(2); at + 10 <= WINDOW_SIZE; at += step) {
    if (kind === 'decimal') {
      for (let k = 0; k < 9; k++) view.setUint8(at + k, random.below(10) * 16 + random.below(10))
      view.setUint8(at + 9, random.u32() & 0xff)
    } else if (kind === 'integer') {
      const v = random.chance(0.5)
        ? random.u64() >> BigInt(random.below(64))
        : random.pick([0n, 1n, -1n, LEADING, LEADING - 1n, 1n << 31n, 1n << 15n])
      if (bits === 16) view.setUint16(at, Number(v & 0xffffn), true)
      else if (bits === 32) view.setUint32(at, Number(v & 0xffff_ffffn), true)
      else view.setBigUint64(at, BigInt.asUintN(64, v), true)
    } else if (bits === 32) {
      view.setUint32(
        at,
        random.chance(0.3) ? random.u32() : random.pick(EDGE_SINGLES) ^ (random.chance(0.3) ? random.u32() >>> 9 : 0),
        true,
      )
    } else if (bits === 64) {
      view.setBigUint64(
        at,
        random.chance(0.3) ? random.u64() : random.pick(EDGE_DOUBLES) ^ (random.chance(0.3) ? random.u64() >> 12n : 0n),
        true,
      )
    } else {
      const value = randomExtended(random, BIAS)
      view.setBigUint64(at, BigInt.asUintN(64, value), true)
      view.setUint16(at + 8, Number(value >> 64n), true)
    }
  }
}

/** FOP, FIP and FDP are not kept; what processors approximate may differ by a last bit, and in UE on AMD's. */
export function x87Mask({ mnemonic }: Row): Mask {
  const x87LastBit = X87_TRANSCENDENTAL.some((r) => r.mnemonic === mnemonic)
  const pointers = { at: 6, size: 18 }
  return { undefinedX87: x87LastBit && !isIntelHost ? [STATUS, pointers] : [pointers], x87LastBit }
}
/** The exceptions in the status word of an image. */
const STATUS = { at: 2, size: 1 } as const
