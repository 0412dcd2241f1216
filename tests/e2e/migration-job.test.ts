import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, startTestPostgres } from '../support/database.js'
import { launchPod, type PodProcess } from '../support/pod-process.js'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))
/** An image holds no embedded PostgreSQL. */
const withoutEmbedded = fileURLToPath(new URL('../support/without-embedded-postgres.mjs', import.meta.url))

/** A job that is told nothing but the database. */
const startJob = (args: readonly string[], environment: Readonly<Record<string, string>>) =>
  promisify(execFile)(process.execPath, ['--import', withoutEmbedded, program, ...args], {
    env: { PATH: process.env.PATH ?? '', QSM_ENV: 'production', ...environment },
    timeout: 90_000,
  })
const outcomeOf = (running: ReturnType<typeof startJob>) =>
  running.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  )

const job = (args: readonly string[], environment: Readonly<Record<string, string>>) =>
  outcomeOf(startJob(args, environment))

const pods: PodProcess[] = []
afterEach(async () => {
  await Promise.all(pods.splice(0).map(pod => pod.stop()))
})
const launchAuth = async (databaseUrl: string) => {
  const pod = await launchPod('auth', {
    environment: {
      QSM_ENV: 'production',
      DATABASE_URL: databaseUrl,
      JWT_SECRET: randomBytes(48).toString('base64'),
      QUANTUM_API_URL: 'http://127.0.0.1:1',
      MIGRATE_AT_START: 'false',
    },
  })
  pods.push(pod)
  return pod
}

const statusOf = async (url: string) => (await fetch(url)).status

vi.setConfig({ testTimeout: 120_000 })

describe('a pod with MIGRATE_AT_START=false', () => {
  it('is live but not ready until the migration job has finished, which needs no secret but the database', async () => {
    const database = await createTestDatabase()
    const pod = await launchAuth(database.url)
    await pod.says('waits for its schema')
    expect(await statusOf(`${pod.adminUrl}/livez`)).toBe(200)
    const readiness = await fetch(`${pod.adminUrl}/readyz`)
    expect([readiness.status, await readiness.json()]).toEqual([
      503,
      { ready: false, draining: false, start: 'unavailable' },
    ])
    await expect(fetch(`${pod.url}/api/health`)).rejects.toThrow('fetch failed')

    const [first, second] = await Promise.all([
      job(['migrate'], { DATABASE_URL: database.url }),
      job(['migrate'], { DATABASE_URL: database.url }),
    ])
    expect([first.code, second.code, first.err, second.err]).toEqual([0, 0, '', ''])
    expect((first.out + second.out).match(/TokenFamilies/g)).toHaveLength(1)
    await pod.says('"msg":"ready"')
    expect(await statusOf(`${pod.adminUrl}/readyz`)).toBe(200)
    expect(pod.output().match(/waits for its schema/g)).toHaveLength(1)
    expect(await job(['migrate'], { DATABASE_URL: database.url })).toMatchObject({
      code: 0,
      out: 'The schemas are up to date.\n',
    })
    await database.drop().catch(() => {}) // Dropped with its server where the pod is connected.
  })

  it('ends with 0 on a SIGTERM while it waits', async () => {
    const database = await createTestDatabase()
    const pod = await launchAuth(database.url)
    await pod.says('waits for its schema')
    expect(await pod.stop()).toBe(0)
    expect(pod.output()).not.toContain('Error')
    await database.drop()
  })
})

/** Makes the migration that creates `auth.account` last a minute. */
const slowDown = `
  CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'auth.account') THEN
      PERFORM pg_sleep(60);
    END IF;
  END $$;
  CREATE EVENT TRIGGER dawdling ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION dawdle()`
const underWay = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'qsm-migrate'
  AND wait_event = 'PgSleep'`

describe('qsm-server migrate', () => {
  it.each([
    ['SIGTERM', [143, null]],
    ['SIGKILL', [null, 'SIGKILL']],
  ] as const)(
    'ends at once on %s within a migration, which is rolled back, and does all when it runs again',
    async (signal, ending) => {
      const database = await createTestDatabase()
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const count = async () => (await client.query(underWay)).rowCount
      try {
        await client.query(slowDown)
        const args = ['--import', withoutEmbedded, program, 'migrate']
        const env = { PATH: process.env.PATH ?? '', QSM_ENV: 'production', DATABASE_URL: database.url }
        const killed = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
        let said = ''
        killed.stderr.on('data', data => {
          said += data
        })
        await vi.waitFor(async () => expect(await count()).toBe(1), 30_000)
        const begun = performance.now()
        killed.kill(signal)
        expect(await once(killed, 'close')).toEqual(ending)
        expect(performance.now() - begun).toBeLessThan(2_000)
        if (signal === 'SIGTERM') expect(said).toMatch(/^SIGTERM: ended\. .* run qsm-server migrate again/)
        await vi.waitFor(async () => expect(await count()).toBe(0), 10_000)
        expect((await client.query("SELECT to_regclass('auth.account') AS made")).rows).toEqual([{ made: null }])

        await client.query('DROP EVENT TRIGGER dawdling')
        expect(await job(['migrate'], { DATABASE_URL: database.url })).toMatchObject({
          code: 0,
          out: expect.stringContaining('Accounts'),
        })
        expect((await client.query("SELECT to_regclass('auth.account') IS NULL AS missing")).rows).toEqual([
          { missing: false },
        ])
      } finally {
        await client.end()
        await database.drop()
      }
    },
  )

  it('waits for a PostgreSQL that is not there yet', async () => {
    const server = await startTestPostgres()
    try {
      const { url } = await server.createDatabase()
      await server.stop()
      const migrating = startJob(['migrate', 'main'], { DATABASE_URL: url })
      await once(migrating.child.stderr as Readable, 'data')
      await server.start()
      const { code, out, err } = await outcomeOf(migrating)
      expect([code, out, err]).toEqual([
        0,
        expect.stringContaining('Accounts'),
        expect.stringMatching(/^waiting: .*answer/),
      ])
    } finally {
      await server.remove()
    }
  })

  it('ends at once with what to do where waiting does not help, and where no server is named and none is installed', async () => {
    const database = await createTestDatabase()
    const url = new URL(database.url)
    url.pathname = '/nowhere'
    expect(await job(['migrate'], { DATABASE_URL: url.href })).toMatchObject({
      code: 1,
      err: expect.stringContaining('has no database nowhere: create it, or correct DATABASE_URL.'),
    })
    expect(await job(['migrate'], {})).toMatchObject({ code: 1, err: expect.stringContaining('Set DATABASE_URL') })
    await database.drop()
  })
})
