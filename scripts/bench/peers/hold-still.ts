import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOfTree, signalTrees } from '../processes.js'
import type { Target } from './load-generator.js'

const lookMs = 500
/** Of one core. */
const restingShare = 0.05
const maxRestMs = 15_000

/** Resolves when a system no longer works on what it was asked for before, at the latest after 15 s. */
export const untilResting = async ({ pids }: Pick<Target, 'pids'>): Promise<void> => {
  const cpuMs = () => pids().reduce((sum, pid) => sum + cpuOfTree(pid), 0)
  for (let waitedMs = 0; waitedMs < maxRestMs; waitedMs += lookMs) {
    const before = cpuMs()
    await sleep(lookMs)
    if (cpuMs() - before <= restingShare * lookMs) return
  }
}

/**
 * Runs `work` while the other systems are stopped (SIGSTOP): they share a core, and one that still works on what it was asked
 * for in its own turn, as Synapse does for seconds after a crowd of logins, would take it from the one that is measured next. What both
 * need, such as a PostgreSQL for several, runs on.
 */
export const whileOthersHoldStill = async <T>(
  target: Pick<Target, 'pids'>,
  others: readonly Pick<Target, 'pids'>[],
  work: () => Promise<T>,
): Promise<T> => {
  const own = new Set(target.pids())
  const held = others.flatMap(other => other.pids()).filter(pid => !own.has(pid))
  signalTrees(held, 'SIGSTOP')
  try {
    return await work()
  } finally {
    signalTrees(held, 'SIGCONT')
  }
}
