import { setTimeout as sleep } from 'node:timers/promises'

const firstWaitMs = 500
const maxWaitMs = 5_000
/** What lived so long has not failed at its start. */
const steadyMs = 10_000

/**
 * Runs one service and starts it again when it ends, after a wait that grows while it fails. `start` resolves, when the
 * service answers, with `pid`, `ended` (a promise) and `stop()`.
 */
export const keepRunning = async ({ name, url, start, onRestart, say }) => {
  const stopping = new AbortController()
  let running = await start()
  let since = performance.now()
  let restarts = 0

  const startAgain = async () => {
    for (let waitMs = firstWaitMs; !stopping.signal.aborted; waitMs = Math.min(2 * waitMs, maxWaitMs)) {
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {}) // Ended by stop().
      if (stopping.signal.aborted) return
      try {
        running = await start()
        since = performance.now()
        restarts += 1
        onRestart()
        return
      } catch (error) {
        say(`${name} could not be started again: ${error.message}`)
      }
    }
  }
  const watch = async () => {
    while (!stopping.signal.aborted) {
      const how = await running.ended
      if (stopping.signal.aborted) return
      say(`${name} has ended (${how}); it is started again`)
      if (performance.now() - since < steadyMs) await sleep(firstWaitMs)
      await startAgain()
    }
  }
  const watching = watch()

  return {
    name,
    url,
    get pid() {
      return running.pid
    },
    get restarts() {
      return restarts
    },
    async stop() {
      stopping.abort()
      await running.stop()
      await watching
    },
  }
}
