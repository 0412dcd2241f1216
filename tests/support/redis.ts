import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.js'

/** Whether a Redis server is installed here. What needs one says by name that it was not run. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

export interface TestRedis {
  readonly port: number
  readonly url: string
  /** Of the process that runs now. */
  readonly pid: number
  /** Sends one command as `redis-cli` does; its answer as text. Throws what the server answers as an error. */
  command(...parts: readonly string[]): string
  /** Another process on the same port, which knows nothing any more. */
  restart(): Promise<void>
  kill(): Promise<void>
  /** Stops answering without closing anything. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (value: boolean) => {
      socket.destroy()
      resolve(value)
    }
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.setTimeout(500, () => end(false))
  })

/** A Redis server of its own, in memory only. */
export const startRedis = async (...options: readonly string[]): Promise<TestRedis> => {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'qsm-redis-'))
  let child: ChildProcess
  const start = async () => {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
    child = spawn('redis-server', [...fixed, ...options], { stdio: 'ignore' })
    const until = Date.now() + 10_000
    while (!(await answers(port))) {
      if (child.exitCode !== null || Date.now() > until) throw new Error('redis-server does not answer')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  const kill = () =>
    new Promise<void>(resolve => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve()
      child.once('exit', () => resolve())
      child.kill('SIGKILL')
    })
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    command(...parts) {
      // The last part by its standard input: it may be longer than an argument.
      const [input = '', ...before] = [...parts].reverse()
      const given = ['-p', String(port), '-x', ...before.reverse()]
      const { stdout } = spawnSync('redis-cli', given, { encoding: 'utf8', input })
      if (/^(ERR|NOPERM|WRONG)/.test(stdout)) throw new Error(stdout)
      return stdout.trim()
    },
    async restart() {
      await kill()
      await start()
    },
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
