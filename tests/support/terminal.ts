import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/cli/bin/qsm.js', import.meta.url))
const password = 'correct horse battery'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Standard output, one JSON value a line. */
  readonly values: readonly Record<string, unknown>[]
}

/** A `qsm` that runs. */
interface Running {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves once it has printed this, on either stream. */
  until(text: string): Promise<void>
  /** When it has ended, whatever its exit code. */
  readonly ended: Promise<Ran>
}

const parseLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Record<string, unknown>)

/** Starts `qsm` with nothing in its environment but what is given here. */
export const startQsm = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  as: { readonly uid?: number; readonly cwd?: string } = {},
): Running => {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...as,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', data => {
    out += String(data)
  })
  child.stderr.on('data', data => {
    err += String(data)
  })
  child.stdin.on('error', () => {}) // It may end before it has read everything.
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    out,
    err,
    values: parseLines(out),
  }))
  return {
    child,
    ended,
    async until(text) {
      const isOver = ended.then(() => true)
      while (!(out + err).includes(text)) {
        const more = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]).then(() => false)
        if (await Promise.race([more, isOver])) throw new Error(`qsm ended without "${text}":\n${out}${err}`)
      }
    },
  }
}

/** The same with this as its standard input; resolves when it has ended. */
export const runQsm = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ran> => {
  const { child, ended } = startQsm(args, environment)
  child.stdin.end(input)
  return ended
}

export interface Terminal {
  readonly home: string
  /** Runs `qsm` with a home of its own and resolves when it has ended, whatever its exit code. */
  qsm(args: readonly string[], input?: string): Promise<Ran>
  /** The same with `--json`; throws unless it ends with 0. */
  json(...args: readonly string[]): Promise<readonly Record<string, unknown>[]>
  /** One that goes on, such as `listen`. */
  start(...args: readonly string[]): Running
}

/** A person at a terminal. */
export const openTerminal = (url: string, home: string): Terminal => {
  const environment = { HOME: home, QSM_PASSWORD: password }
  const place = ['--url', url, '--home', home]
  return {
    home,
    qsm: (args, input) => runQsm([...place, ...args], environment, input),
    async json(...args) {
      const ran = await runQsm([...place, '--json', ...args], environment)
      if (ran.code !== 0) throw new Error(`qsm ${args.join(' ')} ended with ${ran.code}: ${ran.err}`)
      return ran.values
    },
    start: (...args) => startQsm([...place, ...args], environment),
  }
}
