import { setTimeout as wait } from 'node:timers/promises'
import { SetupError, say } from '../setup/step.mjs'
import { linesSince } from './log-since.mjs'
import { readPidFile } from './pid-file.mjs'

const lookEveryMs = 200
const askTimeoutMs = 1_000
const tellEveryMs = 10_000
const shownLines = 20
const maxSeconds = Number(process.env.QSM_START_SECONDS ?? 180)

/** What a service says of itself; null while it does not answer. */
const ask = async ({ address, answersAs }) => {
  try {
    const response = await fetch(`${address}/api/health`, { signal: AbortSignal.timeout(askTimeoutMs) })
    const health = await response.json()
    return health.service === answersAs ? health.status : null
  } catch {
    return null
  }
}

const endOfLog = ({ service, logOffset }) => {
  const lines = linesSince(service.logFile, logOffset).lines.slice(-shownLines)
  return `The end of ${service.logFile}:\n\n${lines.join('\n')}`
}

/** Steps that are not shown: what we know, and what we say ourselves when it is so. */
const ownWords = /^(waiting:|stopp|ready;|main application |quantum service |health and metrics )/

/** Shows the steps that a service tells on the way up. */
const createProgress = started => {
  let offset = started.logOffset
  return () => {
    const read = linesSince(started.service.logFile, offset)
    offset = read.offset
    for (const line of read.lines) {
      const step = /^qsm +[\d.]+ s +(.+)$/.exec(line)?.[1]
      if (step && !ownWords.test(step)) say(`${started.service.title}: ${step}`)
    }
  }
}

const hasEnded = ({ service, ended }) =>
  ended ?? (readPidFile(service.pidFile)?.isRunning ? null : 'stopped by somebody')

/**
 * Waits until every service says in one look that it is healthy; the main application is when it also reaches the other one. Resolves at
 * once when `signal` is aborted. Throws `SetupError` with the end of the log of one that ends, or of all after too long.
 */
export const awaitHealth = async (started, signal) => {
  const progress = started.map(createProgress)
  const begun = performance.now()
  let told = begun
  for (;;) {
    for (const show of progress) show()
    const states = await Promise.all(started.map(({ service }) => ask(service)))
    if (signal.aborted) return
    for (const one of started) {
      const how = hasEnded(one)
      if (how) throw new SetupError(`The ${one.service.title} has ended (${how}). ${endOfLog(one)}`)
    }
    const waiting = started.filter((_, at) => states[at] !== 'healthy')
    if (waiting.length === 0) return
    const now = performance.now()
    if (now - begun > maxSeconds * 1_000) {
      throw new SetupError(
        `Not healthy after ${maxSeconds} s (QSM_START_SECONDS).\n\n${waiting.map(endOfLog).join('\n\n')}`,
      )
    }
    if (now - told > tellEveryMs) {
      say(`still waiting for the ${waiting.map(({ service }) => service.title).join(' and the ')}`)
      told = now
    }
    await wait(lookEveryMs)
  }
}
