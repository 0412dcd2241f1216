import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  clientFrames,
  explainIssues,
  internalRoutes,
  mainRoutes,
  quantumRoutes,
  register,
  requestConnection,
} from '../src/index.js'

const explain = (schema: z.ZodType, value: unknown, root: 'body' | 'query' | 'path' | 'frame' = 'body') => {
  const { error } = schema.safeParse(value)
  if (!error) throw new Error('this fits')
  return explainIssues(error.issues, root)
}
const good = { username: 'alice', email: 'alice@example.org', password: 'correct horse' }

describe('what a refused value is told', () => {
  it.each([
    [{ ...good, password: 'short' }, 'password', 'password: at least 8 characters'],
    [{ ...good, username: 'al ice' }, 'username', 'username: only letters A-Z and a-z, digits, _ and -'],
    [{ ...good, username: undefined }, 'username', 'username: is missing'],
    [{ ...good, username: null }, 'username', 'username: must be text'],
    [{ ...good, username: 7 }, 'username', 'username: must be text'],
    [{ ...good, more: 1 }, 'body', 'body: unknown field "more"'],
    [{ ...good, more: 1, less: 2 }, 'body', 'body: unknown fields "more", "less"'],
    [[], 'body', 'body: must be an object'],
    ['text', 'body', 'body: must be an object'],
    [null, 'body', 'body: must be an object'],
  ])('names field and limit in plain words: %j', (value, field, message) => {
    expect(explain(register.body, value)).toEqual({ field, message })
  })

  it('names the place within objects and lists', () => {
    const schema = z.strictObject({ a: z.object({ b: z.array(z.int('a whole number')) }) })
    expect(explain(schema, { a: { b: [1, 'x'] } })).toEqual({ field: 'a.b[1]', message: 'a.b[1]: must be a number' })
    expect(explain(schema, { a: { b: [0.5] } }).message).toBe('a.b[0]: must be a whole number')
    expect(explain(schema, { a: { b: {} } }).message).toBe('a.b: must be a list')
  })

  it('names the place within a field that is called like its part of the request', () => {
    const schema = z.strictObject({ body: z.strictObject({ name: z.string() }) })
    expect(explain(schema, { body: {} }).message).toBe('body.name: is missing')
    expect(explain(z.array(z.string()), [1]).field).toBe('body[0]')
  })

  it('says under which part of the request a field of query or path stands', () => {
    const schema = z.strictObject({ limit: z.string().regex(/^[0-9]+$/, 'a whole number') })
    expect(explain(schema, { limit: 'x' }, 'query').message).toBe('query.limit: a whole number')
    expect(explain(schema, { limit: 'x', offset: '1' }, 'query').message).toContain('and 1 more')
  })

  it('tells how many more faults there are', () => {
    expect(explain(register.body, {}).message).toBe('username: is missing (and 2 more)')
  })

  it('lists the values where only some are taken', () => {
    expect(explain(z.strictObject({ kind: z.enum(['a', 'b']) }), { kind: 'c' }).message).toBe(
      'kind: must be "a" or "b"',
    )
    expect(explain(z.strictObject({ kind: z.literal('a') }), {}).message).toBe('kind: must be "a"')
  })

  it('cuts a long unknown name and never repeats a value', () => {
    const { message } = explain(register.body, { ...good, ['x'.repeat(5_000)]: 1 })
    expect(message.length).toBeLessThan(120)
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`field${index}`, 1]))
    expect(explain(register.body, { ...good, ...many }).message).toBe(
      'body: unknown fields "field0", "field1", "field2" and 1997 more',
    )
    expect(explain(register.body, { ...good, password: 'geheim' }).message).not.toContain('geheim')
  })

  it('names the field of a handshake that is too short', () => {
    const value = { receiver_username: 'bob', handshake: 'AAAA' }
    expect(explain(requestConnection.body, value).message).toMatch(/^handshake: base64 of \d+ to \d+ bytes, not of 3$/)
  })
})

describe('a limit without words of its own', () => {
  it('says the number and what it counts', () => {
    const schema = z.object({
      list: z.array(z.string()).min(2).max(3),
      text: z.string().max(4),
      number: z.int().max(5),
    })
    const given = { list: ['a', 'b'], text: 'abcd', number: 5 }
    expect(explain(schema, { ...given, list: [] }).message).toBe('list: at least 2 entries')
    expect(explain(schema, { ...given, list: ['a', 'b', 'c', 'd'] }).message).toBe('list: at most 3 entries')
    expect(explain(schema, { ...given, text: 'abcde' }).message).toBe('text: at most 4 characters')
    expect(explain(schema, { ...given, number: 6 }).message).toBe('number: at most 5')
  })
})

describe('every schema that takes input', () => {
  const routes = [...mainRoutes, ...quantumRoutes, ...internalRoutes]
  const inputs = [
    ...routes.flatMap(route => [
      { name: `${route.operationId} body`, schema: route.body, root: 'body' as const },
      { name: `${route.operationId} query`, schema: route.query, root: 'query' as const },
      { name: `${route.operationId} path`, schema: route.params, root: 'path' as const },
    ]),
    ...Object.entries(clientFrames).map(([type, schema]) => ({
      name: `frame ${type}`,
      schema,
      root: 'frame' as const,
    })),
  ].flatMap(({ schema, ...rest }) => (schema ? [{ ...rest, schema }] : []))

  const namesIn = (schema: z.ZodType): string[] => {
    if (schema instanceof z.ZodOptional) return namesIn(schema.unwrap() as z.ZodType)
    return schema instanceof z.ZodObject
      ? Object.keys(schema.shape)
      : ['envelopes', 'content', 'batch', 'body', 'message']
  }

  it.each(inputs)('of $name is explained in plain words, whatever comes', ({ schema, root }) => {
    const junk = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(-1, 1e300, 0.5, '', '\0', '\uD800', 'x'.repeat(500), {}, [[]]),
    )
    const value = fc.oneof(junk, fc.dictionary(fc.constantFrom(...namesIn(schema), 'type', 'unknown'), junk))
    fc.assert(
      fc.property(value, given => {
        const result = schema.safeParse(given)
        if (result.success) return
        const { message, field } = explainIssues(result.error.issues, root)
        expect(message.startsWith(`${field}: `)).toBe(true)
        expect(message).not.toMatch(/invalid|expected|received|unrecognized|too (small|big)/i)
        expect(message.length).toBeLessThan(500)
      }),
      { numRuns: 300 },
    )
  })
})
