import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.js'

/** Whether PgBouncer is installed here. What needs it says by name that it was not run. */
export const hasPgbouncer = !spawnSync('pgbouncer', ['--version']).error

export interface Pgbouncer {
  /** The database over the pooler. */
  readonly url: string
  close(): Promise<void>
}

const startMs = 10_000

/** The settings of an installation as those of this machine: where the database is, where it listens, who may come. */
const adapt = (ini: string, target: URL, port: number, userFile: string): string =>
  ini
    .replace(/^(\w+) = host=\S+ port=\d+ dbname=\S+/m, (_, name) => {
      return `${name} = host=${target.hostname} port=${target.port} dbname=${target.pathname.slice(1)}`
    })
    .replace(/^listen_addr = .*$/m, 'listen_addr = 127.0.0.1')
    .replace(/^listen_port = .*$/m, `listen_port = ${port}\nunix_socket_dir =`)
    .replace(/^auth_file = .*$/m, `auth_file = ${userFile}`)

const answers = async (connectionString: string): Promise<Error | null> => {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 })
  try {
    await client.connect()
    await client.query('SELECT 1')
    return null
  } catch (error) {
    return error as Error
  } finally {
    await client.end().catch(() => {})
  }
}

/** PgBouncer by these settings before a database of this machine. It refuses to run as root, so there it runs as nobody. */
export const startPgbouncer = async (databaseUrl: string, ini: string): Promise<Pgbouncer> => {
  const target = new URL(databaseUrl)
  const folder = mkdtempSync(join(tmpdir(), 'qsm-pgbouncer-'))
  const port = await freePort()
  const [file, userFile] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')]
  writeFileSync(userFile, `"${target.username}" "${decodeURIComponent(target.password)}"\n`)
  writeFileSync(file, adapt(ini, target, port, userFile))
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child: ChildProcess = spawn('pgbouncer', [...asNobody, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', data => {
    said += String(data)
  })
  const url = new URL(databaseUrl)
  url.port = String(port)
  url.pathname = `/${/^(\w+) = host=/m.exec(ini)?.[1]}`
  const until = Date.now() + startMs
  for (let cause = await answers(url.href); cause; cause = await answers(url.href)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`pgbouncer does not answer: ${said}`, { cause })
    await sleep(50)
  }
  return {
    url: url.href,
    async close() {
      child.kill('SIGKILL')
      await new Promise(resolve => child.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
