import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/cli/bin/qsm.js', import.meta.url))

/** A person at a terminal: runs the `qsm` command with a home of its own. */
export const createPerson = ({ name, home, url }) => {
  const start = (args, stdio) =>
    spawn(process.execPath, [program, '--url', url, '--home', home, '--json', ...args], {
      env: { ...process.env, QSM_PASSWORD: `correct horse of ${name}` },
      stdio,
    })
  const linesOf = stream => createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })

  return {
    name,
    /** Runs a command to its end; resolves with what it printed, one value a line. */
    run: (...args) =>
      new Promise((resolve, reject) => {
        const child = start(args, ['ignore', 'pipe', 'pipe'])
        const values = []
        let errors = ''
        linesOf(child.stdout).on('line', line => values.push(JSON.parse(line)))
        child.stderr.on('data', data => {
          errors += data
        })
        child.once('close', code =>
          code === 0
            ? resolve(values)
            : reject(new Error(`qsm ${args.join(' ')} of ${name} ended with ${code}: ${errors}`)),
        )
      }),
    /** Sends every line of a stream. */
    sendLines: (to, input, onSent) =>
      new Promise((resolve, reject) => {
        const child = start(['send', to, '--lines'], ['pipe', 'pipe', 'pipe'])
        let errors = ''
        input.pipe(child.stdin)
        linesOf(child.stdout).on('line', () => onSent())
        child.stderr.on('data', data => {
          errors += data
        })
        child.once('close', code =>
          code === 0 ? resolve() : reject(new Error(`sending ended with ${code}: ${errors}`)),
        )
      }),
    /** Listens until `count` messages have come. */
    listen(count, onMessage) {
      const child = start(['listen', '--count', String(count)], ['ignore', 'pipe', 'pipe'])
      linesOf(child.stdout).on('line', line => onMessage(JSON.parse(line)))
      return { stop: () => child.kill('SIGTERM'), ended: new Promise(resolve => child.once('close', resolve)) }
    },
  }
}
