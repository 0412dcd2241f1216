import { runPod } from '@qsm/server-kit'
import { readPodConfig } from './config.js'
import { startAuthPod } from './start-pod.js'

await runPod(() => readPodConfig(), startAuthPod)
