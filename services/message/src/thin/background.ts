import type { Logger } from '@qsm/server-kit'

/** Work for which nobody waits. What fails is logged, and is due again at its next occasion. */
export interface Background {
  run(failure: string, work: () => Promise<unknown>): Promise<void>
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

export const createBackground = (log: Logger): Background => {
  const running = new Set<Promise<void>>()
  return {
    run(failure, work) {
      const done: Promise<void> = work()
        .then(
          () => {},
          (error: unknown) => log.warn({ err: error }, `${failure}; it is tried again at the next occasion`),
        )
        .finally(() => running.delete(done))
      running.add(done)
      return done
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
