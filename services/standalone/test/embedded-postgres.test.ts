import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded-postgres/start.js'

const starter = join(import.meta.dirname, 'start-embedded-postgres.ts')

/** Another process that starts the server on the data and prints its state as one line of JSON. */
const startElsewhere = async (dataFolder: string) => {
  const child = spawn(process.execPath, ['--conditions=qsm-source', '--import', 'tsx', starter, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const state = JSON.parse(String(line)) as { url: string; pid: number }
  return {
    ...state,
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

const query = async (url: string, statement: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {}) // A connection that the server cuts is seen by the next query.
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

describe('the embedded PostgreSQL', () => {
  let base: string
  let dataFolder: string
  let server: EmbeddedPostgres | null

  // What is flushed matters to a machine that loses its power, not to a process that is killed.
  const start = async (options: { durable?: boolean } = {}): Promise<EmbeddedPostgres> => {
    server = await startEmbeddedPostgres({ dataFolder, durable: false, ...options })
    return server
  }

  const stop = async () => {
    await server?.stop()
    server = null
  }

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'qsm-test-embedded-'))
    dataFolder = join(base, 'data')
  })

  afterEach(async () => {
    await stop()
    chmodSync(base, 0o700)
    rmSync(base, { recursive: true, force: true })
  })

  it('is a real server that stores UTF-8, commits durably and asks for a password', async () => {
    const { url } = await start({ durable: true })
    expect(
      await query(url, "SELECT current_setting('server_encoding') encoding, current_setting('fsync') fsync"),
    ).toEqual([{ encoding: 'UTF8', fsync: 'on' }])
    expect(await query(url, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'on' }])
    expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
    expect(statSync(join(dataFolder, 'postgres-password')).mode & 0o777).toBe(0o600)
  })

  it('never runs as root', async () => {
    const { pid } = await start()
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0)
  })

  it('runs on data below a directory that only its owner may enter', async () => {
    chmodSync(base, 0o700)
    const { url } = await start()
    expect(await query(url, 'SELECT 1 one')).toEqual([{ one: 1 }])
  })

  it('keeps the data over a clean stop', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await stop()
    expect(isRunning(first.pid)).toBe(false)
    const { url } = await start()
    expect(await query(url, 'SELECT number FROM kept')).toEqual([{ number: 7 }])
  })

  it('tells when the server ends by itself', async () => {
    const { ended, pid } = await start()
    process.kill(pid, 'SIGKILL')
    expect(await ended).toBeNull()
  })

  it('takes over from an owner that was killed and left the server running', async () => {
    const orphan = await startElsewhere(dataFolder)
    await query(orphan.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await orphan.kill()
    expect(isRunning(orphan.pid)).toBe(true)
    const { url, pid } = await start()
    expect(pid).not.toBe(orphan.pid)
    expect(isRunning(orphan.pid)).toBe(false)
    expect(await query(url, 'SELECT number FROM kept')).toEqual([{ number: 7 }])
  })

  it('recovers when the owner and the server were both killed', async () => {
    const killed = await startElsewhere(dataFolder)
    await query(killed.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await killed.kill()
    process.kill(killed.pid, 'SIGKILL')
    const { url } = await start()
    expect(await query(url, 'SELECT number FROM kept')).toEqual([{ number: 7 }])
  })

  it('leaves a process alone that has the number of a server long dead', async () => {
    const first = await start()
    await stop()
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' })
    const file = join(dataFolder, 'postgres', 'postmaster.pid')
    writeFileSync(file, `${stranger.pid}\n/data\n1\n${first.port}\n\n127.0.0.1\n\nready\n`)
    const { url } = await start()
    expect(await query(url, 'SELECT 1 one')).toEqual([{ one: 1 }])
    expect(isRunning(stranger.pid ?? 0)).toBe(true)
    stranger.kill('SIGKILL')
  })

  it('refuses a second start on the same data and names the process that has it', async () => {
    const { url } = await start()
    await expect(startEmbeddedPostgres({ dataFolder, durable: false })).rejects.toThrow(
      new RegExp(`is in use by process ${process.pid}\\..*QSM_DATA_DIR`),
    )
    expect(await query(url, 'SELECT 1 one')).toEqual([{ one: 1 }])
    const other = mkdtempSync(join(base, 'other-'))
    const elsewhere = await startElsewhere(other)
    await expect(startEmbeddedPostgres({ dataFolder: other, durable: false })).rejects.toThrow(
      /is in use by process \d+/,
    )
    await elsewhere.kill()
    process.kill(elsewhere.pid, 'SIGKILL')
  })

  it('lets one of many starts at the same moment have the data of a killed owner', async () => {
    const killed = await startElsewhere(dataFolder)
    await killed.kill()
    const starts = await Promise.allSettled(
      Array.from({ length: 5 }, () => startEmbeddedPostgres({ dataFolder, durable: false })),
    )
    const winners = starts.filter(result => result.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    server = winners[0]?.value ?? null
  })

  it('refuses data of another major version and changes nothing in it', async () => {
    await start()
    await stop()
    const marker = join(dataFolder, 'postgres', 'PG_VERSION')
    writeFileSync(marker, '17\n')
    await expect(start()).rejects.toThrow(/was written by PostgreSQL 17; this is PostgreSQL 18/)
    expect(readFileSync(marker, 'utf8')).toBe('17\n')
    expect(existsSync(join(dataFolder, 'qsm.lock'))).toBe(false)
  })

  it('never makes a new database in the place of one whose password is lost', async () => {
    await start()
    await stop()
    rmSync(join(dataFolder, 'postgres-password'))
    await expect(start()).rejects.toThrow(/postgres-password, which is gone/)
    expect(existsSync(join(dataFolder, 'postgres', 'PG_VERSION'))).toBe(true)
  })

  it('begins anew after a first start that was cut off', async () => {
    mkdirSync(join(dataFolder, 'postgres.unfinished'), { recursive: true })
    writeFileSync(join(dataFolder, 'postgres.unfinished', 'PG_VERSION'), '18\n')
    const { url } = await start()
    expect(await query(url, 'SELECT 1 one')).toEqual([{ one: 1 }])
    expect(existsSync(join(dataFolder, 'postgres.unfinished'))).toBe(false)
  })

  it('says what the server said when it does not start', async () => {
    await expect(
      startEmbeddedPostgres({ dataFolder, durable: false, settings: ['no_such_setting=1'] }),
    ).rejects.toThrow(/did not start.*\n.*unrecognized configuration parameter/)
  })
})
