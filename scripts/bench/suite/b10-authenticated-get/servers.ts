import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram } from '../../processes.js'

export interface RunningServer {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
}

const start = async (file: string, args: readonly string[]): Promise<RunningServer> => {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const profile = process.env.BENCH_PROFILE
  const profiling = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []
  // Without the condition of the sources: packages as they were built.
  const node = [...profiling, '--import', 'tsx', path, ...args]
  const { child, said } = await startProgram(node, {}, /listening on .*;/, 'ignore')
  const [, port = '', token = ''] = /listening on (\d+)(?: with (\S+))?;/.exec(said) ?? []
  return { child, url: `http://127.0.0.1:${port}`, token }
}

export const startOwn = (): Promise<RunningServer> => start('./qsm-server.ts', [])
export const startBareKoa = (): Promise<RunningServer> => start('./other-server.ts', ['koa', process.cwd()])

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
const folders = [process.env.BENCH_HTTP, join(process.env.PEERS_HOME ?? join(cache, 'qsm-peers'), 'opt/socketio')]

export interface Other {
  readonly name: string
  readonly kind: string
  readonly packages: readonly string[]
}

/** Servers whose packages are not among ours. */
export const others: readonly Other[] = [
  {
    name: 'Koa with OpenTelemetry',
    kind: 'traced',
    packages: [
      'koa',
      '@opentelemetry/sdk-node',
      '@opentelemetry/instrumentation-http',
      '@opentelemetry/instrumentation-koa',
    ],
  },
  { name: 'express', kind: 'express', packages: ['express'] },
  { name: 'fastify', kind: 'fastify', packages: ['fastify'] },
]

/** Starts one of them from the folder that has its packages; null where none has. */
export const startOther = async ({ kind, packages }: Other): Promise<RunningServer | null> => {
  const folder = folders.find(
    candidate => candidate && packages.every(name => existsSync(join(candidate, 'node_modules', name))),
  )
  return folder ? start('./other-server.ts', [kind, folder]) : null
}
