import { type Database, migrate, newId, openDatabase } from '@qsm/server-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { silentLog } from '../../../tests/support/silent-log.js'
import { longest, recordStatements, wholeReads } from '../../../tests/support/whole-reads.js'
import { quantumMigrations, quantumSchema } from '../src/index.js'
import { createKeyFinder } from '../src/keys/find-keys.js'

const service = { schema: quantumSchema, entities: [], migrations: quantumMigrations }
const algorithms = ['Falcon-512', 'ECDSA-P256']
/** So many users, each with a key of both algorithms. */
const users = 50_000
const fill = [
  `INSERT INTO crypto.owner (user_id, state) SELECT gen_random_uuid(), 'active' FROM generate_series(1, ${users})`,
  `INSERT INTO crypto.managed_key_version (user_id, algorithm, version)
   SELECT user_id, unnest($1::text[]), 1 FROM crypto.owner`,
  `INSERT INTO crypto.managed_key (key_id, user_id, algorithm, purpose, version, kek_id, wrapped_key, public_key, sealed, created_at)
   SELECT gen_random_uuid(), user_id, unnest($1::text[]), 'rest', 1, 'test', '', '', '', now() FROM crypto.owner`,
]

let own: TestDatabase
let database: Database
beforeAll(async () => {
  own = await createTestDatabase()
  await migrate({ ...service, url: own.url })
  database = await openDatabase({ ...service, url: own.url, poolMax: 1, log: silentLog })
  const work = async (query: Database['query']) => {
    // What refers to what was made so is there.
    await query('SET LOCAL session_replication_role = replica')
    for (const statement of fill) await query(statement, statement.includes('$1') ? [algorithms] : [])
    await query('ANALYZE')
  }
  await database.transaction(work, { statementTimeoutMs: 110_000 })
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

test('the keys of a full batch of users are found by indexes in large tables, by a plan of their own and by the kept one', async () => {
  const { asked, database: recorder } = recordStatements()
  const find = createKeyFinder(recorder.query)
  await Promise.all(Array.from({ length: 64 }, () => find({ userId: newId(), algorithms })))
  const [first] = asked
  if (!first) throw new Error('a statement was asked')
  const found = { name: first.name, length: longest(first), ...(await wholeReads(database, first)) }
  expect(found).toEqual({ name: 'find-managed-keys', length: 128, ofThese: [], kept: [] })
})
