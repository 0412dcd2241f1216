import { writeSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import type { Logger } from '../log.js'

export interface StopOptions {
  readonly log: Logger
  /** How long `stop` may take before the process is ended regardless. */
  readonly deadlineMs: number
  readonly stop: (reason: string) => Promise<void>
}

const standardError = 2

/**
 * Runs `stop` on SIGTERM, SIGINT or an error that nobody caught, then ends the process: with 0 after a signal, else with
 * 1. A second signal or the deadline ends it at once, with 1.
 */
export const stopOnSignal = ({ log, deadlineMs, stop }: StopOptions): void => {
  // Straight to the terminal: the process ends before a log line would be written.
  const say = (text: string) => writeSync(standardError, `${text}\n`)
  closeWithGrace(
    {
      delay: deadlineMs,
      logger: { error: (message?: unknown) => log.error({ err: message }, 'stopping failed') },
      onSecondSignal: signal => say(`second ${signal}: ended at once`),
      onTimeout: () => say(`not stopped within ${deadlineMs} ms: ended`),
    },
    async ({ signal, err }) => {
      if (err) log.fatal({ err }, 'an error that nobody caught')
      await stop(signal ?? 'error')
    },
  )
}
