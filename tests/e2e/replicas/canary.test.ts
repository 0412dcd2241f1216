import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryStore, type QsmClient } from '@qsm/client'
import { decodeLocalDevice } from '@qsm/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Canary, contentBelow, findCanaries } from '../../support/canaries.js'
import { managedKeys } from '../../support/managed-keys.js'
import { monitorRedis, type RedisMonitor } from '../../support/redis-monitor.js'
import { hasReplicas, type Replicas, startReplicas } from '../../support/replicas.js'
import { createPeople, newName, takeMessages, welcoming } from '../../support/sdk.js'
import { startTraceCollector, type TraceCollector } from '../../support/trace-collector.js'

const title = hasReplicas ? 'secrets' : 'secrets: not searched, redis-server or haproxy is not here'
const pods = ['message-1', 'message-2', 'auth', 'quantum-crypto']
const canary = (what: string) => `canary-${what}-${randomBytes(18).toString('hex')}`
const ofText = (name: string, text: string): Canary => ({ name, bytes: new TextEncoder().encode(text) })

describe.skipIf(!hasReplicas)(title, () => {
  let replicas: Replicas
  let monitor: RedisMonitor
  let collector: TraceCollector
  let canaries: readonly Canary[]
  const people = createPeople(() => replicas.url)
  const requestId = canary('request')
  const password = canary('password')
  const newPassword = canary('new-password')
  const texts = { endToEnd: canary('end-to-end'), thin: canary('thin') }
  const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(newName) as [string, string, string, string]
  const tokens: string[] = []

  const call = async (path: string, body: object | null, token?: string) => {
    const response = await fetch(`${replicas.url}${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Request-Id': requestId.slice(0, 64),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      body: body && JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`)
    return response.status === 204 ? null : JSON.parse((await response.text()) || 'null')
  }
  const login = async (username: string): Promise<string> => {
    const { access_token, refresh_token } = await call('/api/login', { username, password })
    tokens.push(access_token, refresh_token)
    return access_token
  }
  /** The private keys that a client keeps. */
  const keysOf = async (store: ReturnType<typeof memoryStore>): Promise<readonly Canary[]> => {
    const bytes = await store.exclusive(transaction => transaction.get('device'))
    const { falcon, ecdsa } = decodeLocalDevice(bytes as Uint8Array)
    return [
      { name: 'Falcon key of a client', bytes: falcon.secretKey },
      { name: 'ECDSA key of a client', bytes: ecdsa.secretKey },
    ]
  }
  const talkEndToEnd = async () => {
    const stores = [memoryStore(), memoryStore()]
    const [one, other] = (await Promise.all(
      [alice, bob].map((name, index) => people.register(name, { password, store: stores[index] as never })),
    )) as [QsmClient, QsmClient]
    welcoming(other)
    const arrived = takeMessages(other, 1)
    await one.connect(bob)
    await one.send(bob, texts.endToEnd)
    expect(await arrived).toMatchObject([{ text: texts.endToEnd }])
    return Promise.all(stores.map(keysOf))
  }
  const talkThin = async () => {
    for (const username of [carol, dave]) {
      await call('/api/register', { username, email: `${username}@example.org`, password })
    }
    const [asks, answers] = [await login(carol), await login(dave)]
    const { request_id } = await call('/api/connection/request', { receiver_username: dave }, asks)
    await call('/api/connection/respond', { request_id, accept: true }, answers)
    await call(
      '/api/message/send',
      { recipient: dave, content: texts.thin, client_message_id: crypto.randomUUID() },
      asks,
    )
    const { ticket } = await call('/api/ws/ticket', null, answers)
    tokens.push(ticket)
    const read = await fetch(`${replicas.url}/api/messages`, { headers: { Authorization: `Bearer ${answers}` } })
    expect(await read.text()).toContain(texts.thin)
    await call('/api/password', { current_password: password, new_password: newPassword }, asks)
  }
  const tables = async (): Promise<Buffer> => {
    const rows = await replicas.sql<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname !~ '^pg_|^information_'`,
    )
    const lines: string[] = []
    for (const { name } of rows) {
      const found = await replicas.sql<{ line: string }>(`SELECT t::text AS line FROM ${name} t`)
      lines.push(...found.map(({ line }) => line))
    }
    return Buffer.from(lines.join('\n'))
  }

  beforeAll(async () => {
    collector = await startTraceCollector()
    const environment = { LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    replicas = await startReplicas({ environment })
    const secrets = JSON.parse(readFileSync(join(replicas.folder, 'replicas/secrets.json'), 'utf8'))
    monitor = await monitorRedis(Number(new URL(replicas.service('redis').url).port), secrets.redisPassword)
    const clientKeys = await talkEndToEnd()
    await talkThin()
    await replicas.sql('CHECKPOINT')
    const [kekId = '', kekText = ''] = secrets.kek.split(':')
    const kek = { id: kekId, key: new Uint8Array(Buffer.from(kekText, 'base64')) }
    canaries = [
      ...clientKeys.flat(),
      ...(await managedKeys(replicas, kek)),
      ...tokens.map((token, index) => ofText(`token ${index}`, token)),
      ...tokens.map((token, index) => ofText(`end of token ${index}`, token.split('.').at(-1) ?? '')),
      ...[password, newPassword].map(text => ofText('password', text)),
      ofText('text of an end-to-end client', texts.endToEnd),
      ofText('text of a thin client', texts.thin),
      ofText('JWT_SECRET', secrets.jwtSecret),
      ofText('QSM_KEK as text', kekText),
      { name: 'QSM_KEK', bytes: kek.key },
      ofText('password of Redis', secrets.redisPassword),
      ofText('password of PostgreSQL', decodeURIComponent(new URL(replicas.variable('auth', 'DATABASE_URL')).password)),
    ]
  })
  afterAll(async () => {
    monitor?.end()
    await people.closeAll()
    expect(await replicas.stop()).toBe(0)
    await collector?.close()
  })

  const channels: Readonly<Record<string, { content(): Buffer | Promise<Buffer>; marker(): Canary }>> = {
    'the logs of all services': {
      content: () => contentBelow('logs/replicas'),
      marker: () => ofText('request id', requestId.slice(0, 64)),
    },
    'the metrics of all pods': {
      content: async () => Buffer.from((await Promise.all(pods.map(pod => replicas.metrics(pod)))).join('\n')),
      marker: () => ofText('name of a route', '/api/connection/respond'),
    },
    'what Redis is told': { content: () => monitor.content(), marker: () => ofText('channel', 'qsm:hints:') },
    'exported traces': {
      async content() {
        // Spans leave in batches.
        await vi.waitFor(() => expect(collector.spans.map(({ name }) => name)).toContain('delivery'), 20_000)
        return collector.content()
      },
      marker: () => ofText('name of a span', 'delivery'),
    },
    'all tables': { content: tables, marker: () => ofText('user name', carol) },
    'the write-ahead log': {
      content: () => contentBelow(replicas.folder, path => path.includes('/pg_wal/')),
      marker: () => ofText('user name', carol),
    },
    'the files of all tables': {
      content: () => contentBelow(replicas.folder, path => path.includes('/base/')),
      marker: () => ofText('user name', carol),
    },
  }

  test.each(Object.keys(channels))('stand nowhere in %s, where a marker is found', async name => {
    const { content, marker } = channels[name] as (typeof channels)[string]
    const haystack = await content()
    expect(findCanaries(haystack, [marker()])).toEqual([marker().name])
    expect(findCanaries(haystack, canaries)).toEqual([])
  })

  test('are there to be searched for: of passwords, tokens, texts, clients and managed devices', () => {
    expect(canaries.every(({ bytes }) => bytes.length >= 24)).toBe(true)
    const names = canaries.map(({ name }) => name)
    expect(names.filter(name => name.startsWith('token')).length).toBe(5)
    for (const who of ['a client', 'a managed device']) {
      expect(names.filter(name => name === `Falcon key of ${who}`).length).toBe(2)
    }
  })
})
