import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const scriptAt = (path: string) => fileURLToPath(new URL(`../../scripts/${path}`, import.meta.url))

/** What `npm run replicas` needs besides Node. What needs it says by name that it was not run. */
export const hasReplicas = ['redis-server', 'haproxy'].every(name => !spawnSync(name, ['-v']).error)

export interface ReplicaService {
  readonly name: string
  readonly url: string
  readonly pid: number
}

interface Line {
  readonly balancer: string
  readonly services: readonly ReplicaService[]
}

export interface Replicas {
  readonly url: string
  /** Every line that came on standard output. */
  readonly lines: readonly Line[]
  /** As the newest line says. */
  service(name: string): ReplicaService
  /** Kills a service, outright unless another signal is given; resolves when the next line tells that it runs again. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>
  /** With the password. */
  redisUrl(): string
  /** Rows of a statement on their database. */
  sql<Row>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Resolves with the exit code. */
  stop(): Promise<number | null>
  /** Where the data is. */
  readonly folder: string
  /** What a service was told by a variable. */
  variable(name: string, wanted: string): string
  /** `/metrics` of a pod. */
  metrics(name: string): Promise<string>
  /** What was printed for people. */
  readonly said: string
}

export interface ReplicasOptions {
  /** Below `scripts/`; `replicas.mjs` where left out. */
  readonly script?: string
  /** Of `npm run replicas`, such as `--pgbouncer`. */
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** A program and its arguments that runs the script, and with it everything. */
  readonly under?: readonly string[]
  /** Where data is; a folder of its own where left out. */
  readonly folder?: string
}

/** `npm run replicas -- --json` on free ports and fresh data, or another script that does the same. */
export const startReplicas = async (options: ReplicasOptions = {}): Promise<Replicas> => {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'qsm-replicas-'))
  const env = { ...process.env, ...options.environment, PORT: '0', QSM_DATA_DIR: folder }
  const script = scriptAt(options.script ?? 'replicas.mjs')
  const [command = '', ...args] = [
    ...(options.under ?? []),
    process.execPath,
    script,
    '--json',
    ...(options.args ?? []),
  ]
  const child: ChildProcess = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  let said = ''
  let wake = () => {}
  child.stderr?.on('data', data => {
    said += data
  })
  createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', line => {
    lines.push(JSON.parse(line))
    wake()
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const lineNumber = (count: number) =>
    Promise.race([
      new Promise<void>(resolve => {
        wake = () => {
          if (lines.length >= count) resolve()
        }
        wake()
      }),
      ended.then(code => {
        throw new Error(`replicas ended with ${code}:\n${said}`)
      }),
    ])
  const last = () => lines.at(-1) as Line
  const service = (name: string): ReplicaService => {
    const found = last().services.find(entry => entry.name === name)
    if (!found) throw new Error(`there is no ${name}`)
    return found
  }
  const variable = (name: string, wanted: string): string => {
    const environment = readFileSync(`/proc/${service(name).pid}/environ`, 'utf8').split('\0')
    const found = environment.find(entry => entry.startsWith(`${wanted}=`))
    if (found === undefined) throw new Error(`${name} was not told ${wanted}`)
    return found.slice(wanted.length + 1)
  }
  await lineNumber(1)
  return {
    url: last().balancer,
    lines,
    folder,
    service,
    variable,
    get said() {
      return said
    },
    async metrics(name) {
      return (await fetch(`http://127.0.0.1:${variable(name, 'ADMIN_PORT')}/metrics`)).text()
    },
    redisUrl() {
      const { redisPassword } = JSON.parse(readFileSync(join(folder, 'replicas/secrets.json'), 'utf8'))
      const address = new URL(service('redis').url)
      address.password = redisPassword
      return address.href
    },
    async kill(name, signal = 'SIGKILL') {
      const { pid } = service(name)
      process.kill(pid, signal)
      while (service(name).pid === pid) await lineNumber(lines.length + 1)
    },
    async sql<Row>(statement: string, values: readonly unknown[] = []) {
      const address = new URL(service('postgres').url)
      address.username = 'qsm'
      address.password = readFileSync(join(folder, 'replicas/postgres/postgres-password'), 'utf8').trim()
      address.pathname = '/postgres'
      const client = new pg.Client({ connectionString: address.href })
      await client.connect()
      try {
        return (await client.query(statement, [...values])).rows as Row[]
      } finally {
        await client.end()
      }
    },
    async stop() {
      child.kill('SIGTERM')
      const code = await ended
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}
