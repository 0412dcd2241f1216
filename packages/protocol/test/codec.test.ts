import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainView } from '../src/codec/bytes.js'
import { Reader } from '../src/codec/reader.js'
import { Writer } from '../src/codec/writer.js'
import {
  decodeDeviceRecord,
  decodePrekey,
  decodeRequest,
  decodeResponse,
  ProtocolError,
  parseEnvelope,
} from '../src/index.js'

const reasonOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
  return 'taken'
}

describe('the codec', () => {
  it('reads back what it wrote, to the last byte', () => {
    const numbers = fc.record({
      u8: fc.nat(0xff),
      u16: fc.nat(0xffff),
      u32: fc.nat(0xffff_ffff),
      u64: fc.maxSafeNat(),
      lp: fc.uint8Array(),
    })
    fc.assert(
      fc.property(numbers, value => {
        const bytes = new Writer().u8(value.u8).u16(value.u16).u32(value.u32).u64(value.u64).lp(value.lp).finish()
        const reader = new Reader(bytes)
        const read = {
          u8: reader.u8('a'),
          u16: reader.u16('b'),
          u32: reader.u32('c'),
          u64: reader.u64('d'),
          lp: reader.lp(1_000, 'e'),
        }
        reader.end()
        expect(read).toEqual({ ...value, lp: new Uint8Array(value.lp) })
      }),
    )
  })

  it('refuses numbers over 2^53 − 1, marks that are neither 0 nor 1, and what is longer than it may be', () => {
    const over = Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)
    expect(() => new Reader(over).u64('seq')).toThrow('seq is over 2^53 − 1')
    expect(new Reader(Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255)).u64('seq')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => new Reader(Uint8Array.of(2)).flag('mark')).toThrow('mark is neither 0 nor 1')
    expect(() => new Reader(Uint8Array.of(0, 0, 0, 5, 1, 2, 3, 4, 5)).lp(4, 'part')).toThrow('part is over 4 bytes')
    expect(() => new Reader(Uint8Array.of(255, 255, 255, 255)).lp(0xffff_ffff, 'part')).toThrow(
      'the bytes end within part',
    )
  })

  it('writes no number that does not fit and no field of another length', () => {
    expect(() => new Writer().u8(256)).toThrow(ProtocolError)
    expect(() => new Writer().u32(-1)).toThrow(ProtocolError)
    expect(() => new Writer().u64(2 ** 53)).toThrow(ProtocolError)
    expect(() => new Writer().u16(1.5)).toThrow(ProtocolError)
    expect(() => new Writer().fixed(16, new Uint8Array(15), 'msgId')).toThrow('msgId must be 16 bytes')
  })

  it('reads a Buffer as plain bytes, so that nothing kept shares its memory', () => {
    const pooled = Buffer.concat([Buffer.from([9]), Buffer.from([1, 2, 3, 4])]).subarray(1)
    const reader = new Reader(pooled)
    const copy = reader.bytes(2, 'copy')
    const view = reader.view(2, 'view')
    pooled.fill(0)
    expect([copy.constructor, view.constructor]).toEqual([Uint8Array, Uint8Array])
    expect([...copy]).toEqual([1, 2])
    expect([...view]).toEqual([0, 0])
    expect(plainView(pooled).byteOffset).toBe(pooled.byteOffset)
  })

  it.each(Object.entries({ parseEnvelope, decodeDeviceRecord, decodePrekey, decodeRequest, decodeResponse }))(
    '%s answers any bytes with a refusal and nothing else',
    (_, decode) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 4_000 }), bytes => {
          expect(['malformed', 'refused']).toContain(reasonOf(() => decode(bytes)))
        }),
      )
      expect(reasonOf(() => decode('0100' as unknown as Uint8Array))).toBe('usage')
    },
  )
})
