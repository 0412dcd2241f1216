import { defineRoute, limits } from '@qsm/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { route } from '../src/index.js'
import { groupOf, rawExchange, startTestApp, type TestApp } from './support.js'

const base = {
  service: 'main',
  summary: 'A test route',
  method: 'post',
  auth: 'open',
  responses: { 200: { description: 'Fine.', body: z.object({ seen: z.unknown() }) } },
} as const
const note = z.strictObject({ text: z.string().max(10, 'at most 10 characters'), count: z.int().optional() })

const json = defineRoute({ ...base, operationId: 'json', path: '/json', body: note })
const either = defineRoute({ ...base, operationId: 'either', path: '/either', body: note, form: true })
const optional = defineRoute({ ...base, operationId: 'optional', path: '/optional', body: note.optional() })
const small = defineRoute({ ...base, operationId: 'small', path: '/small', body: z.unknown(), maxBodyBytes: 100 })
const any = defineRoute({ ...base, operationId: 'any', path: '/any', body: z.unknown() })
const none = defineRoute({ ...base, operationId: 'none', path: '/none' })

let app: TestApp
let handled = 0

beforeAll(async () => {
  const seen = async (request: { body: unknown }) => {
    handled += 1
    return { status: 200, body: { seen: request.body ?? null } } as const
  }
  const routes = [
    route(json)(seen),
    route(either)(seen),
    route(optional)(seen),
    route(small)(seen),
    route(any)(seen),
    route(none)(seen),
  ]
  app = await startTestApp([groupOf(routes)])
})
afterAll(() => app.stop(100))

const post = (path: string, body: string | Uint8Array, type = 'application/json', more: Record<string, string> = {}) =>
  fetch(`${app.url}${path}`, { method: 'POST', body: body as never, headers: { 'content-type': type, ...more } })

const refusal = async (answer: Response): Promise<[number, string]> => [answer.status, (await answer.json()).error.code]

describe('a body', () => {
  it('is JSON in UTF-8, with or without saying so', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
      expect(await (await post('/json', '{"text":"é"}', type)).json()).toEqual({ seen: { text: 'é' } })
    }
  })

  it('of another or no type is 415', async () => {
    const types = ['text/plain', 'application/jsonx', 'multipart/form-data', 'application/json; charset=latin1', '']
    for (const type of [...types, 'application/x-www-form-urlencoded']) {
      expect([type, ...(await refusal(await post('/json', '{"text":"a"}', type)))]).toEqual([
        type,
        415,
        'unsupported_media_type',
      ])
    }
    const bare = await rawExchange(app.port, [
      'POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
    ])
    expect(bare).toMatch(/^HTTP\/1\.1 415 /)
  })

  it('may be a form where the route says so', async () => {
    const form = await post('/either', 'text=a+b%21', 'application/x-www-form-urlencoded')
    expect(await form.json()).toEqual({ seen: { text: 'a b!' } })
    expect(await refusal(await post('/either', 'text=a&text=b', 'application/x-www-form-urlencoded'))).toEqual([
      400,
      'bad_request',
    ])
    expect(await refusal(await post('/either', '__proto__=a', 'application/x-www-form-urlencoded'))).toEqual([
      400,
      'bad_request',
    ])
  })

  it('that is compressed is 415', async () => {
    const answer = await post('/json', '{"text":"a"}', 'application/json', { 'content-encoding': 'gzip' })
    expect(await refusal(answer)).toEqual([415, 'unsupported_media_type'])
  })

  it('that is no JSON or no UTF-8 is 400', async () => {
    for (const text of ['{', '{"text":"a"}x', "{'text':1}", 'NaN', '\ufeff{"text":"a"}']) {
      expect([text, ...(await refusal(await post('/json', text)))]).toEqual([text, 400, 'malformed_json'])
    }
    expect(await refusal(await post('/json', Uint8Array.of(0x22, 0xff, 0x22)))).toEqual([400, 'bad_request'])
  })

  it('may be nested 32 levels deep and no deeper, however wide', async () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect((await post('/any', nested(32))).status).toBe(200)
    expect(await refusal(await post('/any', nested(33)))).toEqual([400, 'bad_request'])
    expect(await refusal(await post('/any', nested(100_000)))).toEqual([400, 'bad_request'])
    expect((await post('/any', JSON.stringify(new Array(50_000).fill({})))).status).toBe(200)
  })

  it('with the name of a prototype in it is 400, at any depth', async () => {
    for (const text of [
      '{"__proto__":{"a":1}}',
      '{"a":[{"constructor":1}]}',
      '{"prototype":1}',
      '{"\\u005f_proto__":1}',
    ]) {
      const answer = await post('/any', text)
      expect(await refusal(answer)).toEqual([400, 'bad_request'])
    }
    expect(({} as { a?: number }).a).toBeUndefined()
  })

  it('that does not fit names the field and the limit', async () => {
    const long = await post('/json', '{"text":"12345678901"}')
    expect((await long.json()).error).toMatchObject({
      code: 'validation_failed',
      field: 'text',
      message: 'text: at most 10 characters',
    })
    const unknown = await (await post('/json', '{"text":"a","colour":1}')).json()
    expect(unknown.error.message).toContain('colour')
    const empty = await fetch(`${app.url}/json`, { method: 'POST' })
    expect((await empty.json()).error).toMatchObject({ code: 'validation_failed', field: 'body' })
  })

  it('may be missing where it is optional, and is not read where the route takes none', async () => {
    expect(await (await fetch(`${app.url}/optional`, { method: 'POST' })).json()).toEqual({ seen: null })
    expect((await post('/none', 'what ever', 'text/plain')).status).toBe(200)
  })
})

describe('a body over the limit', () => {
  const head = (path: string, more: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}\r\n`
  const answered = (received: string) => /\r\n\r\n.+\}$/s.test(received)

  it('is 413 by its announced length, before any of it came', async () => {
    handled = 0
    const received = await rawExchange(app.port, [head('/small', 'Content-Length: 101\r\n')], answered)
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
    expect(received).toContain('over the limit of 100 bytes')
    expect(handled).toBe(0)
  })

  it('is 413 in chunks without an announced length', async () => {
    const chunk = `40\r\n${' '.repeat(64)}\r\n`
    const received = await rawExchange(
      app.port,
      [head('/small', 'Transfer-Encoding: chunked\r\n'), chunk, chunk],
      answered,
    )
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('may be exactly as long as the limit', async () => {
    expect((await post('/small', `"${'a'.repeat(98)}"`)).status).toBe(200)
    expect((await post('/small', `"${'a'.repeat(99)}"`)).status).toBe(413)
    expect((await post('/any', `"${'a'.repeat(limits.maxBodyBytes - 2)}"`)).status).toBe(200)
    expect((await post('/any', `"${'a'.repeat(limits.maxBodyBytes - 1)}"`)).status).toBe(413)
  })

  it('does not keep a client that goes on sending from reading the answer, nor break its connection', async () => {
    const bytes = Buffer.alloc(3_000_000, ' ')
    const next = 'GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    const parts = [head('/any', `Content-Length: ${bytes.length}\r\n`), bytes, next]
    const received = await rawExchange(app.port, parts)
    expect(received).toMatch(/^HTTP\/1\.1 413 /)
    expect(received).toContain('HTTP/1.1 405 ')
  })

  it('is also 413 where the route takes no body', async () => {
    expect((await post('/none', Buffer.alloc(limits.maxBodyBytes + 1, ' '))).status).toBe(413)
  })

  it('is refused before `100 Continue` where the client asks', async () => {
    const asking = (length: number) => head('/small', `Content-Length: ${length}\r\nExpect: 100-continue\r\n`)
    const refused = await rawExchange(app.port, [asking(101)])
    expect(refused).toMatch(/^HTTP\/1\.1 413 /)
    expect(refused.toLowerCase()).toContain('connection: close')
    const taken = await rawExchange(app.port, [asking(2)], received => received.includes('100 Continue'))
    expect(taken).toMatch(/^HTTP\/1\.1 100 /)
  })
})

describe('what is no request', () => {
  it('is answered in the form of all errors', async () => {
    const received = await rawExchange(app.port, ['GET / HTTP/1.1\r\nbroken header\r\n\r\n'])
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
    expect(received).toContain('"code":"bad_request"')
    const both = await rawExchange(app.port, [
      'POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ])
    expect(both).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('is 431 with too large headers', async () => {
    const received = await rawExchange(app.port, [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`])
    expect(received).toMatch(/^HTTP\/1\.1 431 /)
    expect(received).toContain('16384')
  })

  it('leaves the server at work', async () => {
    expect((await post('/json', '{"text":"a"}')).status).toBe(200)
  })
})
