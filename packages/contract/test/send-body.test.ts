import { describe, expect, it } from 'vitest'
import { documentedSchema, encodeBase64, explainIssues, limits, sendMessage, wrapVerify } from '../src/index.js'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'
const envelope = encodeBase64(new Uint8Array(limits.minEnvelopeBytes))
const told = (value: unknown, schema: typeof sendMessage.body | typeof wrapVerify.body = sendMessage.body) => {
  const { error } = schema.safeParse(value)
  return error && explainIssues(error.issues).message
}

describe('the two forms of a send', () => {
  it('are both taken', () => {
    expect(sendMessage.body.parse({ content: 'hello' })).toEqual({ content: 'hello', message_type: 'secured' })
    const sealed = { client_message_id: id, envelopes: [envelope] }
    expect(sendMessage.body.parse(sealed)).toEqual(sealed)
  })

  it('are explained for the form that was meant', () => {
    expect(told({ content: '' })).toBe('content: not empty')
    expect(told({})).toBe('content: is missing')
    expect(told({ content: 'x', message_type: 'loud' })).toBe('message_type: must be "secured" or "critical"')
    expect(told({ envelopes: [] })).toBe('client_message_id: is missing (and 1 more)')
    expect(told({ client_message_id: id, envelopes: [] })).toBe('envelopes: at least 1 envelope')
    expect(told({ client_message_id: id, envelopes: Array(65).fill(envelope) })).toBe('envelopes: at most 64 envelopes')
    expect(told({ client_message_id: id, envelopes: [envelope, 'AAAA'] })).toBe(
      'envelopes[1]: base64 of 1228 to 98304 bytes, not of 3',
    )
    expect(told({ client_message_id: id, envelopes: [envelope], content: 'x' })).toBe('body: unknown field "content"')
    expect(told({ client_message_id: id.replace('-7', '-4'), envelopes: [envelope] })).toBe(
      `client_message_id: a UUID of version 7 such as ${id}`,
    )
    for (const value of [null, [], 'text', 7]) expect(told(value)).toBe('body: must be an object')
  })

  it('are not told apart by what an object inherits', () => {
    expect(told(Object.create({ envelopes: [] }))).toContain('content: is missing')
  })

  it('stand as a union in documents', () => {
    expect(documentedSchema(sendMessage.body)._zod.def.type).toBe('union')
  })
})

describe('a signature to verify', () => {
  const single = { message: 'text', falcon_signature: encodeBase64(new Uint8Array(666)) }

  it('wants every part of its type', () => {
    expect(told(single, wrapVerify.body)).toBe('falcon_public: is needed for wrap_sign (and 2 more)')
    const falcon = { ...single, signature_type: 'falcon_only', falcon_public: encodeBase64(new Uint8Array(897)) }
    expect(told(falcon, wrapVerify.body)).toBeUndefined()
    expect(told({ batch: [falcon, { ...falcon, falcon_public: null }] }, wrapVerify.body)).toBe(
      'batch[1].falcon_public: is needed for falcon_only',
    )
  })

  it('is base64 where the encoding says so, and bounded in bytes', () => {
    const falcon = { ...single, signature_type: 'falcon_only', falcon_public: encodeBase64(new Uint8Array(897)) }
    expect(told({ ...falcon, message: 'text!', encoding: 'base64' }, wrapVerify.body)).toContain('message: base64')
    expect(told({ ...falcon, message: 'ü'.repeat(65_537) }, wrapVerify.body)).toBe('message: at most 131072 bytes')
  })

  it('comes alone or in a batch of 1 to 64', () => {
    expect(told({ batch: [] }, wrapVerify.body)).toBe('batch: at least 1 signature')
    expect(told({ batch: [], message: 'x' }, wrapVerify.body)).toContain('batch: at least 1 signature')
  })
})
