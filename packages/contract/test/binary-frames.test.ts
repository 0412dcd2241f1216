import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clientMessageIdOf,
  decodeDeliveryFrame,
  decodeSendFrame,
  encodeDeliveryFrame,
  encodeSendFrame,
  FrameError,
  limits,
} from '../src/index.js'

const messageId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes
})
const partOf = (minBytes: number, maxBytes: number) =>
  fc
    .tuple(fc.integer({ min: minBytes, max: maxBytes }), fc.nat(255))
    .map(([size, fill]) => new Uint8Array(size).fill(fill))
const envelope = partOf(limits.minEnvelopeBytes, limits.minEnvelopeBytes + 500)
const body = fc.option(partOf(limits.minBodyApartBytes, 2_000))
const number = fc.oneof(fc.constantFrom(0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.nat())

const someId = new Uint8Array(16).fill(0x77).fill(0x80, 8)
const someEnvelope = new Uint8Array(limits.minEnvelopeBytes).fill(3)
const faultOf = (action: () => unknown): FrameError => {
  try {
    action()
  } catch (error) {
    if (error instanceof FrameError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a send frame', () => {
  it('carries id, body and envelopes there and back', () => {
    const frame = fc.record({
      clientMessageId: messageId,
      body,
      envelopes: fc.array(envelope, { minLength: 1, maxLength: 5 }),
    })
    fc.assert(
      fc.property(frame, given => {
        const bytes = encodeSendFrame(given)
        expect(decodeSendFrame(bytes)).toEqual(given)
        expect(clientMessageIdOf(bytes)).toEqual(given.clientMessageId)
      }),
    )
  })

  it('has the layout of the protocol', () => {
    const bytes = encodeSendFrame({ clientMessageId: someId, body: null, envelopes: [someEnvelope] })
    expect([...bytes.subarray(0, 25)]).toEqual([1, ...someId, 0, 0, 0, 0, 0, 0, limits.minEnvelopeBytes >> 8, 0xcc])
    expect(bytes.length).toBe(25 + limits.minEnvelopeBytes)
  })

  it('is read from within a larger buffer', () => {
    const bytes = encodeSendFrame({ clientMessageId: someId, body: null, envelopes: [someEnvelope] })
    const larger = new Uint8Array(bytes.length + 20)
    larger.set(bytes, 7)
    expect(decodeSendFrame(larger.subarray(7, 7 + bytes.length)).envelopes[0]).toEqual(someEnvelope)
  })

  it('is refused at every length short of its own', () => {
    const bytes = encodeSendFrame({
      clientMessageId: someId,
      body: new Uint8Array(limits.minBodyApartBytes),
      envelopes: [someEnvelope],
    })
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeSendFrame(bytes.subarray(0, length))).toThrow(FrameError)
    }
  })

  it('is refused with the part and the limit named', () => {
    const encode = (more: object) => () =>
      encodeSendFrame({ clientMessageId: someId, body: null, envelopes: [someEnvelope], ...more })
    expect(faultOf(encode({ envelopes: [] })).message).toBe('envelopes: at least 1')
    expect(faultOf(encode({ envelopes: Array(65).fill(someEnvelope) })).message).toBe('envelopes: at most 64')
    expect(faultOf(encode({ envelopes: [someEnvelope, new Uint8Array(98_305)] })).message).toBe(
      'envelopes[1]: at most 98304 bytes, not 98305',
    )
    expect(faultOf(encode({ envelopes: [new Uint8Array(10)] })).field).toBe('envelopes[0]')
    expect(faultOf(encode({ body: new Uint8Array(1) })).message).toBe('body: at least 304 bytes, not 1')
    expect(faultOf(encode({ clientMessageId: new Uint8Array(16) })).field).toBe('client_message_id')
    expect(faultOf(encode({ clientMessageId: new Uint8Array(15) })).field).toBe('client_message_id')
  })

  it('is held to the same limits when it is read', () => {
    const good = encodeSendFrame({ clientMessageId: someId, body: null, envelopes: [someEnvelope] })
    const changed = (offset: number, ...values: number[]) => {
      const bytes = good.slice()
      bytes.set(values, offset)
      return () => decodeSendFrame(bytes)
    }
    expect(faultOf(changed(0, 2)).field).toBe('type')
    expect(faultOf(changed(7, 0x40)).field).toBe('client_message_id')
    expect(faultOf(changed(17, 0xff, 0xff, 0xff, 0xff)).message).toBe('body: at most 3145728 bytes, not 4294967295')
    expect(faultOf(changed(21, 0, 2, 0, 0)).message).toBe('envelopes[0]: at most 98304 bytes, not 131072')
    expect(faultOf(changed(21, 0, 0, 0, 0)).message).toBe('envelopes[0]: at least 1228 bytes, not 0')
    expect(faultOf(() => decodeSendFrame(good.subarray(0, 21))).message).toBe('envelopes: at least 1')
  })

  it('may hold 64 envelopes and no more', () => {
    const one = encodeSendFrame({ clientMessageId: someId, body: null, envelopes: [someEnvelope] }).subarray(21)
    const full = encodeSendFrame({ clientMessageId: someId, body: null, envelopes: Array(64).fill(someEnvelope) })
    expect(decodeSendFrame(full).envelopes.length).toBe(64)
    expect(faultOf(() => decodeSendFrame(new Uint8Array([...full, ...one]))).message).toBe('envelopes: at most 64')
  })
})

describe('a delivery frame', () => {
  it('carries its parts there and back', () => {
    const frame = fc.record({ sequence: number, receivedAt: number, body, envelope })
    fc.assert(
      fc.property(frame, given => {
        expect(decodeDeliveryFrame(encodeDeliveryFrame(given))).toEqual(given)
      }),
    )
  })

  it('is refused when cut, continued, or with a number beyond 2^53 − 1', () => {
    const bytes = encodeDeliveryFrame({ sequence: 1, receivedAt: 2, body: null, envelope: someEnvelope })
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeDeliveryFrame(bytes.subarray(0, length))).toThrow(FrameError)
    }
    expect(faultOf(() => decodeDeliveryFrame(new Uint8Array([...bytes, 0]))).message).toBe(
      'envelope: 1 bytes behind it',
    )
    const large = bytes.slice()
    large[1] = 1
    expect(faultOf(() => decodeDeliveryFrame(large)).field).toBe('sequence')
    const broken = () => encodeDeliveryFrame({ sequence: -1, receivedAt: 2, body: null, envelope: someEnvelope })
    expect(faultOf(broken).field).toBe('sequence')
  })
})

describe('binary junk', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map(bytes => new Uint8Array([1, ...someId, 0, 0, 0, 0, ...bytes])),
    fc.uint8Array({ maxLength: 200 }).map(bytes => new Uint8Array([2, ...bytes])),
  )

  it('is refused with a FrameError and nothing else, or read as what it says', () => {
    const read = (decode: (bytes: Uint8Array) => object, bytes: Uint8Array) => {
      try {
        return decode(bytes)
      } catch (error) {
        if (!(error instanceof FrameError)) throw error
        return error.message.length > 0 && error.field.length > 0
      }
    }
    fc.assert(
      fc.property(junk, bytes => {
        expect(read(decodeSendFrame, bytes)).toBeTruthy()
        expect(read(decodeDeliveryFrame, bytes)).toBeTruthy()
      }),
      { numRuns: 2_000 },
    )
  })
})
