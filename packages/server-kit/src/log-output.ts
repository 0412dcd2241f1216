import { type DestinationStream, pino } from 'pino'

interface Output extends DestinationStream {
  /** Writes at once what is left. */
  flushSync(): void
}

const standardOutput = 1
const gatherMs = 10

/**
 * Gathers lines until `later` runs what it is given, and hands them to `output` in one write: a write for each costs more than
 * all else of a line. `atOnce` takes what is left when the process may end before.
 */
export const gatherLines = (output: Output, atOnce: DestinationStream, later: (run: () => void) => void): Output => {
  let waiting = ''
  const take = () => {
    const text = waiting
    waiting = ''
    return text
  }
  const hand = () => {
    if (waiting !== '') output.write(take())
  }
  return {
    write(line) {
      if (waiting === '') later(hand)
      waiting += line
    },
    flushSync() {
      output.flushSync()
      if (waiting !== '') atOnce.write(take())
    },
  }
}

let shared: Output | null = null

/** Standard output for all logs of the process. Lines are written within 10 ms; what is left is written when it ends. */
export const logOutput = (): Output => {
  if (shared) return shared
  const open = (sync: boolean) => pino.destination({ fd: standardOutput, sync })
  const output = gatherLines(open(false), open(true), run => void setTimeout(run, gatherMs))
  process.on('exit', () => output.flushSync())
  shared = output
  return output
}

let second = 0
let beginning = ''

/** The time as the member of a log line, in ISO 8601; what only changes each second is kept. */
export const timeMember = (nowMs: number): string => {
  const ms = nowMs % 1_000
  if (nowMs - ms !== second || beginning === '') {
    second = nowMs - ms
    beginning = `,"time":"${new Date(second).toISOString().slice(0, -4)}`
  }
  return `${beginning}${String(ms).padStart(3, '0')}Z"`
}
