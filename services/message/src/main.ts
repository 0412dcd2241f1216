import { runPod } from '@qsm/server-kit'
import { readPodConfig } from './config.js'
import { startMessagePod } from './start-pod.js'

await runPod(() => readPodConfig(), startMessagePod)
