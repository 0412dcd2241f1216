import type { Logger } from '../log.js'

export interface Runner {
  /** Does the work from its beginning, if need be when the run under way has ended. False where it failed, which is logged. */
  run(): Promise<boolean>
  /** Resolves when the run under way has ended; what was asked for behind it is not begun. */
  settled(): Promise<void>
}

/** Work that is never done twice at once: those who ask during a run share the next one. */
export const createRunner = (log: Logger, failure: string, work: () => Promise<void>): Runner => {
  let running: Promise<boolean> | null = null
  let isWanted = false

  const runUntilNobodyAsks = async (): Promise<boolean> => {
    try {
      do {
        isWanted = false
        await work()
      } while (isWanted)
      return true
    } catch (error) {
      log.warn({ err: error }, failure)
      return false
    } finally {
      running = null
    }
  }

  return {
    run() {
      if (running) isWanted = true
      else running = runUntilNobodyAsks()
      return running
    },
    async settled() {
      isWanted = false
      await running
    },
  }
}
