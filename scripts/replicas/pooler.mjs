import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sessionLimits } from '../../packages/server-kit/dist/src/database/pooler.js'
import { launch, takesConnections } from './launch.mjs'
import { marker } from './leftovers.mjs'

const connectQuery = Object.entries(sessionLimits)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join('; ')
const server = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))

/** Connections to PostgreSQL that all pods together have. */
const poolSize = 16

/** As docs/operations.md says, for a database on this machine; a password stands in a file of its own. */
const configOf = ({ target, port, userFile }) =>
  [
    '[databases]',
    `postgres = host=${target.hostname} port=${target.port} connect_query='${connectQuery}'`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${userFile}`,
    `stats_users = ${target.username}`,
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 2000',
    'query_wait_timeout = 5',
    '',
  ].join('\n')

/** Brings all schemas up to date, straight on PostgreSQL. */
export const migrateAll = url =>
  promisify(execFile)(process.execPath, [server, 'migrate'], { env: { ...process.env, DATABASE_URL: url } })

/** PgBouncer in transaction mode before PostgreSQL; it refuses to run as root, so there it runs as nobody. */
export const poolerOf = ({ folder, logFolder, port, postgresUrl }) => ({
  name: 'pgbouncer',
  url: `postgresql://127.0.0.1:${port}`,
  address() {
    const url = new URL(postgresUrl())
    url.port = String(port)
    return url.href
  },
  async start() {
    const target = new URL(postgresUrl())
    const [file, userFile] = ['pgbouncer.ini', 'pgbouncer-users.txt'].map(name => join(folder, name))
    writeFileSync(userFile, `"${target.username}" "${decodeURIComponent(target.password)}"\n`, { mode: 0o600 })
    writeFileSync(file, configOf({ target, port, userFile }))
    const asNobody = process.getuid() === 0 ? ['-u', 'nobody'] : []
    const running = await launch({
      command: 'pgbouncer',
      args: [...asNobody, file],
      env: { [marker]: folder },
      logFile: join(logFolder, 'pgbouncer.log'),
      ready: () => takesConnections(port),
    })
    return { ...running, stop: () => running.stop().finally(() => rmSync(userFile, { force: true })) }
  },
})
