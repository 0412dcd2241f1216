import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestPostgres, type TestPostgres } from './database.js'

describe('a server that a test may take away', () => {
  let postgres: TestPostgres
  let url: string

  const count = async (): Promise<unknown> => {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query('SELECT count(*)::int AS count FROM kept')).rows[0]?.count
    } finally {
      await client.end()
    }
  }

  beforeAll(async () => {
    postgres = await startTestPostgres()
    const database = await postgres.createDatabase()
    url = database.url
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('CREATE TABLE kept AS SELECT 1 AS number')
    await client.end()
  })

  afterAll(() => postgres.remove())

  it('comes back at the same address with its data after a stop and after a kill', async () => {
    await postgres.stop()
    await expect(count()).rejects.toThrow(/ECONNREFUSED/)
    await postgres.start()
    expect(await count()).toBe(1)
    await postgres.kill()
    await expect(count()).rejects.toThrow(/ECONNREFUSED/)
    await postgres.start()
    expect(await count()).toBe(1)
  })

  it('answers nothing while it is frozen and goes on after that', async () => {
    const client = new pg.Client({ connectionString: url, query_timeout: 100 })
    client.on('error', () => {})
    await client.connect()
    postgres.freeze()
    await expect(client.query('SELECT 1')).rejects.toThrow(/timeout/)
    postgres.resume()
    expect(await count()).toBe(1)
    await client.end()
  })
})
