import { type EntitySchema, type MigrationClass, migrate, openDatabase, schemaDrift } from '@qsm/server-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './database.js'
import { silentLog } from './silent-log.js'

/** Holds the schema of a service to its entities, and its migrations to being undone and run again. */
export const schemaSuite = (service: {
  readonly schema: string
  // biome-ignore lint/suspicious/noExplicitAny: EntitySchema is invariant in its row type; the list holds several.
  readonly entities: readonly EntitySchema<any>[]
  readonly migrations: readonly MigrationClass[]
}): void => {
  const { schema, migrations } = service
  let database: TestDatabase

  beforeEach(async () => {
    database = await createTestDatabase()
    await migrate({ url: database.url, schema, migrations })
  })

  afterEach(() => database.drop())

  const open = () => openDatabase({ ...service, url: database.url, poolMax: 2, log: silentLog })

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
      for (const _ of migrations) await opened.dataSource.undoLastMigration()
      const left = await opened.query(
        `SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> 'migration'`,
        [schema],
      )
      expect(left).toEqual([])
      expect(await migrate({ url: database.url, schema, migrations })).toHaveLength(migrations.length)
    } finally {
      await opened.close()
    }
  })
}
