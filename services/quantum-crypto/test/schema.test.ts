import { migrate, openDatabase, schemaDrift } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { quantumEntities, quantumMigrations, quantumSchema } from '../src/index.js'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
  await migrate({ url: database.url, schema: quantumSchema, migrations: quantumMigrations })
})

afterEach(() => database.drop())

const open = () =>
  openDatabase({
    url: database.url,
    schema: quantumSchema,
    entities: quantumEntities,
    migrations: quantumMigrations,
    poolMax: 2,
    log: silentLog,
  })

test('the entities describe exactly the tables that the migrations make', async () => {
  const opened = await open()
  try {
    expect(await schemaDrift(opened.dataSource)).toEqual([])
  } finally {
    await opened.close()
  }
})

test('every migration can be taken back and run again', async () => {
  const opened = await open()
  try {
    for (const _ of quantumMigrations) await opened.dataSource.undoLastMigration()
    const left = await opened.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'crypto' AND tablename <> 'migration'`,
    )
    expect(left).toEqual([])
    expect(await migrate({ url: database.url, schema: quantumSchema, migrations: quantumMigrations })).toHaveLength(
      quantumMigrations.length,
    )
  } finally {
    await opened.close()
  }
})
