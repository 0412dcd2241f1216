import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { defineRoute } from '@qsm/contract'
import { describe, expect, it, vi } from 'vitest'
import type WebSocket from 'ws'
import { z } from 'zod'
import { route, type Socket } from '../src/index.js'
import { deferred, headers, useSocketApp, wide } from './socket-app.js'
import { groupOf, rawExchange } from './support.js'

const hello = defineRoute({
  operationId: 'hello',
  service: 'main',
  method: 'post',
  path: '/hello',
  summary: 'A test route',
  auth: 'open',
  body: z.object({ text: z.string() }),
  responses: { 200: { description: 'Fine.', body: z.object({ text: z.string() }) } },
})

const kit = useSocketApp([groupOf([route(hello)(async ({ body }) => ({ status: 200, body }))])])
const { start, open, opened } = kit

/** Status and error code of an upgrade that is refused. */
const refusal = async (client: WebSocket): Promise<[number, string, IncomingMessage]> => {
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return [response.statusCode ?? 0, JSON.parse(text).error.code, response]
}

describe('an upgrade', () => {
  it('is judged before it is answered', async () => {
    await start()
    const [status, code, response] = await refusal(open('/ws', { headers: {} }))
    expect([status, code]).toEqual([401, 'unauthorized'])
    expect(response.headers['www-authenticate']).toBe('Bearer')
    expect(response.headers['x-request-id']).toHaveLength(36)
    expect(kit.taken).toHaveLength(0)
    await opened()
    expect(kit.taken.map(entry => entry.identity)).toEqual(['alice'])
  })

  it('may carry a ticket as subprotocol, which is then the chosen one', async () => {
    await start()
    const client = await opened('/ws', { protocol: 'qsm.ticket.abc', headers: {} })
    expect(client.protocol).toBe('qsm.ticket.abc')
    expect(kit.taken[0]?.identity).toBe('ticket abc')
  })

  it('may name the user in its path', async () => {
    await start()
    await opened('/ws/Alice')
    expect(kit.taken[0]?.request.qsmSocketName).toBe('Alice')
  })

  it('to another path is 404, and with anything in its query 400', async () => {
    await start()
    for (const path of ['/', '/wsx', '/ws/', '/ws/a', '/ws/alice/x', '/api/health', '/ws/%61lice']) {
      expect([path, ...(await refusal(open(path))).slice(0, 2)]).toEqual([path, 404, 'not_found'])
    }
    expect((await refusal(open('/ws?token=good'))).slice(0, 2)).toEqual([400, 'bad_request'])
    expect((await refusal(open('/ws/alice?x'))).slice(0, 2)).toEqual([400, 'bad_request'])
  })

  it('from a page is taken from listed origins and the own one only', async () => {
    await start()
    for (const origin of ['https://evil.test', 'null', 'https://app.example.org.evil.test', 'http://app.example.org']) {
      expect((await refusal(open('/ws', { headers: { ...headers, origin } }))).slice(0, 2)).toEqual([403, 'forbidden'])
    }
    await opened('/ws', { headers: { ...headers, origin: 'https://app.example.org' } })
    await opened('/ws', { headers: { ...headers, origin: `http://127.0.0.1:${kit.app.port}` } })
  })

  it('beyond the limit is 503, until one goes', async () => {
    await start({ limits: { ...wide, maxSockets: 2 } })
    const first = await opened()
    await opened()
    const [status, code, response] = await refusal(open())
    expect([status, code, response.headers['retry-after']]).toEqual([503, 'unavailable', '5'])
    const gone = new Promise<void>(resolve => kit.taken[0]?.socket.onClose(() => resolve()))
    first.close()
    await gone
    await opened()
  })

  it('of one address, or of one user, beyond its limit is 429, and others are let in', async () => {
    await start({
      trustProxy: true,
      limits: { ...wide, maxSocketsPerAddress: 3, maxSocketsPerUser: 2 },
    })
    const from = (address: string, ticket: string) =>
      ['/ws', { protocol: `qsm.ticket.${ticket}`, headers: { 'x-forwarded-for': `192.0.2.1, ${address}` } }] as const
    const first = await opened(...from('203.0.113.9', 'alice'))
    await opened(...from('203.0.113.10', 'alice'))
    const [status, code, response] = await refusal(open(...from('203.0.113.11', 'alice')))
    expect([status, code, response.headers['retry-after']]).toEqual([429, 'rate_limited', '30'])
    for (const name of ['bob', 'carol']) await opened(...from('203.0.113.9', name))
    expect((await refusal(open(...from('203.0.113.9', 'dave')))).slice(0, 2)).toEqual([429, 'rate_limited'])
    await opened(...from('203.0.113.12', 'dave'))
    const gone = new Promise<void>(resolve => kit.taken[0]?.socket.onClose(() => resolve()))
    first.close()
    await gone
    await opened(...from('203.0.113.9', 'alice'))
  })

  it('behind no trusted proxy counts by the address of its connection, whatever a header says', async () => {
    await start({ limits: { ...wide, maxSocketsPerAddress: 1 } })
    await opened()
    const forged = { ...headers, 'x-forwarded-for': '203.0.113.9' }
    expect((await refusal(open('/ws', { headers: forged })))[0]).toBe(429)
  })

  it('is 503 for a second while as many are judged as may be at once', async () => {
    const judging = deferred()
    await start({ authenticate: () => judging.promise, limits: { ...wide, maxUpgradesAtOnce: 2 } })
    const waiting = [open(), open()].map(client => once(client, 'open'))
    for (let upgrade = 0; upgrade < 2; upgrade += 1) await once(kit.app.server, 'upgrade')
    const [status, code, response] = await refusal(open())
    expect([status, code, response.headers['retry-after']]).toEqual([503, 'unavailable', '1'])
    judging.resolve('alice')
    await Promise.all(waiting)
    await opened()
  })

  it('that is refused gives its place back', async () => {
    await start({ limits: { ...wide, maxSockets: 1 } })
    for (let time = 0; time < 3; time += 1) {
      const connection = once(kit.app.server, 'upgrade')
      expect((await refusal(open('/ws', { headers: {} })))[0]).toBe(401)
      const [, socket] = (await connection) as [IncomingMessage, Socket & { closed: boolean }]
      await vi.waitFor(() => expect(socket.closed).toBe(true))
    }
    await opened()
  })

  it('that fails inside is 500 with nothing of it, and 503 when the database is away', async () => {
    let error: Error = new Error('the password was hunter2')
    await start({ authenticate: () => Promise.reject(error) })
    expect((await refusal(open())).slice(0, 2)).toEqual([500, 'internal'])
    error = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
    const [status, code, response] = await refusal(open())
    expect([status, code, response.headers['retry-after']]).toEqual([503, 'unavailable', '2'])
  })

  it('is refused while the server drains', async () => {
    await start()
    kit.sockets.refuseNew()
    expect((await refusal(open())).slice(0, 2)).toEqual([503, 'draining'])
  })

  it('is refused where the server begins to drain while it is judged', async () => {
    const judging = deferred()
    const judged = new Promise<void>(resolve => {
      void start({
        authenticate: () => {
          resolve()
          return judging.promise
        },
      }).then(() => {
        answer = refusal(open())
      })
    })
    let answer: ReturnType<typeof refusal> | undefined
    await judged
    kit.sockets.refuseNew()
    judging.resolve('alice')
    expect((await answer)?.slice(0, 2)).toEqual([503, 'draining'])
    expect(kit.sockets.open.size).toBe(0)
  })

  it('to another protocol is ignored, and the request answered as any other', async () => {
    await start()
    const body = '{"text":"hi"}'
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
    const head = `POST /hello HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    const received = await rawExchange(kit.app.port, [`${head}${upgrade}\r\n${body}`], text => text.includes('}'))
    expect(received).toMatch(/^HTTP\/1\.1 200 /)
    expect(received).toContain(body)
  })

  it.each([
    ['without a key', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key'],
    ['of an unknown version', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 7', 'Version'],
    ['with a key of another length', 'Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13', 'Sec-WebSocket-Key'],
  ])('%s is 400 in the form of all errors', async (_, lines, named) => {
    await start()
    const head = `GET /ws HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`
    const received = await rawExchange(kit.app.port, [`${head}${lines}\r\n\r\n`])
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
    const { error } = JSON.parse(received.slice(received.indexOf('{')))
    expect(error).toMatchObject({ code: 'bad_request', message: expect.stringContaining(named) })
    expect((await kit.app.metrics.text()).body).toContain('qsm_ws_refused_total{code="bad_request"} 1')
  })

  it('whose client goes away while it is judged does no harm', async () => {
    const judging = deferred()
    await start({ authenticate: () => judging.promise })
    const client = open()
    client.on('error', () => {})
    await once(kit.app.server, 'upgrade')
    const gone = new Promise(resolve => client.on('close', resolve))
    client.terminate()
    await gone
    judging.resolve('alice')
    expect((await fetch(`${kit.app.url}/nowhere`)).status).toBe(404)
    expect(kit.sockets.open.size).toBe(0)
  })
})
