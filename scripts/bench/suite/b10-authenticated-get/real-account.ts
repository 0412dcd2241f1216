import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../../../services/standalone/src/embedded-postgres/start.js'
import { logIn } from '../../people.js'
import { stopProgram } from '../../processes.js'
import { startQsm } from '../../qsm-server.js'

const person = { username: 'bench', email: 'bench@example.org', password: 'correct horse battery' }

export interface RealAccount {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
  readonly stop: () => Promise<void>
}

/** The whole of QSM in one process, with PostgreSQL beside it and somebody who is logged in. */
export const startRealAccount = async (folder: string): Promise<RealAccount> => {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') })
  const { child, url } = await startQsm(postgres.url, folder).catch(async error => {
    await postgres.stop()
    throw error
  })
  const stop = async () => {
    await stopProgram(child)
    await postgres.stop()
  }
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/api/register`, { method: 'POST', headers, body: JSON.stringify(person) })
    if (!answer.ok) throw new Error(`register: ${answer.status} ${await answer.text()}`)
    return { child, url, token: await logIn(url, person.username), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
