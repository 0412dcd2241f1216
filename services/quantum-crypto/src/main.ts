import { stopOnSignal } from '@qsm/server-kit'
import { readPodConfig } from './config.js'
import { startPod } from './start-pod.js'

/** Errors that name their own cure are printed without a stack. */
const known = new Set(['ConfigError', 'PortError', 'DatabaseError', 'AlgorithmLoadError', 'SelfTestError'])
const stopGraceMs = 10_000

try {
  const config = readPodConfig()
  const pod = await startPod(config)
  pod.log.info({ port: pod.port, adminPort: pod.adminPort }, 'quantum service is ready')
  stopOnSignal({ log: pod.log, deadlineMs: config.DRAIN_SECONDS * 1_000 + stopGraceMs, stop: () => pod.stop() })
} catch (error) {
  console.error(error instanceof Error && known.has(error.name) ? error.message : error)
  process.exitCode = 1
}
