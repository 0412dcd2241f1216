import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ClientFrame,
  clientFrames,
  encodeBase64,
  FrameError,
  limits,
  parseClientFrame,
  parseServerFrame,
  type ServerFrame,
  serverFrames,
} from '../src/index.js'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const envelope = encodeBase64(new Uint8Array(limits.minEnvelopeBytes))

const fromClients: readonly ClientFrame[] = [
  { type: 'send', client_message_id: id, envelopes: [envelope] },
  { type: 'send', client_message_id: id, content: 'hello', message_type: 'secured' },
  { type: 'ack', up_to: 7 },
  { type: 'typing', recipient: 'bob', active: true },
  { type: 'receipt', message_id: id, recipient: 'bob', kind: 'read' },
  { type: 'ping', reference: 'a' },
  { type: 'ping' },
]
const time = '2026-11-24T12:00:00.000Z'
const fromServers: readonly ServerFrame[] = [
  { type: 'ready', cursor: 0, epoch: 5, device_id: 1, username: 'bob' },
  {
    type: 'message',
    id,
    sender_username: 'alice',
    peer_username: 'alice',
    content: 'hello',
    message_type: 'critical',
    timestamp: time,
    is_mine: false,
    is_read: false,
    verified: true,
    sequence: 3,
  },
  { type: 'sent', client_message_id: id, message_id: id, devices: [{ user_id: id, device_id: 1, sequence: 1 }] },
  { type: 'backlog_end', cursor: 4 },
  {
    type: 'connection_request',
    request_id: id,
    sender_id: id,
    sender_username: 'alice',
    handshake: null,
    sender_public_keys: null,
    created_at: time,
    expires_at: time,
  },
  { type: 'session_update', request_id: id, peer_username: 'bob', state: 'open', handshake: null },
  { type: 'receipt', message_id: id, sender: 'bob', kind: 'delivered' },
  { type: 'typing', sender: 'bob', active: false },
  { type: 'presence', username: 'bob', status: 'online', at: time },
  { type: 'pong', reference: 'a' },
  {
    type: 'error',
    client_message_id: id,
    error: { code: 'rate_limited', message: 'Too many.', retryable: true, request_id: 'r' },
  },
]

const faultOf = (value: unknown): FrameError => {
  try {
    parseClientFrame(value)
  } catch (error) {
    if (error instanceof FrameError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('text frames of clients', () => {
  it('of every type are read as they were sent', () => {
    expect(new Set(fromClients.map(({ type }) => type))).toEqual(new Set(Object.keys(clientFrames)))
    for (const frame of fromClients) expect(parseClientFrame(JSON.parse(JSON.stringify(frame)))).toEqual(frame)
  })

  it('of an unknown type are told which types there are', () => {
    const message = 'type: must be one of send, ack, typing, receipt, ping'
    for (const value of [null, 7, [], {}, { type: 'toString' }, { type: '__proto__' }, { type: ['ack'] }]) {
      expect(faultOf(value)).toMatchObject({ message, field: 'type' })
    }
  })

  it('are refused with field and limit named, and with any field too many', () => {
    expect(faultOf({ type: 'ack' }).message).toBe('up_to: is missing')
    expect(faultOf({ type: 'ack', up_to: -1 })).toMatchObject({
      message: 'up_to: at least 0',
      field: 'up_to',
    })
    expect(faultOf({ type: 'ack', up_to: 1, more: 1 }).message).toBe('frame: unknown field "more"')
    expect(faultOf({ type: 'send', content: 'x' }).message).toBe('client_message_id: is missing')
    expect(faultOf({ type: 'send', client_message_id: id, envelopes: ['AA=='] }).message).toBe(
      'envelopes[0]: base64 of 1228 to 98304 bytes, not of 1',
    )
  })

  it('never end in anything but a frame or a FrameError', () => {
    const junk = fc.oneof(
      fc.jsonValue(),
      fc.record({ type: fc.constantFrom(...Object.keys(clientFrames)) }, { noNullPrototype: true }),
    )
    fc.assert(
      fc.property(junk, value => {
        try {
          expect(Object.keys(clientFrames)).toContain(parseClientFrame(value).type)
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('text frames of servers', () => {
  it('of every type are read as they were sent', () => {
    expect(new Set(fromServers.map(({ type }) => type))).toEqual(new Set(Object.keys(serverFrames)))
    for (const frame of fromServers) expect(parseServerFrame(JSON.parse(JSON.stringify(frame)))).toEqual(frame)
  })

  it('may hold fields that this version does not know, which are left out', () => {
    expect(parseServerFrame({ type: 'backlog_end', cursor: 4, newer: true })).toEqual({
      type: 'backlog_end',
      cursor: 4,
    })
  })

  it('of a type or form that this version does not know are passed over', () => {
    for (const value of [null, 'x', {}, { type: 'newer' }, { type: 'constructor' }, { type: 'ready' }]) {
      expect(parseServerFrame(value)).toBeNull()
    }
  })

  it('carry an error code that this version does not know', () => {
    const error = { code: 'newer_code', message: 'm', retryable: false, request_id: 'r' }
    expect(parseServerFrame({ type: 'error', error })).toMatchObject({ error: { code: 'newer_code' } })
  })
})
