import { readFileSync } from 'node:fs'
import asyncApi from '@asyncapi/specs'
import { Ajv, type AnySchema } from 'ajv'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asyncApiDocument } from '../src/documents/index.js'
import { clientFrames, closeCodes, documentedSchema, serverFrames } from '../src/index.js'
import { brokenReferences, pointerKeys, valueAt } from './json-references.js'

const document = asyncApiDocument({ version: '0.1.0', title: 'QSM socket' })
const messages = valueAt(document, ['components', 'messages']) as Record<string, Record<string, unknown>>

/** A schema with every reference replaced by what it leads to. */
const inlined = (schema: unknown, root: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(item => inlined(item, root))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref, $schema: _, definitions: __, ...rest } = schema as Record<string, unknown>
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inlined(value, root)]))
  if (typeof $ref !== 'string') return inner
  return { ...(inlined(valueAt(root, pointerKeys($ref)), root) as object), ...inner }
}
const schemaOf = (frame: z.ZodType, io: 'input' | 'output') => {
  const schema = z.toJSONSchema(documentedSchema(frame), { target: 'draft-07', io })
  return inlined(schema, schema)
}

/** By the JSON Schema that the AsyncAPI Initiative publishes for 3.0.0. Formats are annotations there. */
const isValid = new Ajv({ strict: false, validateFormats: false }).compile(
  asyncApi.schemasWithoutId['3.0.0'] as AnySchema,
)

describe('the AsyncAPI document', () => {
  it('is valid by the schema of AsyncAPI 3, as generated and as committed', () => {
    const committed = JSON.parse(
      readFileSync(new URL('../../../docs/reference/asyncapi.json', import.meta.url), 'utf8'),
    )
    for (const candidate of [document, committed]) {
      const valid = isValid(candidate)
      expect({ valid, errors: isValid.errors }).toEqual({ valid: true, errors: null })
    }
    const broken = structuredClone(document) as { operations: Record<string, { action: string }> }
    for (const operation of Object.values(broken.operations)) operation.action = 'take'
    expect(isValid(broken)).toBe(false)
  })

  it('has what AsyncAPI 3 requires', () => {
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: 'QSM socket', version: '0.1.0' } })
    for (const server of Object.values(document.servers as object)) {
      expect(server).toMatchObject({ host: expect.any(String), protocol: expect.any(String) })
    }
    for (const channel of Object.values(document.channels as object)) {
      expect(channel).toMatchObject({ address: expect.stringMatching(/^\/ws/), messages: expect.any(Object) })
    }
    for (const operation of Object.values(document.operations as object)) {
      expect(['send', 'receive']).toContain(operation.action)
      expect(operation.channel.$ref).toBe('#/channels/socket')
      for (const { $ref } of operation.messages) expect($ref).toMatch(/^#\/channels\/socket\/messages\//)
    }
  })

  it('has no reference that leads nowhere', () => {
    expect(brokenReferences(document)).toEqual([])
  })

  it.each(Object.entries(clientFrames))('shows the client frame %s as its schema checks it', (type, frame) => {
    const name = `Client${type.replace(/^./, letter => letter.toUpperCase())}`
    expect(inlined(messages[name]?.payload, document)).toEqual(schemaOf(frame, 'input'))
  })

  it.each(Object.entries(serverFrames))('shows the server frame %s as its schema checks it', (type, frame) => {
    const name = `Server${type.replaceAll(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}`
    expect(inlined(messages[name]?.payload, document)).toEqual(schemaOf(frame, 'output'))
  })

  it('holds the binary frames and no other message beside those', () => {
    const count = Object.keys(clientFrames).length + Object.keys(serverFrames).length + 2
    expect(Object.keys(messages).length).toBe(count)
    for (const name of ['ClientBinarySend', 'ServerBinaryDelivery']) {
      expect(messages[name]).toMatchObject({ contentType: 'application/octet-stream' })
    }
  })

  it('gives every message to one operation, by who sends it', () => {
    const operations = Object.values(
      document.operations as Record<string, { action: string; messages: { $ref: string }[] }>,
    )
    const named = operations.flatMap(({ action, messages }) =>
      messages.map(({ $ref }) => `${action} ${pointerKeys($ref).at(-1)}`),
    )
    const expected = Object.keys(messages)
      .filter(name => name !== 'ServerSent')
      .map(name => `${name.startsWith('Client') ? 'receive' : 'send'} ${name}`)
    expect(named.sort()).toEqual(expected.sort())
    expect(valueAt(document, ['operations', 'takeSend', 'reply', 'messages'])).toEqual([
      { $ref: '#/channels/socket/messages/ServerSent' },
      { $ref: '#/channels/socket/messages/ServerError' },
    ])
  })

  it('lists the close codes', () => {
    expect(document['x-close-codes']).toEqual(expect.arrayContaining(Object.values(closeCodes)))
  })
})
