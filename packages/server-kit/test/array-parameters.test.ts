import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../tests/support/database.js'
import { bigints, byteas, integers, uuids } from '../src/index.js'

describe('an array parameter in binary', () => {
  let database: TestDatabase
  let client: pg.Client
  beforeAll(async () => {
    database = await createTestDatabase()
    client = new pg.Client(database.url)
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.drop()
  })
  /** What PostgreSQL makes of a parameter, as one text for each element. */
  const read = async (type: string, parameter: Buffer): Promise<readonly (string | null)[]> => {
    const { rows } = await client.query(
      `SELECT n::text, array_lower($1::${type}[], 1) AS first FROM unnest($1::${type}[]) AS n`,
      [parameter],
    )
    for (const row of rows) expect(row.first).toBe(1)
    return rows.map(row => row.n)
  }
  const agrees = async <T>(
    arbitrary: fc.Arbitrary<T>,
    type: string,
    write: (values: T[]) => Buffer,
    text: (value: T) => string | null,
  ) =>
    fc.assert(
      fc.asyncProperty(fc.array(arbitrary, { maxLength: 300 }), async values => {
        expect(await read(type, write(values))).toEqual(values.map(text))
      }),
      { numRuns: 50 },
    )

  test('holds what its values are, empty or not, from the smallest to the largest', async () => {
    await agrees(fc.uuid(), 'uuid', uuids, String)
    await agrees(fc.maxSafeInteger(), 'bigint', bigints, String)
    await agrees(fc.integer(), 'int', integers, String)
    await agrees(fc.option(fc.uint8Array({ maxLength: 3_000 })), 'bytea', byteas, value =>
      value === null ? null : `\\x${Buffer.from(value).toString('hex')}`,
    )
    for (const value of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -1, 0, 2 ** 32, -(2 ** 32)]) {
      expect(await read('bigint', bigints([value]))).toEqual([String(value)])
    }
    const written: [string, Buffer][] = [
      ['uuid', uuids([])],
      ['bigint', bigints([])],
      ['int', integers([])],
      ['bytea', byteas([])],
    ]
    for (const [type, empty] of written) expect(await read(type, empty)).toEqual([])
  })

  test('refuses what the type cannot hold, without naming the value', () => {
    const id = '01890000-0000-7000-8000-00000000000'
    for (const text of ['', id, `${id}g`, `${id}00`])
      expect(() => uuids([text])).toThrow('a value for uuid[] is no UUID')
    for (const value of [0.5, 2 ** 53, Number.NaN]) expect(() => bigints([value])).toThrow('is no whole number')
    for (const value of [2 ** 31, 0.5, Number.NaN]) expect(() => integers([value])).toThrow(RangeError)
  })
})
