import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { closeCodes, defineRoute } from '@qsm/contract'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { z } from 'zod'
import {
  acceptSockets,
  closeInWaves,
  frameText,
  QsmError,
  route,
  type Socket,
  type SocketOptions,
  type Sockets,
} from '../src/index.js'
import { groupOf, listeningLog, rawExchange, startTestApp, type TestApp } from './support.js'

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

const wide = { maxSockets: 10, maxSocketsPerAddress: 10, maxSocketsPerUser: 10, maxUpgradesAtOnce: 10 }

let app: TestApp
let sockets: Sockets
let taken: { socket: Socket; identity: string; request: IncomingMessage }[]
let onSocket: (socket: Socket, identity: string) => void

const start = async (options: Partial<SocketOptions<string>> = {}) => {
  app = await startTestApp([groupOf([route(hello)(async ({ body }) => ({ status: 200, body }))])])
  let request: IncomingMessage
  sockets = acceptSockets<string>(app.server, {
    async authenticate(given, ticket) {
      request = given
      if (ticket !== null) return `ticket ${ticket}`
      if (given.headers.authorization !== 'Bearer good') throw new QsmError('unauthorized')
      return 'alice'
    },
    onSocket(socket, identity) {
      taken.push({ socket, identity, request })
      onSocket(socket, identity)
    },
    allowedOrigins: ['https://app.example.org'],
    log: listeningLog().log,
    metrics: app.metrics,
    now: () => 1_800_000_000_000,
    userOf: identity => identity,
    trustProxy: false,
    limits: wide,
    ...options,
  })
}
beforeEach(() => {
  taken = []
  onSocket = () => {}
})
afterEach(() => app.stop(100))

/** An identity that is told later. */
const deferred = () => {
  let resolve: (name: string) => void = () => {}
  const promise = new Promise<string>(done => {
    resolve = done
  })
  return { promise, resolve: (name: string) => resolve(name) }
}

const headers = { authorization: 'Bearer good' }
const open = (path = '/ws', options: WebSocket.ClientOptions & { protocol?: string } = {}) =>
  new WebSocket(`ws://127.0.0.1:${app.port}${path}`, options.protocol ? [options.protocol] : [], {
    headers,
    ...options,
  })
const opened = async (path?: string, options?: Parameters<typeof open>[1]) => {
  const client = open(path, options)
  await once(client, 'open')
  return client
}
/** Status and error code of an upgrade that is refused. */
const refusal = async (client: WebSocket): Promise<[number, string, IncomingMessage]> => {
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response) text += chunk
  return [response.statusCode ?? 0, JSON.parse(text).error.code, response]
}
const closed = async (client: WebSocket): Promise<[number, string]> => {
  const [code, reason] = (await once(client, 'close')) as [number, Buffer]
  return [code, String(reason)]
}

describe('an upgrade', () => {
  it('is judged before it is answered', async () => {
    await start()
    const [status, code, response] = await refusal(open('/ws', { headers: {} }))
    expect([status, code]).toEqual([401, 'unauthorized'])
    expect(response.headers['www-authenticate']).toBe('Bearer')
    expect(response.headers['x-request-id']).toHaveLength(36)
    expect(taken).toHaveLength(0)
    await opened()
    expect(taken.map(entry => entry.identity)).toEqual(['alice'])
  })

  it('may carry a ticket as subprotocol, which is then the chosen one', async () => {
    await start()
    const client = await opened('/ws', { protocol: 'qsm.ticket.abc', headers: {} })
    expect(client.protocol).toBe('qsm.ticket.abc')
    expect(taken[0]?.identity).toBe('ticket abc')
  })

  it('may name the user in its path', async () => {
    await start()
    await opened('/ws/Alice')
    expect(taken[0]?.request.qsmSocketName).toBe('Alice')
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
    await opened('/ws', { headers: { ...headers, origin: `http://127.0.0.1:${app.port}` } })
  })

  it('beyond the limit is 503, until one goes', async () => {
    await start({ limits: { ...wide, maxSockets: 2 } })
    const first = await opened()
    await opened()
    const [status, code, response] = await refusal(open())
    expect([status, code, response.headers['retry-after']]).toEqual([503, 'unavailable', '5'])
    const gone = new Promise<void>(resolve => taken[0]?.socket.onClose(() => resolve()))
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
    const gone = new Promise<void>(resolve => taken[0]?.socket.onClose(() => resolve()))
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
    for (let upgrade = 0; upgrade < 2; upgrade += 1) await once(app.server, 'upgrade')
    const [status, code, response] = await refusal(open())
    expect([status, code, response.headers['retry-after']]).toEqual([503, 'unavailable', '1'])
    judging.resolve('alice')
    await Promise.all(waiting)
    await opened()
  })

  it('that is refused gives its place back', async () => {
    await start({ limits: { ...wide, maxSockets: 1 } })
    for (let time = 0; time < 3; time += 1) {
      const connection = once(app.server, 'upgrade')
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
    sockets.refuseNew()
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
    sockets.refuseNew()
    judging.resolve('alice')
    expect((await answer)?.slice(0, 2)).toEqual([503, 'draining'])
    expect(sockets.open.size).toBe(0)
  })

  it('to another protocol is ignored, and the request answered as any other', async () => {
    await start()
    const body = '{"text":"hi"}'
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
    const head = `POST /hello HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
    const received = await rawExchange(app.port, [`${head}${upgrade}\r\n${body}`], text => text.includes('}'))
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
    const received = await rawExchange(app.port, [`${head}${lines}\r\n\r\n`])
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
    const { error } = JSON.parse(received.slice(received.indexOf('{')))
    expect(error).toMatchObject({ code: 'bad_request', message: expect.stringContaining(named) })
    expect((await app.metrics.text()).body).toContain('qsm_ws_refused_total{code="bad_request"} 1')
  })

  it('whose client goes away while it is judged does no harm', async () => {
    const judging = deferred()
    await start({ authenticate: () => judging.promise })
    const client = open()
    client.on('error', () => {})
    await once(app.server, 'upgrade')
    const gone = new Promise(resolve => client.on('close', resolve))
    client.terminate()
    await gone
    judging.resolve('alice')
    expect((await fetch(`${app.url}/nowhere`)).status).toBe(404)
    expect(sockets.open.size).toBe(0)
  })
})

describe('a socket', () => {
  it('gets what was sent before its handler stood', async () => {
    const judging = deferred()
    await start({ authenticate: () => judging.promise })
    const texts: string[] = []
    const both = new Promise<void>(resolve => {
      onSocket = socket =>
        socket.onText(text => {
          if (texts.push(text) === 2) resolve()
        })
    })
    const client = open()
    await once(app.server, 'upgrade')
    client.on('open', () => {
      client.send('early')
      client.send('early too')
    })
    judging.resolve('alice')
    await both
    expect(texts).toEqual(['early', 'early too'])
  })

  it('carries text and bytes both ways, in order', async () => {
    await start()
    onSocket = socket => {
      socket.onText(text => socket.sendText(`${text}!`))
      socket.onBinary(bytes => socket.sendBinary(bytes.toReversed()))
    }
    const client = await opened()
    const received: unknown[] = []
    const all = new Promise<void>(resolve => {
      client.on('message', (data, isBinary) => {
        if (received.push(isBinary ? [...(data as Buffer)] : String(data)) === 4) resolve()
      })
    })
    client.send('é')
    client.send(Uint8Array.of(1, 2))
    client.send('')
    client.send(new Uint8Array(0))
    await all
    expect(received).toEqual(['é!', [2, 1], '!', []])
  })

  it('gets what was framed once for many in its place among the other frames', async () => {
    const frames = [frameText('a'.repeat(70_000)), frameText('ü'.repeat(100)), frameText('')]
    onSocket = socket => {
      socket.sendText('first')
      for (const frame of frames) socket.sendFramed(frame)
      socket.sendText('last')
    }
    await start()
    const texts: string[][] = [[], []]
    for (const received of texts) open().on('message', data => received.push(String(data)))
    const expected = ['first', 'a'.repeat(70_000), 'ü'.repeat(100), '', 'last']
    await vi.waitFor(() => expect(texts).toEqual([expected, expected]))
  })

  it('sends all of one turn in one write', async () => {
    await start()
    const client = await opened()
    const tcp = (client as unknown as { _socket: NodeJS.ReadableStream })._socket
    const chunks: number[] = []
    tcp.prependListener('data', (chunk: Buffer) => chunks.push(chunk.length))
    const last = new Promise<void>(resolve => client.on('message', data => String(data) === 'm99' && resolve()))
    for (let at = 0; at < 100; at += 1) taken[0]?.socket.sendText(`m${at}`)
    await last
    expect(chunks).toEqual([10 * 4 + 90 * 5])
  })

  it('says how much waits for a peer that does not read', async () => {
    await start()
    const client = await opened()
    client.pause()
    const socket = taken[0]?.socket as Socket
    for (let at = 0; at < 64; at += 1) socket.sendBinary(new Uint8Array(262_144))
    await new Promise(resolve => setImmediate(resolve))
    expect(socket.bufferedBytes).toBeGreaterThan(1_048_576)
    client.terminate()
  })

  it('tells when a peer that did not read has taken everything', async () => {
    await start()
    const client = await opened()
    client.pause()
    const socket = taken[0]?.socket as Socket
    const drained = new Promise<number>(resolve => socket.onDrain(() => resolve(socket.bufferedBytes)))
    for (let at = 0; at < 64; at += 1) socket.sendBinary(new Uint8Array(262_144))
    await new Promise(resolve => setImmediate(resolve))
    expect(socket.bufferedBytes).toBeGreaterThan(1_048_576)
    client.resume()
    expect(await drained).toBe(0)
  })

  it('is closed with 1011 when its handler fails, at once or later, and the server lives', async () => {
    await start()
    onSocket = socket => {
      socket.onText(() => {
        throw new Error('at once')
      })
      socket.onBinary(async () => {
        throw new Error('later')
      })
    }
    for (const frame of ['x', Uint8Array.of(1)]) {
      const client = await opened()
      client.send(frame)
      expect(await closed(client)).toEqual([1011, 'internal'])
    }
    onSocket = () => {
      throw new Error('not taken')
    }
    expect(await closed(await opened())).toEqual([1011, 'internal'])
    await vi.waitFor(() => expect(sockets.open.size).toBe(0))
  })

  it('is closed with the code that is given, and hears nothing after', async () => {
    await start()
    let heard = 0
    onSocket = socket =>
      socket.onText(() => {
        heard += 1
      })
    const client = await opened()
    const socket = taken[0]?.socket as Socket
    const gone = new Promise<number>(resolve => socket.onClose(resolve))
    socket.close(closeCodes.displaced)
    socket.sendText('too late')
    client.send('too late')
    expect(await closed(client)).toEqual([4509, 'displaced'])
    expect([await gone, heard, socket.isOpen]).toEqual([4509, 0, false])
    expect((await app.metrics.text()).body).toContain('qsm_ws_closed_total{code="4509"} 1')
  })

  it('ends alone when its peer breaks the protocol', async () => {
    await start()
    const other = await opened()
    const cases: [string | Buffer, boolean, number][] = [
      [Buffer.from([0xff, 0xfe]), false, 1007],
      [Buffer.alloc(4_194_305), true, 1009],
    ]
    for (const [data, binary, code] of cases) {
      const client = await opened()
      client.on('error', () => {})
      client.send(data, { binary })
      expect((await closed(client))[0]).toBe(code)
    }
    const raw = await opened()
    raw.on('error', () => {})
    ;(raw as unknown as { _socket: { write(data: Buffer): void } })._socket.write(Buffer.from([0x81, 0x01, 0x41]))
    expect((await closed(raw))[0]).toBe(1002)
    expect(other.readyState).toBe(WebSocket.OPEN)
  })

  it('is not compressed, whatever is offered', async () => {
    await start()
    expect((await opened('/ws', { perMessageDeflate: true })).extensions).toBe('')
  })
})

describe('the heartbeat of sockets', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks for a sign of life and keeps who gives it', async () => {
    await start()
    onSocket = socket => socket.onText(text => socket.sendText(text))
    const client = await opened()
    for (let round = 0; round < 4; round += 1) {
      const pinged = once(client, 'ping')
      vi.advanceTimersByTime(25_000)
      await pinged
      const answered = once(client, 'message')
      client.send('are you there')
      await answered // The pong, which went before, has arrived as well.
    }
    expect(taken[0]?.socket.isOpen).toBe(true)
  })

  it('cuts who stays silent, but not who is not read', async () => {
    await start()
    const silent = await opened('/ws', { autoPong: false })
    const unread = await opened('/ws', { autoPong: false })
    taken[1]?.socket.pause()
    const cut = closed(silent)
    vi.advanceTimersByTime(45_000)
    expect((await cut)[0]).toBe(1006)
    expect(taken[1]?.socket.isOpen).toBe(true)
    taken[1]?.socket.resume()
    unread.terminate()
  })
})

describe('closing in waves', () => {
  it('gives every socket the code, spread by the given randomness', async () => {
    await start()
    const clients = await Promise.all([opened(), opened(), opened()])
    const ends = Promise.all(clients.map(closed))
    let drawn = 0
    const draw = () => {
      drawn += 1
      return drawn / 4
    }
    await closeInWaves(sockets.open, closeCodes.draining, 30, draw)
    expect(await ends).toEqual([
      [4001, 'draining'],
      [4001, 'draining'],
      [4001, 'draining'],
    ])
    expect(drawn).toBe(3)
  })
})
