import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@qsm/server-kit'
import type { EmbeddedPostgres } from './start.js'

const firstWaitMs = 250
const maxWaitMs = 10_000

export interface KeptPostgres {
  stop(): Promise<void>
}

/**
 * Starts an embedded server anew, at the same address, whenever it ends by itself, as when the system has killed it for
 * want of memory. Meanwhile services answer 503. `startAgain` is given the port.
 */
export const keepRunning = (
  first: EmbeddedPostgres,
  startAgain: (port: number) => Promise<EmbeddedPostgres>,
  log: Pick<Logger, 'error' | 'warn'>,
): KeptPostgres => {
  const stopping = new AbortController()
  let current = first

  const revive = async (): Promise<void> => {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
      try {
        await current.stop() // Gives the data back, which its end has not.
        current = await startAgain(first.port)
        log.warn({ pid: current.pid }, 'the embedded PostgreSQL runs again')
        return
      } catch (error) {
        log.error({ err: error }, 'the embedded PostgreSQL does not start again; it is tried on')
        await wait(waitMs, undefined, { signal: stopping.signal })
      }
    }
  }
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const code = await current.ended
      if (stopping.signal.aborted) return
      log.error({ code }, 'the embedded PostgreSQL has ended by itself; it is started again')
      await revive()
    }
  }
  const watching = watch().catch(error => {
    if (!stopping.signal.aborted) throw error
  })
  return {
    async stop() {
      stopping.abort()
      await current.stop()
      await watching
      await current.stop() // One that was just being started.
    },
  }
}
