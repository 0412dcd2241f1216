import { explainFailure } from '../errors/explain-failure.js'
import { stopDeadlineMs, stopOnSignal } from '../lifecycle/until-signal.js'
import { createLog } from '../log.js'
import type { Pod, PodConfig } from './start-pod.js'

/**
 * The program of a pod: reads its variables, runs until a signal, and says what to do where it cannot start. A signal
 * ends a start too: as the first process of a container it would otherwise not be heard.
 */
export const runPod = async <C extends PodConfig>(
  readConfig: () => C,
  start: (config: C, signal: AbortSignal) => Promise<Pod>,
): Promise<void> => {
  const aborting = new AbortController()
  try {
    const config = readConfig()
    const starting = start(config, aborting.signal)
    stopOnSignal({
      log: createLog({ service: 'pod', level: config.LOG_LEVEL, format: config.LOG_FORMAT }),
      deadlineMs: stopDeadlineMs(config.DRAIN_SECONDS),
      stop: async () => {
        aborting.abort()
        const pod = await starting.catch(() => null) // What it failed with is told below.
        await pod?.stop()
      },
    })
    const pod = await starting
    pod.log.info({ port: pod.port, adminPort: pod.adminPort }, 'ready')
  } catch (error) {
    if (aborting.signal.aborted) return
    console.error(explainFailure(error) ?? error)
    process.exitCode = 1
  }
}
