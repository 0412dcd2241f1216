import { type DestinationStream, pino } from 'pino'

interface Output extends DestinationStream {
  /** Writes at once what is left. */
  flushSync(): void
}

const standardOutput = 1

/**
 * Gathers the lines of a turn of the event loop into one write to `output`: a write for each costs more than all else of a
 * line. `atOnce` takes what is left when the process may end before the turn does.
 */
export const writeByTurn = (output: Output, atOnce: DestinationStream): Output => {
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
      if (waiting === '') setImmediate(hand)
      waiting += line
    },
    flushSync() {
      output.flushSync()
      if (waiting !== '') atOnce.write(take())
    },
  }
}

let shared: Output | null = null

/** Standard output for all logs of the process. Lines are written while it goes on; what is left is written when it ends. */
export const logOutput = (): Output => {
  if (shared) return shared
  const open = (sync: boolean) => pino.destination({ fd: standardOutput, sync })
  const output = writeByTurn(open(false), open(true))
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
