import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Replicas } from '../../tests/support/replicas.js'
import type { FaultyReplicas } from './control.js'
import type { Fault } from './fault.js'
import { redisFaults } from './redis-faults.js'
import type { SlowProxy } from './slow-proxy.js'
import { points } from './test-build/planted.mjs'

/** By then both sides have noticed that the other one gives no sign of life. */
const silenceNoticedMs = 50_000

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T

/** A process with all that it has started. */
const family = (pid: number): readonly number[] => {
  try {
    return [
      pid,
      ...execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map(Number),
    ]
  } catch {
    return [pid] // pgrep ends with 1 where there are no children.
  }
}

const signalThatIsThere = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // PostgreSQL ends workers of its own.
  }
}

const freeze = async (replicas: Replicas, name: string, ms: number): Promise<void> => {
  const pids = family(replicas.service(name).pid)
  try {
    for (const pid of pids) signalThatIsThere(pid, 'SIGSTOP')
    await sleep(ms)
  } finally {
    for (const pid of pids) signalThatIsThere(pid, 'SIGCONT')
  }
}

const killed = (names: readonly string[], times: number): Fault => ({
  name: `kill -9 of ${names.length > 1 ? 'a message pod' : names[0]}`,
  times,
  act: replicas => replicas.kill(pick(names)),
})
/** PostgreSQL takes SIGINT for a fast shutdown; what ends is started again. */
const stopped = (name: string, signal: NodeJS.Signals, what: string, times: number): Fault => ({
  name: `${what} of ${name}`,
  times,
  act: replicas => replicas.kill(name, signal),
})
const frozen = (name: string, ms: number, times: number): Fault => ({
  name: `${name} stands still for ${ms / 1_000} s`,
  times,
  act: replicas => freeze(replicas, name, ms),
})

export const faults: readonly Fault[] = [
  killed(['message-1', 'message-2'], 100),
  killed(['auth'], 50),
  killed(['quantum-crypto'], 50),
  killed(['postgres'], 20),
  killed(['redis'], 20),
  killed(['balancer'], 20),
  stopped('postgres', 'SIGINT', 'a fast restart', 20),
  stopped('redis', 'SIGTERM', 'a restart', 20),
  ...redisFaults,
  frozen('postgres', 30_000, 20),
  frozen('redis', 60_000, 20),
  frozen('message-1', 10_000, 5),
]

const maxPasses = 20

/** A message pod is killed at a named point, which only the test build has. */
export const killsAtPoints: readonly Fault<FaultyReplicas>[] = points.map(point => ({
  name: `kill -9 of a message pod ${point.replaceAll('-', ' ')}`,
  times: 50,
  act: faulty =>
    point === 'within-catch-up-page'
      ? faulty.killAt(point, 1, { isAfterKill: true })
      : faulty.killAt(point, 1 + Math.floor(maxPasses * Math.random())),
}))

/** What happens between people and the balancer. */
export const networkFaults: readonly Fault<SlowProxy>[] = [
  { name: 'all connections are slow for 10 s', times: 10, act: proxy => proxy.slow(10_000) },
  {
    name: 'all connections go silent without an end',
    times: 10,
    async act(proxy) {
      proxy.halfOpen()
      await sleep(silenceNoticedMs)
    },
  },
]
