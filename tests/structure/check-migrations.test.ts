import { describe, expect, it } from 'vitest'
import { checkMigrations } from '../../scripts/structure/check-migrations.js'

const foundIn = (text: string, path = 'services/message/src/migrations/0012-more.ts') =>
  checkMigrations([{ path, text }]).map(({ line, message }) => `${line} ${message}`)

describe('a migration', () => {
  it.each([
    'CREATE INDEX some_idx ON message.account (deleted_at)',
    'CREATE UNIQUE INDEX some_idx ON message.account (deleted_at)',
    'CREATE INDEX IF NOT EXISTS some_idx\n  ON message.account (deleted_at)',
  ])('may not keep writes out of a table that is filled: %s', statement => {
    expect(foundIn(`CREATE TABLE message.account_more (id int)\nrunner.query('${statement}')`)).toEqual([
      expect.stringContaining('2 keeps all writes to message.account out while it is built: use buildIndex'),
    ])
  })

  it.each([
    'CREATE TABLE message.account (id int)`, `CREATE INDEX some_idx ON message.account (id)',
    'CREATE TABLE IF NOT EXISTS message.account (id int)`, `CREATE INDEX some_idx ON message.account (id)',
    'CREATE INDEX CONCURRENTLY some_idx ON message.account (id)',
    'CREATE INDEX some_idx ON ONLY message.entry (id)',
  ])('may build an index on a table of its own, beside the writes, or for a parent alone: %s', statement => {
    expect(foundIn(`runner.query(\`${statement}\`)`)).toEqual([])
  })

  it('is asked, and nothing else: what was run already, or is no migration, stays as it is', () => {
    const text = "runner.query('CREATE INDEX body_received_idx ON message.body (received_at)')"
    expect(foundIn(text, 'services/message/src/migrations/0007-retention-indexes.ts')).toEqual([])
    expect(foundIn(text, 'services/message/test/some.test.ts')).toEqual([])
    expect(foundIn(text, 'services/auth/src/migrations/0003-more.ts')).toHaveLength(1)
  })
})
