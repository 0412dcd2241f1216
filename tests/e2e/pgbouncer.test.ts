import { readFileSync } from 'node:fs'
import { readMessagePodConfig } from '@qsm/message'
import { openDatabase, type Pooler, sessionLimits } from '@qsm/server-kit'
import { readConfig } from '@qsm/standalone'
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.js'
import { hasPgbouncer, type Pgbouncer, startPgbouncer } from '../support/pgbouncer.js'
import { launchPod } from '../support/pod-process.js'
import { hasReplicas, type Replicas, startReplicas } from '../support/replicas.js'
import { createPeople, newName, password, takeMessages, welcoming } from '../support/sdk.js'
import { silentLog } from '../support/silent-log.js'

const manual = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
const documented = /```ini\n(\[databases\][^`]+)```/.exec(manual)?.[1] ?? ''
const notRun = hasPgbouncer ? '' : ': not run, pgbouncer is not here'

describe.skipIf(!hasPgbouncer)(`a database behind PgBouncer in transaction mode${notRun}`, () => {
  let database: TestDatabase
  const poolers: Pgbouncer[] = []
  const behind = async (ini: string) => {
    const pooler = await startPgbouncer(database.url, ini)
    poolers.push(pooler)
    return pooler.url
  }
  const open = (url: string, pooler: Pooler | null, log = silentLog) =>
    openDatabase({ url, schema: 'public', entities: [], migrations: [], poolMax: 8, pooler, log })
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(async () => {
    for (const pooler of poolers) await pooler.close()
    await database.drop()
  })

  it('serves statements with a name over connections that change, within the limits that the manual gives them', async () => {
    const few = documented.replace(/^default_pool_size = .*$/m, 'default_pool_size = 3')
    const opened = await open(await behind(few), { preparesByName: false })
    try {
      // Eight clients take turns on three connections; each would find its name missing, or taken by another text.
      const ask = (index: number) =>
        opened.transaction(async query => {
          const text = `SELECT ${index % 5} AS n, pg_backend_pid() AS pid, pg_sleep(0.002)`
          return (await query<{ n: number; pid: number }>({ name: `statement-${index % 2}`, text }))[0]
        })
      const rows = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(index)))
      expect(rows.map(row => row?.n)).toEqual(rows.map((_, index) => index % 5))
      expect(new Set(rows.map(row => row?.pid)).size).toBe(3)
      const settings = await opened.query<{ name: string; setting: string }>(
        'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
        [Object.keys(sessionLimits)],
      )
      expect(Object.fromEntries(settings.map(({ name, setting }) => [name, Number(setting)]))).toEqual(sessionLimits)
    } finally {
      await opened.close()
    }
  })

  it('gives more time to a job for its own transaction only', async () => {
    const one = documented.replace(/^default_pool_size = .*$/m, 'default_pool_size = 1')
    const opened = await open(await behind(one), { preparesByName: false })
    const limit = 'SHOW statement_timeout'
    try {
      const inJob = await opened.transaction(query => query(limit), { statementTimeoutMs: 60_000 })
      expect([inJob, await opened.query(limit)]).toEqual([
        [{ statement_timeout: '1min' }],
        [{ statement_timeout: '1500ms' }],
      ])
    } finally {
      await opened.close()
    }
  })

  it('is refused where its connections would have no limits, and the refusal says what to put where', async () => {
    const without = documented.replace(/ connect_query='[^']*'/, '')
    const opening = open(await behind(without), { preparesByName: false })
    const connectQuery = /connect_query='[^']*'/.exec(documented)?.[0]
    await expect(opening).rejects.toThrow(`have no ${Object.keys(sessionLimits).sort().join(', ')}`)
    await expect(opening).rejects.toThrow(`${connectQuery}`)
  })

  it('is refused where nobody was told of it and it drops the limits, and the refusal says what to set', async () => {
    const drops = `${documented.replace(/ connect_query='[^']*'/, '')}\nignore_startup_parameters = ${Object.keys(sessionLimits).join(', ')}\n`
    const opening = open(await behind(drops), null)
    await expect(opening).rejects.toThrow(`have no ${Object.keys(sessionLimits).sort().join(', ')}`)
    await expect(opening).rejects.toThrow('Set DATABASE_POOLER=transaction')
  })

  it('is told of in the log where nobody was told of it and it gives the limits itself', async () => {
    const url = await behind(`${documented}\nignore_startup_parameters = ${Object.keys(sessionLimits).join(', ')}\n`)
    const warn = vi.fn()
    const log = { ...silentLog, warn } as unknown as typeof silentLog
    for (const [address, pooler] of [
      [url, null],
      [url, { preparesByName: false }],
      [database.url, null],
    ] as const)
      await (await open(address, pooler, log)).close()
    expect(warn.mock.calls).toEqual([[expect.stringContaining('set DATABASE_POOLER=transaction')]])
  })

  it('is told of in the log where its connections leave the planner as it is', async () => {
    const warn = vi.fn()
    const log = { ...silentLog, warn } as unknown as typeof silentLog
    const before = documented.replace("; SET enable_seqscan = off; SET jit = off'", "'")
    expect(before).not.toBe(documented)
    for (const config of [before, documented]) {
      await (await open(await behind(config), { preparesByName: false }, log)).close()
    }
    expect(warn.mock.calls).toEqual([[expect.stringContaining('enable_seqscan and jit on')]])
  })

  it('ends a pod that was not told of the pooler, and says what to set', async () => {
    const pod = await launchPod('auth', {
      environment: {
        QSM_ENV: 'development',
        DATABASE_URL: await behind(documented),
        JWT_SECRET: 'a secret of at least thirty-two characters',
        QUANTUM_API_URL: 'http://127.0.0.1:1',
      },
    })
    await expect(pod.says('"msg":"ready"')).rejects.toThrow('set DATABASE_POOLER=transaction')
  })
})

describe('the configuration', () => {
  const pod = {
    DATABASE_URL: 'postgresql://qsm@localhost/qsm',
    DATABASE_POOLER: 'transaction',
    JWT_SECRET: 'fW2mU6dq0Qm1n3Yv8TzKc5rB7xHs9LpE4gJaNiDoVtA=',
    AUTH_URL: 'http://auth:8000',
    QUANTUM_API_URL: 'http://quantum:8001',
  }
  it('lets no process migrate over a pooler', () => {
    expect(() => readMessagePodConfig(pod)).toThrow('DATABASE_POOLER')
    expect(readMessagePodConfig({ ...pod, MIGRATE_AT_START: 'false' })).toMatchObject({
      DATABASE_POOLER: 'transaction',
    })
    expect(() => readConfig({ DATABASE_POOLER: 'transaction' })).toThrow('run qsm-server migrate')
  })
})

const missing = hasReplicas ? notRun : ': not run, redis-server or haproxy is not here'
describe.skipIf(!hasPgbouncer || !hasReplicas)(`QSM in replicas behind PgBouncer${missing}`, () => {
  let replicas: Replicas
  const people = createPeople(() => replicas.url)
  beforeAll(async () => {
    replicas = await startReplicas({ args: ['--pgbouncer'] })
  }, 120_000)
  afterAll(async () => {
    await people.closeAll()
    expect(await replicas.stop()).toBe(0)
  })

  test('hands every message of many people over, in order, on fewer connections than its pods hold', async () => {
    const texts = Array.from({ length: 25 }, (_, index) => `text ${index}`)
    const pairs = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const [from, to] = [await people.register(newName('from')), welcoming(await people.register(newName('to')))]
        await from.connect(to.username)
        return { from, to }
      }),
    )
    const arrived = await Promise.all(
      pairs.map(async ({ from, to }) => {
        const messages = takeMessages(to, texts.length)
        for (const text of texts) await from.send(to.username, text)
        return messages
      }),
    )
    for (const messages of arrived) expect(messages.map(({ text }) => text)).toEqual(texts)
    const [connections] = await replicas.sql<{ count: string }>(
      "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    expect(Number(connections?.count)).toBeLessThanOrEqual(16)
    const held = await Promise.all(
      ['message-1', 'message-2', 'auth', 'quantum-crypto'].map(async name => {
        const found = /^qsm_[a-z]+_database_pool_connections (\d+)$/m.exec(await replicas.metrics(name))
        return Number(found?.[1])
      }),
    )
    expect(held.every(count => count > 0)).toBe(true)
  }, 120_000)

  test('serves thin clients', async () => {
    const call = async (path: string, body: object, token?: string) => {
      const response = await fetch(`${replicas.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
        body: JSON.stringify(body),
      })
      expect(response.ok, await response.clone().text()).toBe(true)
      return (await response.json()) as Record<string, string>
    }
    const enter = async (username: string) => {
      await call('/api/register', { username, email: `${username}@example.org`, password })
      return (await call('/api/login', { username, password })).access_token
    }
    const [asker, answerer] = [newName('asks'), newName('answers')]
    const [asks, answers] = [await enter(asker), await enter(answerer)]
    const { request_id } = await call('/api/connection/request', { receiver_username: answerer }, asks)
    await call('/api/connection/respond', { request_id, accept: true }, answers)
    const message = { recipient: answerer, content: 'through a pooler', client_message_id: crypto.randomUUID() }
    await call('/api/message/send', message, asks)
    const listed = await fetch(`${replicas.url}/api/messages`, {
      headers: { Authorization: `Bearer ${answers}` },
    })
    expect(await listed.text()).toContain('through a pooler')
  }, 60_000)
})
