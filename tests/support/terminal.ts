import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/cli/bin/qsm.js', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Standard output, one JSON value a line. */
  readonly values: readonly Record<string, unknown>[]
}

export interface Terminal {
  /** Runs `qsm` with a home of its own and resolves when it has ended, whatever its exit code. */
  qsm(args: readonly string[], input?: string): Promise<Ran>
  /** The same with `--json`; throws unless it ends with 0. */
  json(...args: readonly string[]): Promise<readonly Record<string, unknown>[]>
}

const parseLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Record<string, unknown>)

/** A person at a terminal. */
export const openTerminal = (url: string, home: string): Terminal => {
  const qsm = (args: readonly string[], input = ''): Promise<Ran> =>
    new Promise(resolve => {
      const child = spawn(process.execPath, [program, '--url', url, '--home', home, ...args], {
        env: { PATH: process.env.PATH ?? '', HOME: home, QSM_PASSWORD: 'correct horse battery' },
        stdio: ['pipe', 'pipe', 'pipe'],
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
      child.stdin.end(input)
      child.once('close', code => resolve({ code, out, err, values: parseLines(out) }))
    })
  return {
    qsm,
    async json(...args) {
      const ran = await qsm(['--json', ...args])
      if (ran.code !== 0) throw new Error(`qsm ${args.join(' ')} ended with ${ran.code}: ${ran.err}`)
      return ran.values
    },
  }
}
