import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startEmbeddedPostgres } from '../../../services/standalone/src/embedded-postgres/start.js'
import { stopProgram } from '../processes.js'
import { startQsm } from '../qsm-server.js'
import { serverCores } from './environment.js'
import type { Target } from './load-generator.js'

export interface QsmTarget extends Target {
  readonly url: string
  /** What the next sample sends by HTTP, in turn: the sender's token, and the body, sealed beforehand. */
  giveSends(sends: readonly { readonly token: string; readonly json: string }[]): void
  stop(): Promise<void>
}

const pin = (pid: number) => promisify(execFile)('taskset', ['-acp', serverCores, String(pid)])

/** QSM in one process with a PostgreSQL of its own, on the cores that the other servers have too. */
export const startQsmBeside = async (folder: string): Promise<QsmTarget> => {
  const [tokens, bodies] = [join(folder, 'tokens'), join(folder, 'sends')]
  const giveSends: QsmTarget['giveSends'] = sends => {
    writeFileSync(tokens, sends.map(({ token }) => token).join('\n'))
    writeFileSync(bodies, sends.map(({ json }) => json).join('\n'))
  }
  giveSends([])
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
  try {
    await pin(postgres.pid)
    const qsm = await startQsm(postgres.url, folder)
    const pid = qsm.child.pid ?? 0
    await pin(pid)
    return {
      url: qsm.url,
      scenario: fileURLToPath(new URL('qsm.json', import.meta.url)),
      pids: () => [pid, postgres.pid],
      variables: { QSM_URL: qsm.url, QSM_SENDER_TOKENS: tokens, QSM_SENDS: bodies },
      giveSends,
      async stop() {
        await stopProgram(qsm.child)
        await postgres.stop()
      },
    }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}
