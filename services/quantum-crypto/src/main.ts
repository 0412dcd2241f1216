import { runPod } from '@qsm/server-kit'
import { readPodConfig } from './config.js'
import { startQuantumPod } from './start-pod.js'

await runPod(() => readPodConfig(), startQuantumPod)
