import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))

export interface TestServer {
  readonly url: string
  readonly quantumUrl: string
  readonly adminUrl: string
  readonly pid: number
  /** What it logged so far, JSON lines. */
  log(): string
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, as a machine that dies. */
  kill(): Promise<void>
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('exit', resolve)
  })

const addressIn = (text: string, name: string): string => {
  const found = new RegExp(`${name} +(http://[^\\s/]+)`).exec(text)?.[1]
  if (!found) throw new Error(`the server did not say its address of ${name}:\n${text}`)
  return found.replace('localhost', '127.0.0.1')
}

/** The built server as a process of its own, on free ports. Rejects with what it said when it does not come up. */
export const startTestServer = (environment: Readonly<Record<string, string>>): Promise<TestServer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'start'], {
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        QUANTUM_PORT: '0',
        ADMIN_PORT: '0',
        QSM_ENV: 'test',
        LOG_LEVEL: 'info',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let logged = ''
    child.stdout.on('data', data => {
      logged += String(data)
    })
    child.once('exit', code => reject(new Error(`the server ended with ${code}:\n${said}${logged.slice(-2_000)}`)))
    child.stderr.on('data', data => {
      said += String(data)
      if (!said.includes('ready;')) return
      resolve({
        url: addressIn(said, 'main application'),
        quantumUrl: addressIn(said, 'quantum service'),
        adminUrl: addressIn(said, 'health and metrics'),
        pid: child.pid ?? 0,
        log: () => logged,
        stop: () => {
          child.kill('SIGTERM')
          return ended(child)
        },
        kill: async () => {
          child.kill('SIGKILL')
          await ended(child)
        },
      })
    })
  })
