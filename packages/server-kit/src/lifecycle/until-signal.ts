import closeWithGrace from 'close-with-grace'
import type { Logger } from '../log.js'

/**
 * Runs `stop` on SIGTERM, SIGINT or an error that nobody caught; a second signal or the deadline ends the process at
 * once. The process ends when `stop` has resolved.
 */
export const stopOnSignal = (options: {
  readonly log: Logger
  readonly deadlineMs: number
  readonly stop: (reason: string) => Promise<void>
}): void => {
  closeWithGrace(
    {
      delay: options.deadlineMs,
      logger: {
        error: (...values: unknown[]) => options.log.error({ values: values.map(String) }, 'stopping failed'),
      } as never,
      onSecondSignal: () => process.exit(1),
      onTimeout: () => process.exit(1),
    } as never,
    async ({ signal, err }: { signal?: string; err?: Error }) => {
      if (err) options.log.fatal({ err }, 'an error that nobody caught')
      await options.stop(signal ?? 'error')
    },
  )
}
