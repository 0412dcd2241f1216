import { writeSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import type { Logger } from '../log.js'

export interface StopOptions {
  readonly log: Logger
  /** How long `stop` may take before the process is ended regardless. */
  readonly deadlineMs: number
  readonly stop: (reason: string) => Promise<void>
}

/** What a stop may take besides finishing requests: closing databases, ending threads. */
const graceMs = 10_000

/** How long a whole stop may take in milliseconds, where requests may take `drainSeconds` to finish. */
export const stopDeadlineMs = (drainSeconds: number): number => drainSeconds * 1_000 + graceMs

const standardError = 2

/** npm and supervisors hand on a signal that the terminal or the system has sent to this process already. */
const echoMs = 1_000

/**
 * Runs `stop` on SIGTERM, SIGINT or an error that nobody caught, then ends the process: with 0 after a signal, else with
 * 1. A second signal or the deadline ends it at once, with 1; the same signal within a second counts once. A process that
 * has nothing left to do, as after a start that failed, ends with its own exit code.
 */
export const stopOnSignal = ({ log, deadlineMs, stop }: StopOptions): void => {
  // Straight to the terminal: the process ends before a log line would be written.
  const say = (text: string) => writeSync(standardError, `${text}\n`)
  const endAtOnce = (signal: string) => {
    say(`second ${signal}: ended at once`)
    process.exit(1)
  }
  let stopping = false
  let first: { readonly signal: string; readonly at: number } | null = null
  const grace = closeWithGrace(
    {
      delay: deadlineMs,
      skip: ['SIGINT', 'SIGTERM', 'beforeExit'],
      logger: { error: (message?: unknown) => log.error({ err: message }, 'stopping failed') },
      onSecondSignal: endAtOnce,
      onTimeout: () => say(`not stopped within ${deadlineMs} ms: ended`),
    },
    async ({ signal, err }) => {
      stopping = true
      if (err) log.fatal({ err }, 'an error that nobody caught')
      await stop(first?.signal ?? signal ?? 'error')
    },
  )
  const onSignal = (signal: string) => {
    const now = performance.now()
    if (first?.signal === signal && now - first.at < echoMs) return
    if (first || stopping) endAtOnce(signal)
    first = { signal, at: now }
    grace.close()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}
