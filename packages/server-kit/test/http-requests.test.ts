import { defineRoute } from '@qsm/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { QsmError, route } from '../src/index.js'
import { caller, groupOf, startTestApp, type TestApp } from './support.js'

const ok = { 200: { description: 'Fine.', body: z.object({ seen: z.unknown() }) } }
const base = { service: 'main', summary: 'A test route', responses: ok } as const

const open = defineRoute({ ...base, operationId: 'open', method: 'get', path: '/open', auth: 'open' })
const own = defineRoute({ ...base, operationId: 'own', method: 'get', path: '/own', auth: 'access' })
const internal = defineRoute({ ...base, operationId: 'internal', method: 'get', path: '/internal', auth: 'service' })
const named = defineRoute({
  ...base,
  operationId: 'named',
  method: 'get',
  path: '/named/{name}',
  auth: 'open',
  params: z.strictObject({ name: z.string().max(5, 'at most 5 characters') }),
  query: z.strictObject({ limit: z.string().optional() }),
})
const removed = defineRoute({
  ...base,
  operationId: 'removed',
  method: 'delete',
  path: '/own',
  auth: 'access',
  responses: { 204: { description: 'Gone.' } },
})
const failing = defineRoute({ ...base, operationId: 'failing', method: 'get', path: '/failing/{how}', auth: 'open' })
const lying = defineRoute({ ...base, operationId: 'lying', method: 'get', path: '/lying', auth: 'open' })

const failures: Record<string, () => unknown> = {
  unknown: () => new Error('the password was hunter2'),
  known: () => new QsmError('conflict', 'Not now.', { details: { field: 'state' }, retryAfterSeconds: 3 }),
  mismatch: () => new QsmError('device_mismatch', undefined, { details: { missing: [1], extra: [] } }),
  text: () => 'a text',
  database: () => Object.assign(new Error('terminating connection'), { code: '57P01' }),
}

let app: TestApp
let limited = 0

beforeAll(async () => {
  const routes = [
    route(open)(async ({ clientAddress, userAgent, arrivedAt }) => ({
      status: 200,
      body: { seen: { clientAddress, userAgent, arrivedAt } },
    })),
    route(own)(async request => ({ status: 200, body: { seen: request.caller } })),
    route(internal)(async () => ({ status: 200, body: { seen: 'service' } })),
    route(named)(async ({ params, query }) => ({ status: 200, body: { seen: { ...params, ...query } } })),
    route(removed)(async () => ({ status: 204 })),
    route(failing)(async ({ requestId }) => {
      void requestId
      throw failures[current]?.()
    }),
    route(lying)(async () => ({ status: 201, body: {} }) as never),
  ]
  const limit = () => {
    limited += 1
  }
  app = await startTestApp([groupOf(routes, { limit })])
})
afterAll(() => app.stop(100))

let current = 'unknown'
const fail = (how: string) => {
  current = how
  return fetch(`${app.url}/failing/x`)
}
const good = { headers: { authorization: 'Bearer good' } }

describe('a request', () => {
  it('gets its own id back when it is well-formed, else a new one', async () => {
    const given = await fetch(`${app.url}/open`, { headers: { 'x-request-id': 'abc-1.2_3' } })
    expect(given.headers.get('x-request-id')).toBe('abc-1.2_3')
    const loose = await fetch(`${app.url}/open`, { headers: { 'x-request-id': 'a b' } })
    expect(loose.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    const long = await fetch(`${app.url}/open`, { headers: { 'x-request-id': 'a'.repeat(65) } })
    expect(long.headers.get('x-request-id')).toHaveLength(36)
  })

  it('gets security headers and is not cached', async () => {
    const { headers } = await fetch(`${app.url}/open`)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  it('carries the address, the user agent and the time of arrival to the handler', async () => {
    const answer = await fetch(`${app.url}/open`, {
      headers: { 'user-agent': 'test/1', 'x-forwarded-for': '203.0.113.9' },
    })
    expect(await answer.json()).toEqual({
      seen: { clientAddress: '127.0.0.1', userAgent: 'test/1', arrivedAt: 1_800_000_000_000 },
    })
  })

  it('takes the last address of X-Forwarded-For behind a trusted proxy only', async () => {
    const behind = await startTestApp(
      [groupOf([route(open)(async ({ clientAddress }) => ({ status: 200, body: { seen: clientAddress } }))])],
      { trustProxy: true },
    )
    const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }
    expect(await (await fetch(`${behind.url}/open`, { headers })).json()).toEqual({ seen: '203.0.113.9' })
    await behind.stop(100)
  })

  it('is 401 without, with a malformed and with a wrong token, and the limit is not asked before', async () => {
    limited = 0
    for (const authorization of ['', 'good', 'Basic good', 'Bearer', 'Bearer a b', 'Bearer wrong', 'Bearer góod']) {
      const headers =
        authorization === '' ? {} : { authorization: Buffer.from(authorization, 'utf8').toString('latin1') }
      const answer = await fetch(`${app.url}/own`, { headers })
      expect(answer.status, authorization).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    expect(limited).toBe(0)
    const answer = await fetch(`${app.url}/own`, good)
    expect(await answer.json()).toEqual({ seen: caller })
    expect(limited).toBe(1)
  })

  it('of a service is judged by the check for services', async () => {
    expect((await fetch(`${app.url}/internal`)).status).toBe(401)
    expect((await fetch(`${app.url}/internal`, good)).status).toBe(200)
  })

  it('names the field and its limit when a path or query value does not fit', async () => {
    const path = await (await fetch(`${app.url}/named/toolong`)).json()
    expect(path).toMatchObject({ error: { code: 'validation_failed', message: 'path.name: at most 5 characters' } })
    expect(path.error.field).toBe('path.name')
    const query = await fetch(`${app.url}/named/a?colour=red`)
    expect(query.status).toBe(400)
    expect((await query.json()).error.message).toContain('colour')
    const none = await fetch(`${app.url}/open?x=1`)
    expect([none.status, (await none.json()).error.field]).toEqual([400, 'x'])
    const twice = await fetch(`${app.url}/named/a?limit=1&limit=2`)
    expect([twice.status, (await twice.json()).error.field]).toEqual([400, 'limit'])
    const proto = await fetch(`${app.url}/named/a?__proto__=1`)
    expect(proto.status).toBe(400)
  })

  it('decodes path values', async () => {
    expect(await (await fetch(`${app.url}/named/%C3%A9%2Fa?limit=7`)).json()).toEqual({
      seen: { name: 'é/a', limit: '7' },
    })
  })

  it('with a token in its URL is 400', async () => {
    for (const name of ['token', 'access_token', 'ticket', 'jwt']) {
      expect((await fetch(`${app.url}/own?${name}=good`, good)).status).toBe(400)
    }
  })

  it('with a malformed path is 400', async () => {
    for (const path of ['/named/%E0%A4%A', '/%', '/named/%00', '/named/a%ff']) {
      const answer = await fetch(`${app.url}${path}`)
      expect([path, answer.status]).toEqual([path, 400])
      expect((await answer.json()).error.code).toBe('bad_request')
    }
  })

  it('to no path is 404 and to a path with other methods 405 with Allow', async () => {
    const missing = await fetch(`${app.url}/nowhere`)
    expect([missing.status, (await missing.json()).error.code]).toEqual([404, 'not_found'])
    const wrong = await fetch(`${app.url}/own`, { method: 'POST', body: '{}' })
    expect(wrong.status).toBe(405)
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD'])
    expect((await wrong.json()).error.code).toBe('method_not_allowed')
  })

  it('by HEAD has the headers of GET and no body; by OPTIONS it has the methods', async () => {
    const head = await fetch(`${app.url}/open`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(0)
    const options = await fetch(`${app.url}/own`, { method: 'OPTIONS' })
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toContain('DELETE')
  })

  it('is answered by 204 without a body where there is nothing to say', async () => {
    const answer = await fetch(`${app.url}/own`, { method: 'DELETE', ...good })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })
})

describe('a request whose client goes away', () => {
  const waiting = defineRoute({ ...base, operationId: 'waiting', method: 'get', path: '/waiting', auth: 'open' })

  it('tells its handler, and is counted as 499 whatever the handler makes of it', async () => {
    let came: () => void = () => {}
    const coming = new Promise<void>(resolve => {
      came = resolve
    })
    const handle = route(waiting)(async ({ signal, log }) => {
      came()
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
      log.info('the client is gone')
      throw new Error('nobody reads this')
    })
    const own = await startTestApp([groupOf([handle])])
    const leaving = new AbortController()
    const request = fetch(`${own.url}/waiting`, { signal: leaving.signal, headers: { 'x-request-id': 'mine' } })
    await coming
    leaving.abort()
    await expect(request).rejects.toThrow()
    await vi.waitFor(() => expect(own.lines.find(line => line.msg === 'request')).toMatchObject({ status: 499 }))
    expect(own.lines.find(line => line.msg === 'the client is gone')).toMatchObject({ requestId: 'mine' })
    expect(own.lines.some(line => line.code === 'internal')).toBe(false)
    await own.stop(100)
  })
})

describe('an error', () => {
  it('of an unknown kind is 500 with nothing of it in the answer, and stands in the log with its stack', async () => {
    const answer = await fail('unknown')
    const body = await answer.text()
    expect(answer.status).toBe(500)
    expect(body).not.toContain('hunter2')
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 'internal',
        message: expect.any(String),
        retryable: true,
        request_id: answer.headers.get('x-request-id'),
      },
      status_code: 500,
      timestamp: '2027-01-15T08:00:00.000Z',
    })
    const line = app.lines.find(entry => entry.code === 'internal')
    expect(line?.err).toMatchObject({ stack: expect.stringContaining('http-requests.test') })
    expect(line?.route).toBe('/failing/{how}')
  })

  it('of the catalogue carries its text, details and Retry-After', async () => {
    const answer = await fail('known')
    expect(answer.status).toBe(409)
    expect(answer.headers.get('retry-after')).toBe('3')
    expect((await answer.json()).error).toMatchObject({ code: 'conflict', message: 'Not now.', field: 'state' })
  })

  it('of mismatching devices has its lists inside the error and at the top', async () => {
    const body = await (await fail('mismatch')).json()
    expect(body).toMatchObject({ missing: [1], extra: [], error: { missing: [1], extra: [] } })
  })

  it('that is no Error is internal all the same', async () => {
    expect((await fail('text')).status).toBe(500)
  })

  it('of the database is 503 with Retry-After', async () => {
    const answer = await fail('database')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    expect(await answer.text()).not.toContain('terminating')
  })

  it('is made of an answer that the contract does not list', async () => {
    expect((await fetch(`${app.url}/lying`)).status).toBe(500)
  })
})

describe('cross-origin requests', () => {
  const preflight = (origin: string) =>
    fetch(`${app.url}/own`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': 'authorization' },
    })

  it('are allowed from listed origins, letter by letter', async () => {
    const allowed = await preflight('https://app.example.org')
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.org')
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    for (const origin of [
      'https://app.example.org.evil.test',
      'http://app.example.org',
      'https://APP.example.org',
      'null',
    ]) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin'), origin).toBeNull()
    }
  })

  it('can read errors too', async () => {
    const answer = await fetch(`${app.url}/own`, { headers: { origin: 'https://app.example.org' } })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.org')
  })
})

describe('what is kept of requests', () => {
  it('is a line of listed fields and an observation by route pattern', async () => {
    app.lines.length = 0
    await fetch(`${app.url}/named/bob?limit=3`, { headers: { authorization: 'Bearer s3cret' } })
    const line = app.lines.find(entry => entry.msg === 'request')
    expect(Object.keys(line ?? {}).sort()).toEqual(
      ['hostname', 'level', 'method', 'ms', 'msg', 'pid', 'requestId', 'route', 'status', 'time'].sort(),
    )
    expect(JSON.stringify(app.lines)).not.toMatch(/bob|s3cret|limit=3/)
    const { body } = await app.metrics.text()
    expect(body).toContain('qsm_http_request_duration_seconds_count{method="GET",route="/named/{name}",status="200"}')
    expect(body).not.toContain('bob')
  })
})
