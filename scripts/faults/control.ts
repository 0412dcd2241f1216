import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Replicas, startReplicas } from '../../tests/support/replicas.js'

/** Replicas whose message pods are of the test build. */
export interface FaultyReplicas {
  readonly replicas: Replicas
  /** Starts the message pods again, with this bug or with none. */
  plant(bug: string | null): Promise<void>
  /**
   * Kills a message pod the n-th time that one passes a point; resolves when it runs again. What only a pod passes to which
   * sockets come back is brought about with `isAfterKill`: other pods are killed until one has passed.
   */
  killAt(point: string, passes: number, options?: { readonly isAfterKill: boolean }): Promise<void>
  stop(): Promise<number | null>
}

const pods = ['message-1', 'message-2']
const reachMs = 30_000
const restartMs = 30_000
const nextKillMs = 2_000

/** What the fault runs need, with pods that can be killed at named points and have bugs on demand. */
export const startFaultyReplicas = async (): Promise<FaultyReplicas> => {
  const folder = mkdtempSync(join(tmpdir(), 'qsm-test-control-'))
  const fileOf = (name: string) => join(folder, name)
  const replicas = await startReplicas({
    script: 'faults/replicas.mjs',
    environment: { QSM_TEST_CONTROL: folder },
  })
  const become = async (isTrue: () => boolean, waitMs: number): Promise<boolean> => {
    for (const until = performance.now() + waitMs; !isTrue(); await sleep(20)) {
      if (performance.now() > until) return false
    }
    return true
  }

  return {
    replicas,
    async plant(bug) {
      if (bug === null) rmSync(fileOf('bug'), { force: true })
      else writeFileSync(fileOf('bug'), bug)
      for (const name of pods) await replicas.kill(name)
    },
    async killAt(point, passes, { isAfterKill } = { isAfterKill: false }) {
      const isReached = () => !existsSync(fileOf(point))
      let restarts = replicas.lines.length + 1
      writeFileSync(fileOf(point), String(passes))
      if (isAfterKill) {
        for (let turn = 0; !isReached() && turn * nextKillMs < reachMs; turn += 1) {
          restarts += 1
          await replicas.kill(pods[turn % pods.length] as string)
          await become(isReached, nextKillMs)
        }
      }
      if (!(await become(isReached, reachMs))) throw new Error(`no pod has passed ${point} in ${reachMs / 1_000} s`)
      if (!(await become(() => replicas.lines.length >= restarts, restartMs))) {
        throw new Error(`a pod that was killed ${point} does not run again`)
      }
    },
    async stop() {
      const code = await replicas.stop()
      rmSync(folder, { recursive: true, force: true })
      return code
    },
  }
}
