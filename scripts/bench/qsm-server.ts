import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProgram } from './processes.js'

const here = fileURLToPath(new URL('../..', import.meta.url))

export interface RunningQsm {
  readonly child: ChildProcess
  readonly url: string
  readonly quantumUrl: string
  readonly metricsUrl: string
}

const addressIn = (said: string, pattern: RegExp): string =>
  pattern.exec(said)?.[1]?.replace('localhost', '127.0.0.1') ?? ''

/**
 * Everything in one process, as built in `tree` (this checkout), on free ports and a given database; `more` are further
 * variables of its environment.
 */
export const startQsm = async (
  databaseUrl: string,
  dataFolder: string,
  more: Readonly<Record<string, string>> = {},
  tree = here,
): Promise<RunningQsm> => {
  const { child, said } = await startProgram(
    [
      ...(process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : []),
      join(tree, 'services/standalone/bin/qsm-server.js'),
      'start',
    ],
    {
      DATABASE_URL: databaseUrl,
      QSM_DATA_DIR: join(dataFolder, 'qsm'),
      PORT: '0',
      QUANTUM_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'error',
      QSM_ENV: 'development',
      ...more,
    },
    /ready;/,
  )
  return {
    child,
    url: addressIn(said, /main application +(http:\/\/\S+?:\d+)/),
    quantumUrl: addressIn(said, /quantum service +(http:\/\/\S+?:\d+)/),
    metricsUrl: `${addressIn(said, /health and metrics +(http:\/\/\S+?:\d+)/)}/metrics`,
  }
}
