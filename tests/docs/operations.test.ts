import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createTestDatabase } from '../support/database.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (name: string): string => readFileSync(`${root}${name}`, 'utf8')
const page = read('docs/operations.md')
const values = parse(read('charts/qsm/values.yaml'))

/** The SQL blocks, without the indentation of a list. */
const sql = [...page.matchAll(/^( *)```sql\n([\s\S]*?)^ *```/gm)].map(match => match[2] ?? '')
const sqlWith = (text: string): string => {
  const found = sql.find(block => block.includes(text))
  if (found === undefined) throw new Error(`docs/operations.md has no SQL with ${text}`)
  return found
}

const migrate = (url: string) =>
  promisify(execFile)(process.execPath, [`${root}services/standalone/bin/qsm-server.js`, 'migrate'], {
    env: { PATH: process.env.PATH ?? '', QSM_ENV: 'production', DATABASE_URL: url },
  })

const withClient = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Whether an object of the values has the path. What stands in an open map or list is the operator's. */
const has = (at: unknown, [key, ...rest]: readonly string[]): boolean => {
  if (key === undefined) return true
  if (typeof at !== 'object' || at === null) return false
  if (Object.keys(at).length === 0) return true
  return Object.hasOwn(at, key) && has((at as Record<string, unknown>)[key], rest)
}

const isValue = (path: string): boolean => {
  const keys = path.replace(/\[\d+\]/g, '').split('.')
  const [head, component = '', ...rest] = keys
  if (head !== 'components') return has(values, keys)
  return (
    has(values.components, [component, ...rest]) || (has(values.components, [component]) && has(values.defaults, rest))
  )
}

describe('the memory of a message pod', () => {
  const { resources, autoscaling } = values.components.message

  it('is requested as the page says, and is enough for the sockets at which pods are added', () => {
    const said = /Its request of (\d+) MiB fits the\s+([\d ]+) sockets .*: at (\d+) KiB they/s.exec(page) ?? []
    const [, request, sockets = '', kibEach] = said
    expect(resources.requests.memory).toBe(`${request}Mi`)
    expect(autoscaling.targetConnections).toBe(Number(sockets.replaceAll(' ', '')))
    const idleMib = (Number(/an idle pod: .* about \d+, (\d+) and/.exec(page)?.[1]) * 1e6) / 2 ** 20
    expect(idleMib + (autoscaling.targetConnections * Number(kibEach)) / 1024).toBeLessThan(Number(request))
  })
})

describe('names in docs/operations.md and k8s/', () => {
  const files = ['docs/operations.md', ...readdirSync(`${root}k8s`).map(name => `k8s/${name}`)]

  it('are variables that the server reads', () => {
    const known = new Set([...read('docs/reference/config.md').matchAll(/`([A-Z][A-Z_]+)`/g)].map(match => match[1]))
    const named = [...page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(match => match[1])
    expect(named.length).toBeGreaterThan(12)
    expect(named.filter(name => !known.has(name))).toEqual([])
  })

  it('are values that the chart has', () => {
    const set = files.flatMap(file => [...read(file).matchAll(/--set ([a-z][\w.[\]]+)=/g)].map(match => match[1] ?? ''))
    const heads = Object.keys(values).join('|')
    const named = [...page.matchAll(new RegExp(`\`((?:${heads})\\.[\\w.]+)[=\`]`, 'g'))].map(match => match[1] ?? '')
    const ofOtherCharts = /^(ports|service)\./
    expect([set.length > 12, named.length > 12]).toEqual([true, true])
    expect([...set, ...named].filter(name => !ofOtherCharts.test(name) && !isValue(name))).toEqual([])
    expect(['components.message.nothing', 'secrets.jwt', 'global.x'].filter(isValue)).toEqual([])
  })

  it('are keys of the Secret that the chart makes', () => {
    const keys = [...page.matchAll(/"(?:from|path)": "\/data\/([\w-]+)"|\{\.data\.([\w-]+)\}/g)].map(
      match => match[1] ?? match[2],
    )
    const previous = /--set secrets\.jwtSecretPreviousKey=([\w-]+)/.exec(page)?.[1]
    expect(new Set(keys)).toEqual(
      new Set([values.secrets.jwtSecretKey, values.secrets.kekKey, previous, 'change-over']),
    )
  })
})

describe('SQL in docs/operations.md', () => {
  let url: string
  beforeAll(async () => {
    ;({ url } = await createTestDatabase())
    await migrate(url)
  })

  it('gives each mailbox another epoch that is allowed, whatever it had', async () => {
    const before = [1, 2, 1_804_289_383, 2_147_483_646]
    const after = await withClient(url, async client => {
      await client.query("SET session_replication_role = 'replica'")
      for (const epoch of before) {
        await client.query(
          'INSERT INTO message.mailbox (user_id, device_id, epoch) VALUES (gen_random_uuid(), $1::int, $1::int)',
          [epoch],
        )
      }
      await client.query(sqlWith('message.mailbox'))
      return (await client.query('SELECT device_id::int AS before, epoch FROM message.mailbox')).rows
    })
    expect(after.map(row => row.before).toSorted((a, b) => a - b)).toEqual(before)
    for (const row of after) {
      expect(row.epoch).not.toBe(row.before)
      expect([row.epoch >= 1, row.epoch <= 2_147_483_646]).toEqual([true, true])
    }
  })

  it('deletes refresh tokens where they are', async () => {
    const { command } = await withClient(url, client => client.query(sqlWith('refresh_token')))
    expect(command).toBe('DELETE')
  })

  it('makes a second role that migrates and works as the owner', async () => {
    const { url: fresh } = await createTestDatabase()
    const name = new URL(fresh).pathname.slice(1)
    const [owner, second] = [`own_${name}`, `second_${name}`]
    const statements = sqlWith('qsm_b')
      .replaceAll('qsm_b', second)
      .replaceAll(/\bqsm\b/g, owner)
    await withClient(fresh, async client => {
      await client.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'first'; ALTER DATABASE ${name} OWNER TO ${owner}`)
      await client.query(statements)
      await client.query(`ALTER ROLE ${second} PASSWORD 'second'`)
    })
    const asSecond = new URL(fresh)
    asSecond.username = second
    asSecond.password = 'second'
    await migrate(asSecond.href)
    const owners = await withClient(
      asSecond.href,
      async client =>
        (
          await client.query(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('auth', 'message', 'crypto')",
          )
        ).rows,
    )
    expect(owners).toEqual([{ tableowner: owner }])
    await withClient(fresh, async client => {
      await client.query(`REASSIGN OWNED BY ${owner} TO CURRENT_USER; DROP OWNED BY ${owner}, ${second}`)
      await client.query(`DROP ROLE ${second}; DROP ROLE ${owner}`)
    })
  })
})
