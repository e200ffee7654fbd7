import { describe, expect, it } from 'vitest'
import { struct, u16, u32 } from './index.ts'

describe('struct', () => {
  it('reads and writes through a live view', () => {
    const data = new Uint8Array(10)
    const view = struct('good', 8, { a: u32(0), b: u16(6) }).view(data, 2)
    view.a = 0x0403_0201
    view.b = 0x0605
    expect([...data]).toEqual([0, 0, 1, 2, 3, 4, 0, 0, 5, 6])
    data[8] = 7
    expect(view.b).toBe(0x0607)
  })

  it('makes no view of fields that overlap or are beyond the end', () => {
    const data = new Uint8Array(8)
    expect(() => struct('bad', 8, { a: u32(0), b: u16(3) }).view(data)).toThrow('bad.b overlaps the field before it')
    expect(() => struct('bad', 8, { a: u32(6) }).view(data)).toThrow('bad is larger than 8 bytes')
  })
})
