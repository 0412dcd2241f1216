import { explainFailure } from '../errors/explain-failure.js'
import { stopDeadlineMs, stopOnSignal } from '../lifecycle/until-signal.js'
import type { Pod, PodConfig } from './start-pod.js'

/** The program of a pod: reads its variables, runs until a signal, and says what to do where it cannot start. */
export const runPod = async <C extends PodConfig>(
  readConfig: () => C,
  start: (config: C) => Promise<Pod>,
): Promise<void> => {
  try {
    const config = readConfig()
    const pod = await start(config)
    pod.log.info({ port: pod.port, adminPort: pod.adminPort }, 'ready')
    stopOnSignal({ log: pod.log, deadlineMs: stopDeadlineMs(config.DRAIN_SECONDS), stop: () => pod.stop() })
  } catch (error) {
    console.error(explainFailure(error) ?? error)
    process.exitCode = 1
  }
}
