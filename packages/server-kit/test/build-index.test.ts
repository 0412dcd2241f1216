import type { MigrationInterface, QueryRunner } from 'typeorm'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { buildIndex, type MigrationClass, migrate, openDatabase } from '../src/index.js'

class Notes1700000000001 implements MigrationInterface {
  readonly name = 'Notes1700000000001'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE kit.note (id int PRIMARY KEY, text varchar(50) NOT NULL)')
  }
  async down(): Promise<void> {}
}
class Index1700000000002 implements MigrationInterface {
  readonly name = 'Index1700000000002'
  readonly transaction = false
  async up(runner: QueryRunner): Promise<void> {
    await buildIndex(runner, { schema: 'kit', name: 'note_id_idx', on: 'kit.note (id)' })
  }
  async down(): Promise<void> {}
}

let own: TestDatabase
beforeEach(async () => {
  own = await createTestDatabase()
})
afterEach(() => own.drop())
const optionsWith = (...migrations: MigrationClass[]) => ({
  ...{ url: own.url, schema: 'kit', entities: [], migrations },
  ...{ poolMax: 4, log: silentLog },
})

it.each([
  ['the first time', false],
  ['after an attempt that was cut off', true],
])('an index is built while others write, where several migrate, %s', async (_, isLeft) => {
  await migrate(optionsWith(Notes1700000000001))
  const options = optionsWith(Notes1700000000001, Index1700000000002)
  const database = await openDatabase(options)
  // What is left where the second row of a unique index was not unique.
  await database.query("INSERT INTO kit.note VALUES (1, 'one'), (2, 'two')")
  if (isLeft) {
    const failing = 'CREATE UNIQUE INDEX CONCURRENTLY note_id_idx ON kit.note ((id / 10))'
    await expect(database.query(failing)).rejects.toThrow()
  }
  let runs: Promise<(readonly string[])[]> | null = null
  await database.transaction(async query => {
    await query("INSERT INTO kit.note VALUES (3, 'three')")
    runs = Promise.all([migrate(options), migrate(options)])
    await vi.waitFor(async () => {
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE query ~ '^(CREATE|DROP) INDEX' AND wait_event_type = 'Lock'"
      expect(await database.query(waiting)).toHaveLength(1)
    }, 10_000)
    await database.query("INSERT INTO kit.note VALUES (4, 'four')")
  })
  expect((await (runs as unknown as Promise<string[][]>)).flat()).toEqual(['Index1700000000002'])
  const valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'kit.note_id_idx'::regclass"
  expect(await database.query(valid)).toEqual([{ indisvalid: true }])
  await database.close()
})
