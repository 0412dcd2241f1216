import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../services/standalone/bin/qsm-server.js', import.meta.url))

export interface TestProcess {
  readonly pid: number
  /** Resolves when it has said that it is ready. Rejects with what it said when it ends before. */
  readonly ready: Promise<void>
  /** Resolves with what it said so far, as soon as this is among it. */
  says(text: string): Promise<string>
  /** What it logged so far, JSON lines. */
  log(): string
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, as a machine that dies. */
  kill(): Promise<void>
  /** The address that it said of one of its ports. */
  address(name: string): string
}

export interface TestServer extends Pick<TestProcess, 'pid' | 'log' | 'stop' | 'kill'> {
  readonly url: string
  readonly quantumUrl: string
  readonly adminUrl: string
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once('exit', resolve)
  })

/** `qsm-server` as a process of its own, built, with these arguments, on free ports where the environment names none. */
export const launchServer = (args: readonly string[], environment: Readonly<Record<string, string>>): TestProcess => {
  const child = spawn(process.execPath, [program, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      QUANTUM_PORT: '0',
      ADMIN_PORT: '0',
      QUANTUM_ADMIN_PORT: '0',
      ...(environment.AZURE_ENV ? {} : { QSM_ENV: 'test' }),
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
  child.stderr.on('data', data => {
    said += String(data)
  })
  const says = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (!said.includes(text)) return
        child.stderr.off('data', look)
        resolve(said)
      }
      child.stderr.on('data', look)
      child.once('exit', code => reject(new Error(`the server ended with ${code}:\n${said}${logged.slice(-2_000)}`)))
      look()
    })
  const ready = says('ready;').then(() => {})
  ready.catch(() => {}) // Whoever waits for it is told.
  return {
    pid: child.pid ?? 0,
    ready,
    says,
    log: () => logged,
    stop: () => {
      child.kill('SIGTERM')
      return ended(child)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended(child)
    },
    address(name) {
      const found = new RegExp(`${name} +(http://[^\\s/]+)`).exec(said)?.[1]
      if (!found) throw new Error(`the server did not say its address of ${name}:\n${said}`)
      return found.replace('localhost', '127.0.0.1')
    },
  }
}

/** Everything in one process. Rejects with what it said when it does not come up. */
export const startTestServer = async (environment: Readonly<Record<string, string>>): Promise<TestServer> => {
  const server = launchServer(['start'], environment)
  await server.ready
  return {
    ...server,
    url: server.address('main application'),
    quantumUrl: server.address('quantum service'),
    adminUrl: server.address('health and metrics'),
  }
}
