import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type KeptPostgres, keepRunning } from '../src/embedded-postgres/keep-running.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres/start.js'

let dataFolder: string
let server: EmbeddedPostgres
let kept: KeptPostgres
let said: string[]

const start = (port?: number) =>
  startEmbeddedPostgres({ dataFolder, durable: false, ...(port === undefined ? {} : { port }) })
const say = (...given: unknown[]) => said.push(String(given[1]))
const log = { warn: say, error: say }

const pidOf = async (): Promise<number> => {
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query('SELECT count(*)::int AS count FROM kept')
    expect(rows).toEqual([{ count: 1 }])
    const parent = await client.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid`)
    return parent.rows[0].pid
  } finally {
    await client.end()
  }
}

beforeEach(async () => {
  said = []
  dataFolder = mkdtempSync(join(tmpdir(), 'qsm-test-keep-'))
  server = await start()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query('CREATE TABLE kept AS SELECT 1 AS number')
  await client.end()
})
afterEach(async () => {
  await kept.stop()
  rmSync(dataFolder, { recursive: true, force: true })
})

test('an embedded server that was killed comes back at its address with its data, again and again', async () => {
  kept = keepRunning(server, start, log)
  let pid = server.pid
  for (let round = 0; round < 2; round += 1) {
    process.kill(pid, 'SIGKILL')
    const next = await vi.waitFor(pidOf, { timeout: 20_000, interval: 100 })
    expect(next).not.toBe(pid)
    pid = next
  }
  expect(said.filter(text => text.includes('has ended by itself'))).toHaveLength(2)
}, 60_000)

test('one that does not start at first is tried again', async () => {
  let tries = 0
  kept = keepRunning(
    server,
    port => {
      tries += 1
      return tries < 3 ? Promise.reject(new Error('no room')) : start(port)
    },
    log,
  )
  process.kill(server.pid, 'SIGKILL')
  await vi.waitFor(pidOf, { timeout: 20_000, interval: 100 })
  expect(tries).toBe(3)
}, 60_000)

test('one that is stopped stays stopped, also while it is being started again', async () => {
  let tries = 0
  kept = keepRunning(
    server,
    () => {
      tries += 1
      return Promise.reject(new Error('no room'))
    },
    log,
  )
  process.kill(server.pid, 'SIGKILL')
  await vi.waitFor(() => expect(tries).toBeGreaterThan(0), { timeout: 20_000 })
  await kept.stop()
  const before = tries
  await expect(pidOf()).rejects.toThrow(/ECONNREFUSED/)
  expect(tries).toBe(before)
}, 60_000)
