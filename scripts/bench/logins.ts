// npm run bench:logins -- [NAME=FOLDER …]: CPU time of a login by what takes it, of this checkout and of others that are built,
// side by side: of accounts with few sessions, and of such that have their hundred, where each login ends one. Prints tables.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../services/standalone/src/embedded-postgres/start.js'
import { postgresTime, serverTimes } from './logins/thread-times.js'
import { stopProgram } from './processes.js'
import { startQsm } from './qsm-server.js'
import { keepLoggingIn, registerAll } from './suite/b14-login/logins.js'
import { spreadOf } from './suite/spread.js'

const rounds = Number(process.env.BENCH_ROUNDS ?? 6)
const loginsMs = 6_000
const people = 8
const load = () => readFileSync('/proc/loadavg', 'utf8').split(' ')[0]

const seed = `
  INSERT INTO auth.login_session (session_id, user_id, user_agent, created_at, last_used_at, expires_at)
  SELECT gen_random_uuid(), user_id, 'seeded', at, at, now() + interval '20 days' FROM auth.account, generate_series(1, 100) AS age,
    LATERAL (SELECT now() - age * interval '1 minute' AS at) AS used`

type Times = Readonly<Record<'loop' | 'v8' | 'hashing' | 'postgres', number>>

/** A server on a database of its own. `measure` takes CPU milliseconds of each login; `full` says whether each ends a session. */
const startSide = async (tree: string, folder: string) => {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
  const { child, url } = await startQsm(postgres.url, folder, {}, tree)
  const usernames = await registerAll(url, people)
  const database = new pg.Client(postgres.url)
  await database.connect()
  const times = () => ({ ...serverTimes(child.pid ?? 0), postgres: postgresTime(postgres.pid) })
  return {
    async measure(full: boolean): Promise<Times> {
      await database.query('DELETE FROM auth.login_session')
      if (full) await database.query(seed)
      await database.query('VACUUM ANALYZE auth.login_session, auth.refresh_token')
      const before = times()
      const logins = keepLoggingIn(url, usernames)
      await wait(loginsMs)
      const count = await logins.stop()
      const after = times()
      const each = (kind: keyof Times) => (after[kind] - before[kind]) / count
      return { loop: each('loop'), v8: each('v8'), hashing: each('hashing'), postgres: each('postgres') }
    },
    async stop() {
      await database.end()
      await stopProgram(child)
      await postgres.stop()
    },
  }
}

const others = process.argv.slice(2).map(given => given.split('=') as [string, string])
const trees = new Map([...others, ['here', fileURLToPath(new URL('../..', import.meta.url))]])
const folder = mkdtempSync(join(tmpdir(), 'qsm-bench-logins-'))
const sides = new Map<string, Awaited<ReturnType<typeof startSide>>>()
try {
  for (const [name, tree] of trees) sides.set(name, await startSide(tree, join(folder, name)))
  const machine = `${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`
  for (const full of [false, true]) {
    const taken = new Map([...sides.keys()].map(name => [name, [] as Times[]]))
    const loadBefore = load()
    // The first round is thrown away.
    for (let round = 0; round <= rounds; round += 1) {
      const inTurn = round % 2 === 0 ? [...sides] : [...sides].reverse()
      for (const [name, side] of inTurn) {
        const times = await side.measure(full)
        if (round > 0) taken.get(name)?.push(times)
      }
    }
    console.log(
      `\n${full ? 'Each login ends a session' : 'Few sessions'}: ${machine}, ${rounds} rounds, load ${loadBefore} to ${load()}\n`,
    )
    console.log('| CPU ms of a login | event loop | V8 besides | hashing | PostgreSQL |\n|---|---|---|---|---|')
    for (const [name, rows] of taken) {
      const cell = (kind: keyof Times) => {
        const spread = spreadOf(rows.map(row => row[kind]))
        return spread ? `${spread.median.toFixed(2)} (${spread.low.toFixed(2)} to ${spread.high.toFixed(2)})` : ''
      }
      console.log(`| ${[name, cell('loop'), cell('v8'), cell('hashing'), cell('postgres')].join(' | ')} |`)
    }
  }
} finally {
  for (const side of sides.values()) await side.stop()
  rmSync(folder, { recursive: true, force: true })
}
