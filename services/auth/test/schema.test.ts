import { migrate, openDatabase, schemaDrift } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listeningLog } from '../../../packages/server-kit/test/support.js'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { authEntities, authMigrations, authSchema } from '../src/index.js'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
  await migrate({ url: database.url, schema: authSchema, migrations: authMigrations })
})

afterEach(() => database.drop())

const open = () =>
  openDatabase({
    url: database.url,
    schema: authSchema,
    entities: authEntities,
    migrations: authMigrations,
    poolMax: 2,
    log: listeningLog().log,
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
    for (const _ of authMigrations) await opened.dataSource.undoLastMigration()
    const left = await opened.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'auth' AND tablename <> 'migration'`,
    )
    expect(left).toEqual([])
    expect(await migrate({ url: database.url, schema: authSchema, migrations: authMigrations })).toHaveLength(
      authMigrations.length,
    )
  } finally {
    await opened.close()
  }
})
