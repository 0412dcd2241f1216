import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.js'

export type PodService = 'auth' | 'message' | 'quantum-crypto'

/** One service as a process of its own, as an image runs it. */
export interface PodProcess {
  readonly pid: number
  readonly url: string
  readonly adminUrl: string
  /** What it logged and said so far. */
  output(): string
  /** Resolves when it has said this; rejects with what it said when it ends before. */
  says(text: string): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

export interface PodLaunch {
  readonly environment: Readonly<Record<string, string>>
  /** Taken where it is named, so that another pod can come back on it. */
  readonly port?: number
  /** Of Node, before the program. */
  readonly nodeOptions?: readonly string[]
}

/** Starts the built program of a service with these variables and no others, on free ports of this machine. */
export const launchPod = async (service: PodService, launch: PodLaunch): Promise<PodProcess> => {
  const program = fileURLToPath(new URL(`../../services/${service}/dist/src/main.js`, import.meta.url))
  const [port, adminPort] = [launch.port ?? (await freePort()), await freePort()]
  const child: ChildProcess = spawn(process.execPath, [...(launch.nodeOptions ?? []), program], {
    env: {
      PATH: process.env.PATH ?? '',
      LOG_FORMAT: 'json',
      HOST: '127.0.0.1',
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      DRAIN_SECONDS: '2',
      ...launch.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', data => {
      output += String(data)
    })
  }
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (output.includes(text)) resolve()
      }
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', look)
      void ended.then(code => reject(new Error(`${service} ended with ${code}:\n${output.slice(-4_000)}`)))
      look()
    })
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    output: () => output,
    says,
    stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}
