import { EntitySchema, type MigrationInterface, type QueryRunner } from 'typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { waitWithoutLimit } from '../../../tests/support/patient-pool.js'
import {
  awaitSchema,
  createMetrics,
  type Database,
  type DatabaseOptions,
  migrate,
  migrationState,
  openDatabase,
  pendingMigrations,
  schemaDrift,
  toQsmError,
} from '../src/index.js'
import { startGate } from './gate.js'
import { listeningLog } from './support.js'

interface Note {
  id: number
  text: string
}
const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'note',
  schema: 'kit',
  columns: {
    id: { type: 'int', primary: true, primaryKeyConstraintName: 'note_pkey' },
    text: { type: 'varchar', length: 50 },
  },
  uniques: [{ name: 'note_text_key', columns: ['text'] }],
})

class Notes1700000000001 implements MigrationInterface {
  readonly name = 'Notes1700000000001'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE kit.note (id int NOT NULL CONSTRAINT note_pkey PRIMARY KEY, text varchar(50) NOT NULL CONSTRAINT note_text_key UNIQUE)',
    )
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE kit.note')
  }
}
class More1700000000002 implements MigrationInterface {
  readonly name = 'More1700000000002'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX note_text_idx ON kit.note (text)')
  }
  async down(): Promise<void> {}
}
class Later1700000000004 implements MigrationInterface {
  readonly name = 'Later1700000000004'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE kit.later (id int)')
  }
  async down(): Promise<void> {}
}
class Failing1700000000003 implements MigrationInterface {
  readonly name = 'Failing1700000000003'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE kit.half (id int)')
    await runner.query('SELECT 1 / 0')
  }
  async down(): Promise<void> {}
}

let test: TestDatabase
beforeAll(async () => {
  test = await createTestDatabase()
})
afterAll(() => test.drop())

const optionsFor = (url: string, more: Partial<DatabaseOptions> = {}): DatabaseOptions => ({
  url,
  schema: 'kit',
  entities: [NoteEntity],
  migrations: [Notes1700000000001],
  poolMax: 4,
  log: listeningLog().log,
  ...more,
})

describe('migrating', () => {
  it('runs what is missing once, also when three do it at the same time', async () => {
    const options = optionsFor(test.url)
    expect(await pendingMigrations(options)).toEqual(['Notes1700000000001'])
    const runs = await Promise.all([migrate(options), migrate(options), migrate(options)])
    expect(runs.flat()).toEqual(['Notes1700000000001'])
    expect(await migrate(options)).toEqual([])
    expect(await pendingMigrations(options)).toEqual([])
    expect(await pendingMigrations({ ...options, migrations: [Notes1700000000001, More1700000000002] })).toEqual([
      'More1700000000002',
    ])
  })

  it('takes a schema on which a newer version has run more, and runs what is its own', async () => {
    const other = await createTestDatabase()
    const newer = optionsFor(other.url, { migrations: [Notes1700000000001, More1700000000002] })
    const older = optionsFor(other.url)
    const signal = new AbortController().signal
    await migrate(newer)
    expect(await migrate(older)).toEqual([])
    await awaitSchema({ ...older, signal })
    expect(await migrationState(older)).toEqual({ pending: [], unknown: ['More1700000000002'] })
    // One that only the newer version ran, between those of this one.
    const gap = optionsFor(other.url, { migrations: [Notes1700000000001, Later1700000000004] })
    expect(await migrate(gap)).toEqual(['Later1700000000004'])
    await other.drop()
  })

  it('waits until another has migrated, tells what is missing once, and ends when it is told to', async () => {
    const other = await createTestDatabase()
    const { log, lines } = listeningLog()
    const ending = new AbortController()
    const waiting = awaitSchema({ ...optionsFor(other.url), log, signal: ending.signal })
    const stopped = awaitSchema({ ...optionsFor(other.url), signal: ending.signal })
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatchObject({ schema: 'kit', missing: 'migrations Notes1700000000001' })
    // Longer than two looks: it stays with one line.
    await new Promise(resolve => setTimeout(resolve, 2_500))
    expect(lines).toHaveLength(1)
    await migrate(optionsFor(other.url))
    await waiting
    expect(lines.map(line => line.msg)).toEqual([expect.stringContaining('migrate'), 'the schema is up to date'])
    await stopped
    const never = awaitSchema({
      ...optionsFor(other.url, { migrations: [More1700000000002] }),
      signal: ending.signal,
    })
    ending.abort()
    await expect(never).rejects.toMatchObject({ name: 'AbortError' })
    await other.drop()
  })

  it('waits for a database that is away, but not where the address is wrong', async () => {
    const { log, lines } = listeningLog()
    const ending = new AbortController()
    const away = awaitSchema({ ...optionsFor('postgresql://qsm@127.0.0.1:1/qsm'), log, signal: ending.signal })
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatchObject({ missing: expect.stringContaining('127.0.0.1:1 does not answer') })
    ending.abort()
    await expect(away).rejects.toMatchObject({ name: 'AbortError' })
    const missing = new URL(test.url)
    missing.pathname = '/nowhere'
    await expect(awaitSchema({ ...optionsFor(missing.href), signal: ending.signal })).rejects.toThrow('has no database')
  })

  it('leaves nothing of a migration that fails, and what came before it', async () => {
    const other = await createTestDatabase()
    const options = optionsFor(other.url, { migrations: [Notes1700000000001, Failing1700000000003] })
    await expect(migrate(options)).rejects.toThrow('division by zero')
    expect(await pendingMigrations(options)).toEqual(['Failing1700000000003'])
    const database = await openDatabase(optionsFor(other.url))
    expect(await database.query("SELECT to_regclass('kit.half') AS half")).toEqual([{ half: null }])
    await database.close()
    await other.drop()
  })

  it('agrees with the entities, and says which statements are missing where it does not', async () => {
    const database = await openDatabase(optionsFor(test.url))
    expect(await schemaDrift(database.dataSource)).toEqual([])
    await database.query('ALTER TABLE kit.note ALTER COLUMN text TYPE varchar(60)')
    expect((await schemaDrift(database.dataSource)).join()).toContain('text')
    await database.query('ALTER TABLE kit.note ALTER COLUMN text TYPE varchar(50)')
    await database.close()
  })

  it('explains who cannot be reached, and never shows the password', async () => {
    const password = 'hunter2-of-the-database'
    const nobody = `postgresql://qsm:${password}@127.0.0.1:1/qsm`
    const error = await migrate(optionsFor(nobody)).catch((thrown: Error) => thrown)
    expect(String(error)).toBe(
      'DatabaseError: PostgreSQL at 127.0.0.1:1 does not answer (ECONNREFUSED): start it, or correct DATABASE_URL.',
    )
    await expect(openDatabase(optionsFor(nobody))).rejects.toThrow('does not answer')
    const missing = new URL(test.url)
    missing.pathname = '/nowhere'
    await expect(openDatabase(optionsFor(missing.href))).rejects.toThrow('has no database nowhere')
  })
})

describe('a database', () => {
  let database: Database
  const metrics = createMetrics()
  beforeAll(async () => {
    database = await openDatabase(optionsFor(test.url, { metrics }))
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    await database.query('TRUNCATE kit.note')
  })

  it('gives rows of statements, prepared where they have a name', async () => {
    expect(await database.query('SELECT $1::int AS n', [7])).toEqual([{ n: 7 }])
    const statement = { name: 'sum', text: 'SELECT $1::int + $2::int AS n' }
    expect(await database.query(statement, [1, 2])).toEqual([{ n: 3 }])
    expect(await database.query(statement, [3, 4])).toEqual([{ n: 7 }])
  })

  it('can be asked through the pool of the driver as well, by promise or callback', async () => {
    expect((await database.pool.query('SELECT $1::int AS n', [1])).rows).toEqual([{ n: 1 }])
    const client = await database.pool.connect()
    const rows = await new Promise(resolve => client.query('SELECT 2 AS n', (_, result) => resolve(result.rows)))
    client.release()
    expect(rows).toEqual([{ n: 2 }])
    await expect(database.pool.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
  })

  it('keeps the connection of a statement that fails', async () => {
    const pid = () => database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const before = await pid()
    await expect(database.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
    expect(await pid()).toEqual(before)
  })

  it('commits a transaction, or rolls all of it back', async () => {
    await database.transaction(query => query("INSERT INTO kit.note VALUES (1, 'a')"))
    const failing = database.transaction(async query => {
      await query("INSERT INTO kit.note VALUES (2, 'b')")
      throw new Error('not so')
    })
    await expect(failing).rejects.toThrow('not so')
    expect(await database.query('SELECT id FROM kit.note')).toEqual([{ id: 1 }])
    await database.dataSource.getRepository(NoteEntity).insert({ id: 3, text: 'c' })
    expect(await database.query('SELECT count(*)::int AS n FROM kit.note')).toEqual([{ n: 2 }])
  })

  it('cancels a statement after 1.5 s, and lets jobs have more', async () => {
    const error = await database.query('SELECT pg_sleep(5)').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: '57014' })
    expect(toQsmError(error).code).toBe('unavailable')
    await database.transaction(query => query('SELECT pg_sleep(1.8)'), { statementTimeoutMs: 4_000 })
    await expect(database.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: '57014' })
  })

  it('refuses at once where a thousand wait already, and says so in its metrics', async () => {
    const held = await Promise.all(Array.from({ length: 4 }, () => database.pool.connect()))
    const limitWaiting = waitWithoutLimit(database.pool)
    const outcomes = Promise.allSettled(Array.from({ length: 1_000 }, () => database.query('SELECT 1')))
    limitWaiting()
    try {
      const refused = await database.query('SELECT 1').catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
      expect((await metrics.text()).body).toContain('qsm_kit_database_pool_waiting 1000')
    } finally {
      for (const client of held) client.release()
    }
    expect((await outcomes).every(outcome => outcome.status === 'fulfilled')).toBe(true)
  })

  it('is not opened where commits are not flushed', async () => {
    const name = new URL(test.url).pathname.slice(1)
    await database.query(`ALTER DATABASE ${name} SET synchronous_commit = off`)
    await expect(openDatabase(optionsFor(test.url))).rejects.toThrow('synchronous_commit = off')
    await database.query(`ALTER DATABASE ${name} RESET synchronous_commit`)
  })
})

describe('a database that goes away', () => {
  let gate: Awaited<ReturnType<typeof startGate>>
  let database: Database
  beforeEach(async () => {
    gate = await startGate(test.url)
    database = await openDatabase(optionsFor(gate.url))
    await Promise.all(Array.from({ length: 4 }, () => database.query('SELECT pg_sleep(0.02)')))
  })
  afterEach(async () => {
    gate.open()
    await database.close()
    await gate.close()
  })

  const expectTrouble = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(toQsmError(error)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
  }

  it('and refuses connections is trouble at once, and is used again when it is back', async () => {
    gate.refuse()
    await expectTrouble(database.query('SELECT 1'))
    await expectTrouble(database.dataSource.getRepository(NoteEntity).find())
    await expectTrouble(database.ping())
    gate.open()
    expect(await vi.waitFor(() => database.query('SELECT 1 AS one'))).toEqual([{ one: 1 }])
    expect(await database.dataSource.getRepository(NoteEntity).count()).toBe(0)
  })

  it('and no longer answers is trouble, in and out of transactions, and its connections are cut', async () => {
    gate.freeze()
    await Promise.all([
      expectTrouble(database.query('SELECT 1')),
      expectTrouble(database.transaction(query => query('SELECT 1'))),
      expectTrouble(database.dataSource.transaction(manager => manager.query('SELECT 1'))),
      expectTrouble(database.ping()),
    ])
    expect(database.pool.totalCount).toBe(0)
    await expectTrouble(database.query('SELECT 1'))
    gate.open()
    expect(await vi.waitFor(() => database.query('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  it('in the middle of a transaction is trouble without waiting for a rollback, and nothing of it stays', async () => {
    for (const begin of [
      (during: () => void) =>
        database.transaction(async query => {
          await query("INSERT INTO kit.note VALUES (9, 'z')")
          during()
          await query('SELECT 1')
        }),
      (during: () => void) =>
        database.dataSource.transaction(async manager => {
          await manager.query("INSERT INTO kit.note VALUES (9, 'z')")
          during()
          await manager.query('SELECT 1')
        }),
    ]) {
      let before = 0
      const during = () => {
        before = database.pool.totalCount
        gate.freeze()
      }
      await expectTrouble(begin(during))
      expect(database.pool.totalCount).toBe(before - 1)
      gate.open()
      const count = () => database.query('SELECT count(*)::int AS n FROM kit.note')
      expect(await vi.waitFor(count)).toEqual([{ n: 0 }])
    }
  })

  it('while nobody asks is no reason to end the process', async () => {
    const client = await database.pool.connect()
    gate.cut()
    await expect(client.query('SELECT 1')).rejects.toThrow()
    client.release()
    expect(await vi.waitFor(() => database.query('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  it('and is awaited at the start where patience is given', async () => {
    gate.refuse()
    const opening = openDatabase(optionsFor(gate.url, { patienceMs: 10_000 }))
    await expect(openDatabase(optionsFor(gate.url, { patienceMs: 300 }))).rejects.toThrow('does not answer')
    gate.open()
    await (await opening).close()
  })
})
