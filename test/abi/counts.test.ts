/** The counts of the patches of March 2020, path by path, and what `enclu abi` says about them. */
import { beforeAll, describe, expect, test } from 'vitest'
import { measureAbi, type AbiReport, type ImageReport, type PathName, type VdsoAbi } from '../../src/api/index.ts'
import { abiText } from '../../src/cli/abi-tables.ts'
import { abiPicture } from '../../src/cli/abi-picture.ts'

/** From the code of the patches, assembled and single-stepped on a real processor; Linux: from 6.1. */
// prettier-ignore
const EXPECTED: readonly (readonly [path: PathName, v28: number | undefined, v29: number | undefined, linux: number | undefined])[] = [
  ['callToEnclu',          8,  10,  147],
  ['exitToReturn',         5,   6,    8],
  ['roundTrip',           13,  16,  155],
  ['exitToHandler',       16,  17,   15],
  ['handlerToReturn',      5,   6,    6],
  ['roundTripHandler',    29,  33,  168],
  ['handlerToEnclu',      10,  10,  147],
  ['roundTripAgain',      55,  60,  330],
  ['exceptionToReturn',   13,  14,   12],
  ['exceptionSilent',      9,  10,  undefined],
  ['exceptionToHandler',  24,  25,   19],
  ['roundTripResumed',    63,  68,  334],
  ['leafTooLow',           8,  11,   11],
  ['leafTooHigh',         10,  13,   13],
  ['reservedFirst', undefined, undefined,  17],
  ['reservedLast',  undefined, undefined, 147],
]

describe('measured', () => {
  let report: AbiReport
  const image = (abi: VdsoAbi): ImageReport => {
    const found = report.images.find(({ name }) => name === abi)
    if (!found) throw new Error(`no ${abi}`)
    return found
  }
  beforeAll(async () => {
    report = await measureAbi()
  }, 120_000)

  test.each(EXPECTED)('%s', (path, v28, v29, linux) => {
    expect(image('v28').paths[path]).toBe(v28)
    expect(image('v29').paths[path]).toBe(v29)
    // What `misc` adds, the alignment that it replaces takes away.
    expect(image('v29-misc').paths[path]).toBe(v29)
    expect(report.linux[path]).toBe(linux)
  })

  test('ours of the mainline shape takes less than Linux', () => {
    const { paths } = image('mainline')
    expect(paths.callToEnclu).toBe(40)
    expect(paths.roundTrip).toBe(48)
    expect(paths.roundTripHandler).toBe(60)
    expect(paths.roundTripAgain).toBe(114)
    for (const [path, , , linux] of EXPECTED)
      if (linux !== undefined && path !== 'reservedFirst') expect(paths[path], path).toBeLessThanOrEqual(linux)
  })

  test('C can call all but v28', () => {
    expect(report.images.map(({ name, fromC }) => [name, fromC])).toEqual([
      ['mainline', true],
      ['v28', false],
      ['v29', true],
      ['v29-misc', true],
    ])
  })

  test('the wrappers cost what they did', () => {
    const cost = (abi: VdsoAbi): number[] => image(abi).callers.map(({ before, after }) => before + after)
    expect(cost('mainline')).toEqual([0, 1, 15])
    expect(cost('v28')).toEqual([0, 10, 18])
    expect(cost('v29')).toEqual([0, 1, 17])
  })

  test.each(['mainline', 'v28', 'v29', 'v29-misc'] as const)('who keeps the callee-saved registers: %s', (abi) => {
    for (const { style, enclave, exit, lost } of image(abi).kept) {
      const rbx = abi === 'v28' && style === 'direct' ? ['RBX'] : []
      const others = style !== 'all' && (enclave === 'clobbers' || exit === 'AEX') ? ['R12', 'R13', 'R14', 'R15'] : []
      expect(lost, `${style} ${enclave} ${exit}`).toEqual([...rbx, ...others])
    }
  })

  test('a displaced stack costs RBX, unless the handler repairs it', () => {
    expect(image('mainline').displaced).toEqual({ lost: ['RBX'], lostWithHandler: [] })
    expect(image('v29').displaced).toEqual({ lost: ['RBX'], lostWithHandler: [] })
    expect(image('v28').displaced).toEqual({ lost: ['RBX'], lostWithHandler: ['RBX'] })
  })

  test('the claims of the thread', () => {
    expect(report.claims.map(({ date, verdict, measured }) => [date, verdict, /[+-]?\d+/.exec(measured)?.[0]])).toEqual(
      [
        ['03-16', 'true', '+3'],
        ['03-16', 'false', '+3'],
        ['03-16', 'false', '+2'],
        ['03-13', 'true', '10'],
        ['03-16', 'true', '23'],
        ['03-13', 'true', '+1'],
        ['08-10', 'true', '0'],
        ['03-11', 'in part', '147'],
        ['03-15', 'false', '28'],
        ['03-11', 'true', '29'],
        ['03-17', 'in part', '12'],
        ['03-18', 'true', undefined],
      ],
    )
  })

  test('as text and as a picture', () => {
    const text = abiText(report).join('\n')
    expect(text).toMatch(/call → ENCLU +40 +8 +10 +10 +147/)
    expect(text).toMatch(/direct +clobbers them +AEX +R12-R15 +RBX, R12-R15/)
    const picture = abiPicture(report)
    expect(picture).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(picture).toContain('>155</text>')
  })
})
